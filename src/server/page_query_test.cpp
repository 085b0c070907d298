#include "server/page_query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::server {
namespace {

using ::testing::HasSubstr;

TEST(PageQuery, a_page_is_read) {
    const auto page = read_page("limit=7&order=asc&after=x", {}, 100);
    ASSERT_TRUE(page);
    EXPECT_EQ(page->limit, 7U);
    EXPECT_TRUE(page->ascending);
    EXPECT_EQ(page->after, "x");
    const auto usual = read_page("", {.limit = 20}, 100);
    ASSERT_TRUE(usual);
    EXPECT_EQ(usual->limit, 20U);
    EXPECT_FALSE(usual->ascending);
}

TEST(PageQuery, limits_and_orders_are_checked) {
    for (const char* limit : {"0", "101", "-1", "x", "5x", "", "99999999999999999999"}) {
        EXPECT_FALSE(read_page("limit=" + std::string(limit), {}, 100)) << limit;
    }
    EXPECT_THAT(read_page("order=up", {}, 100).error().message, HasSubstr("asc or desc"));
}

}  // namespace
}  // namespace mullama::server
