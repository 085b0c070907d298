#include "base/error.h"

#include <memory>

#include <gtest/gtest.h>

namespace mullama {
namespace {

Result<int> parse(bool good) {
    if (good) return 7;
    return fail(ErrorCode::kInvalidArgument, "not a number: {}", "x");
}

Result<std::string> chain(bool good) {
    MULLAMA_TRY(parse(good));
    return "done";
}

TEST(Result, holds_a_value) {
    auto result = parse(true);
    ASSERT_TRUE(result);
    EXPECT_EQ(*result, 7);
    EXPECT_EQ(result.value_or(1), 7);
}

TEST(Result, holds_an_error_with_its_message) {
    auto result = parse(false);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(result.error().message, "not a number: x");
    EXPECT_EQ(result.value_or(1), 1);
}

TEST(Result, carries_move_only_values) {
    Result<std::unique_ptr<int>> result = std::make_unique<int>(3);
    auto pointer = std::move(result).value();
    EXPECT_EQ(*pointer, 3);
}

TEST(Result, try_macro_passes_the_error_on) {
    EXPECT_EQ(chain(false).error().message, "not a number: x");
    EXPECT_EQ(chain(true).value(), "done");
}

TEST(Result, every_code_has_a_name_of_its_own) {
    EXPECT_EQ(to_string(ErrorCode::kInvalidArgument), "invalid argument");
    EXPECT_EQ(to_string(ErrorCode::kInternal), "internal");
}

}  // namespace
}  // namespace mullama
