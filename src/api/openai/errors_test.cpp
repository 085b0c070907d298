#include "api/openai/errors.h"

#include "api/json.h"

#include <gtest/gtest.h>

namespace mullama::api::openai {
namespace {

TEST(OpenAiError, has_the_fields_that_clients_read) {
    EXPECT_EQ(
        format_error(400, "no \"model\""),
        R"({"error":{"message":"no \"model\"","type":"invalid_request_error","param":null,)"
        R"("code":null}})"
    );
}

TEST(OpenAiError, a_wrong_key_has_a_code) {
    const json::object error = *parse_body(format_error(401, "key"));
    EXPECT_EQ(error.at("error").at("code"), "invalid_api_key");
    EXPECT_EQ(error.at("error").at("type"), "invalid_request_error");
}

TEST(OpenAiError, too_long_a_prompt_has_a_code) {
    const json::object error = *parse_body(
        format_error(400, "prompt has 17 tokens, context is 16: raise num_ctx or shorten it")
    );
    EXPECT_EQ(error.at("error").at("code"), "context_length_exceeded");
    EXPECT_EQ(error.at("error").at("type"), "invalid_request_error");
}

TEST(OpenAiError, types_follow_the_status) {
    const auto type_of = [](unsigned status) {
        return parse_body(format_error(status, ""))->at("error").at("type");
    };
    EXPECT_EQ(type_of(413), "invalid_request_error");
    EXPECT_EQ(type_of(422), "invalid_request_error");
    EXPECT_EQ(type_of(403), "permission_error");
    EXPECT_EQ(type_of(404), "not_found_error");
    EXPECT_EQ(type_of(429), "rate_limit_error");
    EXPECT_EQ(type_of(500), "api_error");
    EXPECT_EQ(type_of(503), "api_error");
}

}  // namespace
}  // namespace mullama::api::openai
