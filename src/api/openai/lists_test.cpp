#include "api/openai/lists.h"

#include "api/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::api::openai {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<Listed> five() {
    std::vector<Listed> all;
    for (const char* id : {"a", "b", "c", "d", "e"})
        all.push_back({id, '"' + std::string(id) + '"'});
    return all;
}

json::object page_of(const PageRequest& page) {
    return *parse_body(*format_page(five(), page));
}

std::vector<std::string> data_of(const json::object& page) {
    std::vector<std::string> ids;
    for (const json::value& id : page.at("data").as_array()) ids.emplace_back(id.as_string());
    return ids;
}

TEST(Lists, go_from_the_last_to_the_first_unless_told_otherwise) {
    EXPECT_THAT(data_of(page_of({})), ElementsAre("e", "d", "c", "b", "a"));
    EXPECT_THAT(data_of(page_of({.ascending = true})), ElementsAre("a", "b", "c", "d", "e"));
}

TEST(Lists, pages_follow_each_other) {
    const json::object first = page_of({.limit = 2, .ascending = true});
    EXPECT_THAT(data_of(first), ElementsAre("a", "b"));
    EXPECT_EQ(first.at("first_id").as_string(), "a");
    EXPECT_EQ(first.at("last_id").as_string(), "b");
    EXPECT_TRUE(first.at("has_more").as_bool());
    const json::object last = page_of({.limit = 3, .ascending = true, .after = "b"});
    EXPECT_THAT(data_of(last), ElementsAre("c", "d", "e"));
    EXPECT_FALSE(last.at("has_more").as_bool());
}

TEST(Lists, after_the_last_there_is_nothing) {
    const json::object page = page_of({.ascending = true, .after = "e"});
    EXPECT_THAT(data_of(page), IsEmpty());
    EXPECT_TRUE(page.at("first_id").is_null());
    EXPECT_FALSE(page.at("has_more").as_bool());
}

TEST(Lists, a_place_that_is_none_is_told) {
    const auto page = format_page(five(), {.after = "x"});
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().code, ErrorCode::kInvalidArgument);
}

TEST(Lists, a_deletion_is_told) {
    EXPECT_EQ(format_deleted("a", "file"), R"({"id":"a","object":"file","deleted":true})");
}

}  // namespace
}  // namespace mullama::api::openai
