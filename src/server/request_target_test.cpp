#include "server/request_target.h"

#include <vector>

#include <gtest/gtest.h>

namespace mullama::server {
namespace {

TEST(RequestTarget, is_split_and_decoded) {
    struct Case {
        std::string target;
        std::string path;
        std::string query;
    };
    const std::vector<Case> cases = {
        {"/", "/", ""},
        {"/api/tags", "/api/tags", ""},
        {"/a?b=c?d", "/a", "b=c?d"},
        {"/a%2Fb%20%C3%a9?x=%20", "/a/b \xC3\xA9", "x=%20"},
        {"/a+b", "/a+b", ""},
        {"/a#b", "/a", ""},
        {"*", "*", ""},
        {"http://host:80/a?b", "/a", "b"},
        {"HTTPS://host", "/", ""},
        {"http://host?b", "/", "b"},
    };
    for (const Case& tested : cases) {
        const auto parsed = parse_request_target(tested.target);
        ASSERT_TRUE(parsed) << tested.target;
        EXPECT_EQ(parsed->path, tested.path);
        EXPECT_EQ(parsed->query, tested.query);
    }
}

TEST(RequestTarget, refuses_what_is_none) {
    for (const char* target :
         {"", "a", "host:443", "ftp://host/a", "/%", "/%4", "/%zz", "/%+4", "/a%00b", "**"}) {
        EXPECT_FALSE(parse_request_target(target)) << target;
    }
}

TEST(QueryValue, is_the_first_of_its_name_decoded) {
    EXPECT_EQ(query_value("a=1&model=x%3Ay+z&model=2", "model"), "x:y z");
    EXPECT_EQ(query_value("model&a=1", "model"), "");
    EXPECT_EQ(query_value("a=1", "model"), std::nullopt);
    EXPECT_EQ(query_value("", "model"), std::nullopt);
    EXPECT_EQ(query_value("model=%4", "model"), std::nullopt);
}

}  // namespace
}  // namespace mullama::server
