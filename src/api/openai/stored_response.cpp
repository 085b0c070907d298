#include "api/openai/stored_response.h"

#include "api/json_writer.h"
#include "base/error.h"

#include <utility>

namespace mullama::api::openai {

json::array StoredResponse::output() const {
    const json::value* items = response.if_contains("output");
    return items != nullptr && items->is_array() ? items->get_array() : json::array();
}

std::string StoredResponse::previous() const {
    const json::value* id = response.if_contains("previous_response_id");
    if (id == nullptr || !id->is_string()) return {};
    return {id->get_string().data(), id->get_string().size()};
}

std::string format_stored_response(std::string_view response, const json::array& input) {
    JsonWriter out;
    out.begin_object().raw_field("response", response);
    out.raw_field("input", to_text(input)).end_object();
    return out.take();
}

Result<StoredResponse> read_stored_response(std::string_view text) {
    Result<json::value> value = parse_json(text);
    json::object* object = value ? value->if_object() : nullptr;
    json::value* response = object == nullptr ? nullptr : object->if_contains("response");
    json::value* input = object == nullptr ? nullptr : object->if_contains("input");
    if (response == nullptr || input == nullptr || !response->is_object() || !input->is_array()) {
        return fail(ErrorCode::kCorrupt, "the stored response is damaged: delete it");
    }
    return StoredResponse{
        std::move(response->get_object()),
        std::move(input->get_array()),
    };
}

std::string with_status(std::string_view response, std::string_view status) {
    Result<json::object> object = parse_body(response);
    if (!object) return std::string(response);
    (*object)["status"] = json::string(status);
    return to_text(*object);
}

}  // namespace mullama::api::openai
