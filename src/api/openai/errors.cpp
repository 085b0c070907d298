#include "api/openai/errors.h"

#include "api/json_writer.h"

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

}  // namespace

std::string format_error(unsigned status, std::string_view message) {
    JsonWriter out;
    out.begin_object().key("error").begin_object().field("message", message);
    out.field("type", type_of(status)).key("param").null().key("code");
    if (status == 401) {
        out.value("invalid_api_key");
    } else {
        out.null();
    }
    out.end_object().end_object();
    return out.take();
}

}  // namespace mullama::api::openai
