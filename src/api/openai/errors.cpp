#include "api/openai/errors.h"

#include "api/json_writer.h"
#include "api/long_prompt.h"

namespace mullama::api::openai {
namespace {

std::string_view type_of(unsigned status) {
    switch (status) {
        case 400:
        case 401:
        case 413:
        case 422:
            return "invalid_request_error";
        case 403:
            return "permission_error";
        case 404:
            return "not_found_error";
        case 429:
            return "rate_limit_error";
        default:
            return "api_error";
    }
}

std::string_view code_of(unsigned status, std::string_view message) {
    if (status == 401) return "invalid_api_key";
    return read_long_prompt(message) ? "context_length_exceeded" : "";
}

void write_or_null(JsonWriter& out, std::string_view name, std::string_view text) {
    out.key(name);
    if (text.empty()) {
        out.null();
    } else {
        out.value(text);
    }
}

}  // namespace

std::string format_error(unsigned status, std::string_view message, Fault fault) {
    if (fault.code.empty()) fault.code = code_of(status, message);
    // A named fault is the request's, whatever its status.
    const std::string_view type = fault.code.empty() ? type_of(status) : "invalid_request_error";
    JsonWriter out;
    out.begin_object().key("error").begin_object().field("message", message);
    out.field("type", type);
    write_or_null(out, "param", fault.param);
    write_or_null(out, "code", fault.code);
    out.end_object().end_object();
    return out.take();
}

}  // namespace mullama::api::openai
