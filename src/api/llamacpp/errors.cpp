#include "api/llamacpp/errors.h"

#include "api/json_writer.h"

namespace mullama::api::llamacpp {
namespace {

std::string_view type_of(unsigned status) {
    switch (status) {
        case 400:
        case 413:
        case 422:
            return "invalid_request_error";
        case 401:
            return "authentication_error";
        case 403:
            return "permission_error";
        case 404:
            return "not_found_error";
        case 501:
            return "not_supported_error";
        case 503:
            return "unavailable_error";
        default:
            return "server_error";
    }
}

}  // namespace

std::string format_error(unsigned status, std::string_view message) {
    JsonWriter out;
    out.begin_object().key("error").begin_object().field("code", status);
    out.field("message", message).field("type", type_of(status)).end_object().end_object();
    return out.take();
}

}  // namespace mullama::api::llamacpp
