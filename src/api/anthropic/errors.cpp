#include "api/anthropic/errors.h"

#include "api/json_writer.h"
#include "api/long_prompt.h"

#include <fmt/format.h>

namespace mullama::api::anthropic {
namespace {

std::string_view type_of(unsigned status) {
    switch (status) {
        case 400:
        case 422:
            return "invalid_request_error";
        case 401:
            return "authentication_error";
        case 403:
            return "permission_error";
        case 404:
            return "not_found_error";
        case 413:
            return "request_too_large";
        case 429:
            return "rate_limit_error";
        case 503:
        case 529:
            return "overloaded_error";
        default:
            return "api_error";
    }
}

// Anthropic's words for too long a prompt, by which clients know it.
std::string words_of(std::string_view message) {
    const auto prompt = read_long_prompt(message);
    if (!prompt) return std::string(message);
    if (!prompt->tokens) return fmt::format("prompt is too long: {}", message);
    return fmt::format(
        "prompt is too long: {} tokens > {} maximum", *prompt->tokens, prompt->context_length
    );
}

}  // namespace

std::string format_error(unsigned status, std::string_view message, std::string_view request_id) {
    JsonWriter out;
    out.begin_object().field("type", "error").key("error").begin_object();
    out.field("type", type_of(status)).field("message", words_of(message)).end_object();
    out.field("request_id", request_id).end_object();
    return out.take();
}

}  // namespace mullama::api::anthropic
