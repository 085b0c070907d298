#include "api/openai/response_items.h"

#include "api/openai/message_fields.h"
#include "base/error.h"

#include <algorithm>
#include <array>
#include <utility>

namespace mullama::api::openai {
namespace {

constexpr const char* kWhere = "ResponsesRequest.input";

std::string text_at(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains({name.data(), name.size()});
    if (value == nullptr || !value->is_string()) return {};
    const json::string& text = value->get_string();
    return {text.data(), text.size()};
}

/// The type of an item, which may be left out where the item can be nothing else.
std::string type_of(const json::object& item) {
    std::string type = text_at(item, "type");
    if (!type.empty()) return type;
    if (item.contains("role")) return "message";
    return item.contains("id") ? "item_reference" : "";
}

/// The prefix of names of items of a type; empty for a type that is not known.
std::string_view prefix_of(std::string_view type) {
    if (type == "message") return "msg_";
    if (type == "function_call") return "fc_";
    if (type == "function_call_output") return "fco_";
    if (type == "reasoning") return "rs_";
    return {};
}

Error unsupported(std::string_view type) {
    return fail(
        ErrorCode::kUnsupported,
        "an input item of type '{}' is not supported: send message, function_call, "
        "function_call_output, reasoning or item_reference",
        type
    );
}

bool is_absent(const json::object& item, std::string_view name) {
    const json::value* value = item.if_contains({name.data(), name.size()});
    return value == nullptr || value->is_null();
}

json::array text_content(const json::value& text, bool assistant) {
    json::object part;
    part["type"] = assistant ? "output_text" : "input_text";
    part["text"] = text;
    if (assistant) part["annotations"] = json::array();
    return {std::move(part)};
}

// What clients may leave out and expect to be told.
void complete_content(json::object& item) {
    const bool assistant = text_at(item, "role") == "assistant";
    json::value& content = item["content"];
    if (content.is_string()) content = text_content(content, assistant);
    if (!content.is_array()) return;
    for (json::value& value : content.get_array()) {
        json::object* part = value.if_object();
        if (part == nullptr) continue;
        const std::string type = text_at(*part, "type");
        if (type == "output_text" && is_absent(*part, "annotations")) {
            (*part)["annotations"] = json::array();
        }
        if (type == "input_image" && is_absent(*part, "detail")) (*part)["detail"] = "auto";
    }
}

json::object complete(json::object item, const std::string& type, ResponseIds& ids) {
    item["type"] = type;
    if (type == "item_reference") return item;
    if (is_absent(item, "id")) item["id"] = ids.item(prefix_of(type));
    if (is_absent(item, "status")) item["status"] = "completed";
    if (type == "message") complete_content(item);
    if (type == "reasoning" && is_absent(item, "summary")) item["summary"] = json::array();
    return item;
}

/// Puts turns together from items.
class Conversation {
  public:
    void add(const json::object& item) {
        Fields fields(item, kWhere);
        const std::string type = type_of(item);
        if (type == "message") {
            add_message(fields);
        } else if (type == "reasoning") {
            add_reasoning(fields);
        } else if (type == "function_call") {
            add_call(fields);
        } else if (type == "function_call_output") {
            add_result(fields);
        } else {
            fields.fail_with(unsupported(type));
        }
        if (!fields.result() && result_) result_ = fields.result();
    }

    Result<std::vector<Message>> take() {
        if (!result_) return result_.error();
        name_results(messages_);
        return std::move(messages_);
    }

  private:
    /// The turn of the assistant that goes on; a new one where the last turn is somebody else's.
    Message& assistant() {
        if (messages_.empty() || messages_.back().role != "assistant") {
            messages_.push_back({.role = "assistant"});
        }
        return messages_.back();
    }
    /// The same, but a new one also where that turn has said or called something.
    Message& thinking_assistant() {
        const Message& last = assistant();
        if (!last.content.empty() || !last.tool_calls.empty()) {
            messages_.push_back({.role = "assistant"});
        }
        return messages_.back();
    }

    void add_message(Fields& fields) {
        Message message;
        fields.read("role", message.role);
        constexpr std::array<std::string_view, 4> kRoles = {
            "user", "assistant", "system", "developer"
        };
        if (std::ranges::find(kRoles, message.role) == kRoles.end()) {
            return fields.fail_with(fail(
                ErrorCode::kInvalidArgument,
                "the role of a message is '{}': use user, assistant, system or developer",
                message.role
            ));
        }
        if (message.role == "developer") message.role = "system";
        read_content(fields, "content", message);
        if (message.role == "assistant") {
            thinking_assistant().content = std::move(message.content);
        } else {
            messages_.push_back(std::move(message));
        }
    }

    void add_reasoning(Fields& fields) {
        std::string thinking;
        for (const char* name : {"content", "summary"}) {
            if (!thinking.empty()) break;
            for (const json::object* part : fields.objects(name)) {
                Fields inner(*part, fields.path(name));
                std::string text;
                inner.read("text", text);
                thinking += text;
                if (inner.failed()) fields.fail_with(inner.result().error());
            }
        }
        thinking_assistant().thinking += thinking;
    }

    void add_call(Fields& fields) {
        ToolCall call;
        fields.read("call_id", call.id);
        read_function(fields, call);
        assistant().tool_calls.push_back(std::move(call));
    }

    void add_result(Fields& fields) {
        Message message{.role = "tool"};
        fields.read("call_id", message.tool_call_id);
        fields.read("name", message.tool_name);
        read_content(fields, "output", message);
        messages_.push_back(std::move(message));
    }

    std::vector<Message> messages_;
    Result<void> result_;
};

}  // namespace

json::array read_input(Fields& fields, ResponseIds& ids) {
    const json::value* input = fields.find("input");
    json::array items;
    if (input == nullptr || fields.failed()) return items;
    if (input->is_string()) {
        json::object message;
        message["role"] = "user";
        message["content"] = *input;
        items.push_back(complete(std::move(message), "message", ids));
        return items;
    }
    for (const json::object* item : fields.objects("input")) {
        const std::string type = type_of(*item);
        if (prefix_of(type).empty() && type != "item_reference") {
            fields.fail_with(unsupported(type));
            return {};
        }
        items.push_back(complete(*item, type, ids));
    }
    return items;
}

std::string reference_of(const json::value& item) {
    const json::object* object = item.if_object();
    if (object == nullptr || type_of(*object) != "item_reference") return {};
    return text_at(*object, "id");
}

Result<std::vector<Message>> conversation_of(const json::array& items) {
    Conversation conversation;
    for (const json::value& item : items) {
        const json::object* object = item.if_object();
        if (object == nullptr) return fail(ErrorCode::kInvalidArgument, "an item is no object");
        conversation.add(*object);
    }
    return conversation.take();
}

}  // namespace mullama::api::openai
