#include "server/api_keys.h"

#include <cstdio>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace mullama::server {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kFile =
    "# keys of the team\n"
    "\n"
    "alice infer  # chat\r\n"
    "  bob\tmanage\n"
    "carol\n"
    "d#ve";

ApiKeys keys() {
    Result<ApiKeys> parsed = ApiKeys::parse(kFile);
    EXPECT_TRUE(parsed);
    return parsed.value_or(ApiKeys());
}

Access check(const std::string& name, const std::string& value, Scope scope) {
    Request request;
    request.headers = {Header{name, value}};
    return keys().check(request, scope);
}

TEST(ApiKeys, open_what_their_scope_says) {
    struct Case {
        std::string key;
        Access infer;
        Access manage;
    };
    const std::vector<Case> cases = {
        {"alice", Access::kAllowed, Access::kOutOfScope},
        {"bob", Access::kAllowed, Access::kAllowed},
        {"carol", Access::kAllowed, Access::kOutOfScope},
        {"d#ve", Access::kAllowed, Access::kOutOfScope},
        {"eve", Access::kUnknownKey, Access::kUnknownKey},
        {"", Access::kUnknownKey, Access::kUnknownKey},
        {"alic", Access::kUnknownKey, Access::kUnknownKey},
        {"alice2", Access::kUnknownKey, Access::kUnknownKey},
        {"infer", Access::kUnknownKey, Access::kUnknownKey},
        {"#", Access::kUnknownKey, Access::kUnknownKey},
    };
    for (const Case& tested : cases) {
        for (const auto& [name, value] : {
                 std::pair<std::string, std::string>{"authorization", "Bearer " + tested.key},
                 {"Authorization", "bearer  " + tested.key},
                 {"X-Api-Key", tested.key},
             }) {
            EXPECT_EQ(check(name, value, Scope::kInfer), tested.infer) << name << value;
            EXPECT_EQ(check(name, value, Scope::kManage), tested.manage) << name << value;
        }
    }
}

TEST(ApiKeys, other_authorization_is_no_key) {
    EXPECT_EQ(check("Authorization", "Basic bob", Scope::kInfer), Access::kUnknownKey);
    EXPECT_EQ(check("Authorization", "bob", Scope::kInfer), Access::kUnknownKey);
    EXPECT_EQ(keys().check(Request{}, Scope::kInfer), Access::kUnknownKey);
}

TEST(ApiKeys, the_widest_scope_of_a_repeated_key_counts) {
    for (const char* text : {"bob manage\nbob infer", "bob infer\nbob manage"}) {
        const ApiKeys twice = ApiKeys::parse(text).value_or(ApiKeys());
        Request request;
        request.headers = {Header{"x-api-key", "bob"}};
        EXPECT_EQ(twice.check(request, Scope::kManage), Access::kAllowed);
    }
}

TEST(ApiKeys, bound_the_priority_of_requests) {
    const auto text = "alice\nbob manage priority=-2\nnightly priority=5 infer\nnightly priority=7";
    const ApiKeys some = ApiKeys::parse(text).value_or(ApiKeys());
    const auto least = [&some](const std::string& key) {
        Request request;
        request.headers = {Header{"x-api-key", key}};
        return some.priority_least(request);
    };
    EXPECT_EQ(least("alice"), 0);
    EXPECT_EQ(least("bob"), -2);
    EXPECT_EQ(least("nightly"), 5);
    EXPECT_EQ(ApiKeys().priority_least(Request{}), std::nullopt);
}

TEST(ApiKeys, none_allow_everything) {
    EXPECT_TRUE(ApiKeys().empty());
    EXPECT_EQ(ApiKeys().check(Request{}, Scope::kManage), Access::kAllowed);
}

TEST(ApiKeys, a_bad_line_is_named_by_its_number_and_not_by_its_key) {
    for (const char* text :
         {"good\nsecret admin",
          "good\nsecret infer manage",
          "good\nsecret priority=1001",
          "good\nsecret priority=-2147483648",
          "good\nsecret priority=",
          "good\nsecret priority=1 priority=2"}) {
        const Result<ApiKeys> refused = ApiKeys::parse(text);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
        EXPECT_THAT(refused.error().message, AllOf(HasSubstr("line 2"), Not(HasSubstr("secret"))));
    }
}

TEST(ApiKeys, a_file_without_keys_does_not_open_the_server) {
    for (const char* text : {"", "\n\n", "# nothing\n"}) EXPECT_FALSE(ApiKeys::parse(text));
}

TEST(ApiKeys, come_from_a_file) {
    const std::string path = ::testing::TempDir() + "mullama_keys_" + std::to_string(getpid());
    std::ofstream(path) << kFile;
    const Result<std::string> text = ApiKeys::read(path);
    std::ofstream(path) << "key scope";
    const Result<std::string> wrong = ApiKeys::read(path);
    std::remove(path.c_str());
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_FALSE(ApiKeys::parse(*text)->empty());
    ASSERT_FALSE(wrong);
    EXPECT_THAT(wrong.error().message, HasSubstr(path));
    const Result<std::string> missing = ApiKeys::read(path);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
    EXPECT_THAT(missing.error().message, HasSubstr(path));
}

}  // namespace
}  // namespace mullama::server
