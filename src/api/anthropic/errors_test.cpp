#include "api/anthropic/errors.h"

#include "api/json.h"

#include <gtest/gtest.h>

namespace mullama::api::anthropic {
namespace {

TEST(AnthropicError, has_the_fields_that_clients_read) {
    EXPECT_EQ(
        format_error(400, "no \"model\"", "req_1"),
        R"({"type":"error","error":{"type":"invalid_request_error","message":"no \"model\""},)"
        R"("request_id":"req_1"})"
    );
}

TEST(AnthropicError, too_long_a_prompt_is_told_in_anthropics_words) {
    const auto message_of = [](std::string_view message) {
        return parse_body(format_error(400, message, ""))->at("error").at("message");
    };
    EXPECT_EQ(
        message_of("prompt has 17 tokens, context is 16: raise num_ctx or shorten the prompt"),
        "prompt is too long: 17 tokens > 16 maximum"
    );
    EXPECT_EQ(
        message_of("the last message alone needs more than the 15 tokens of the context"),
        "prompt is too long: the last message alone needs more than the 15 tokens of the context"
    );
}

TEST(AnthropicError, types_follow_the_status) {
    const auto type_of = [](unsigned status) {
        return parse_body(format_error(status, "", ""))->at("error").at("type");
    };
    EXPECT_EQ(type_of(422), "invalid_request_error");
    EXPECT_EQ(type_of(401), "authentication_error");
    EXPECT_EQ(type_of(403), "permission_error");
    EXPECT_EQ(type_of(404), "not_found_error");
    EXPECT_EQ(type_of(413), "request_too_large");
    EXPECT_EQ(type_of(429), "rate_limit_error");
    EXPECT_EQ(type_of(503), "overloaded_error");
    EXPECT_EQ(type_of(529), "overloaded_error");
    EXPECT_EQ(type_of(500), "api_error");
}

}  // namespace
}  // namespace mullama::api::anthropic
