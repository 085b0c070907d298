#include "llama/deep_stack.h"

#include <cstdint>
#include <limits>
#include <thread>

#include <gtest/gtest.h>

namespace mullama {
namespace {

// Uses at least 256 bytes of stack for each level.
std::int64_t descend(std::int64_t levels) {
    volatile char used[256] = {};
    used[0] = static_cast<char>(levels);
    if (levels == 0) return 0;
    return descend(levels - 1) + 1 + used[1];
}

TEST(DeepStack, holds_what_would_overflow_a_common_stack) {
    std::int64_t levels = 0;
    const auto run = run_on_deep_stack(std::size_t{256} << 20, [&] { levels = descend(100'000); });
    ASSERT_TRUE(run) << run.error().message;
    EXPECT_EQ(levels, 100'000);
}

TEST(DeepStack, runs_on_another_thread_and_waits_for_it) {
    std::thread::id id;
    ASSERT_TRUE(run_on_deep_stack(1 << 20, [&] { id = std::this_thread::get_id(); }));
    EXPECT_NE(id, std::thread::id());
    EXPECT_NE(id, std::this_thread::get_id());
}

TEST(DeepStack, a_stack_that_cannot_be_had_is_an_error) {
    bool called = false;
    const auto run =
        run_on_deep_stack(std::numeric_limits<std::size_t>::max() / 4, [&] { called = true; });
    ASSERT_FALSE(run);
    EXPECT_EQ(run.error().code, ErrorCode::kExhausted);
    EXPECT_FALSE(called);
}

}  // namespace
}  // namespace mullama
