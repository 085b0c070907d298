#include "api/openai/stored_response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::api::openai {
namespace {

TEST(StoredResponse, comes_back_as_it_was) {
    const json::array input = {json::object{{"id", "msg_1"}}};
    const std::string text = format_stored_response(
        R"({"id":"resp_1","previous_response_id":"resp_0","output":[{"id":"msg_2"}]})", input
    );
    const Result<StoredResponse> stored = read_stored_response(text);
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->response.at("id").as_string(), "resp_1");
    EXPECT_EQ(stored->previous(), "resp_0");
    EXPECT_EQ(stored->input, input);
    EXPECT_EQ(stored->output().at(0).at("id").as_string(), "msg_2");
}

TEST(StoredResponse, one_without_a_response_before_it_says_so) {
    const auto stored = read_stored_response(R"({"response":{},"input":[]})");
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->previous(), "");
    EXPECT_TRUE(stored->output().empty());
}

TEST(StoredResponse, damage_is_told) {
    const std::string text = format_stored_response(R"({"id":"resp_1"})", {});
    for (std::size_t length = 0; length < text.size(); ++length) {
        const auto stored = read_stored_response(std::string_view(text).substr(0, length));
        ASSERT_FALSE(stored) << length;
        EXPECT_EQ(stored.error().code, ErrorCode::kCorrupt);
    }
    for (const char* other : {"[]", "{}", R"({"response":1,"input":[]})", R"({"response":{}})"}) {
        EXPECT_FALSE(read_stored_response(other)) << other;
    }
}

TEST(StoredResponse, takes_another_status) {
    EXPECT_EQ(
        with_status(R"({"id":"a","status":"in_progress"})", "cancelled"),
        R"({"id":"a","status":"cancelled"})"
    );
}

}  // namespace
}  // namespace mullama::api::openai
