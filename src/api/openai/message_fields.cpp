#include "api/openai/message_fields.h"

#include "api/base64.h"
#include "api/duration.h"
#include "api/shared_fields.h"
#include "base/error.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace mullama::api::openai {
namespace {

std::string_view view(const json::string& text) {
    return {text.data(), text.size()};
}

// Without a word about it OpenAI samples from all tokens as they are.
Options openai_defaults() {
    Options defaults;
    for (const char* assignment : {"temperature=1", "top_p=1"}) {
        [[maybe_unused]] const auto set = defaults.set(assignment);
    }
    return defaults;
}

void set_number(Fields& fields, std::string_view name, Options& options) {
    const json::value* value = fields.find(name);
    if (value == nullptr) return;
    if (!value->is_number()) return fields.fail_type(name, *value, "float64");
    const auto set = options.set(name, *value);
    if (!set) fields.fail_with(set.error());
}

/// OpenAI's seeds have 64 bits, of which the lower half counts; -1 draws one, as everywhere here.
void read_seed(Fields& fields, Options& options) {
    std::optional<std::int64_t> seed;
    fields.read("seed", seed);
    if (!seed || fields.failed()) return;
    const std::string text = *seed == -1 ? "-1" : std::to_string(static_cast<std::uint32_t>(*seed));
    const auto set = options.set("seed", std::span(&text, 1));
    if (!set) fields.fail_with(set.error());
}

/// One element of a content that is a list.
void read_part(const json::object& object, Fields& outer, Message& message) {
    Fields part(object, outer.path("content"));
    std::string type;
    part.read("type", type);
    if (type == "text" || type == "input_text" || type == "output_text") {
        std::string text;
        part.read("text", text);
        message.content += text;
    } else if (type == "refusal") {
        std::string text;
        part.read("refusal", text);
        message.content += text;
    } else if (type == "image_url" || type == "input_image") {
        std::string url;
        const json::value* where = part.find("image_url");
        if (where != nullptr && where->is_object()) {
            Fields inner(where->get_object(), part.path("image_url"));
            inner.read("url", url);
        } else {
            part.read("image_url", url);
        }
        message.images.push_back(read_image(part, url));
    } else if (!part.failed()) {
        part.fail_with(fail(
            ErrorCode::kInvalidArgument,
            "content of type '{}' is not supported: send text or image_url",
            type
        ));
    }
    if (part.failed()) outer.fail_with(part.result().error());
}

ToolCall read_call(const json::object& object, Fields& outer) {
    ToolCall call;
    Fields fields(object, outer.path("tool_calls"));
    fields.read("id", call.id);
    if (const json::object* function = fields.object("function")) {
        Fields inner(*function, fields.path("function"));
        read_function(inner, call);
        if (inner.failed()) fields.fail_with(inner.result().error());
    }
    if (fields.failed()) outer.fail_with(fields.result().error());
    return call;
}

Message read_message(const json::object& object, Fields& outer) {
    Message message;
    Fields fields(object, outer.path("messages"));
    fields.read("role", message.role);
    if (message.role == "developer") message.role = "system";
    if (message.role == "function") message.role = "tool";
    read_content(fields, "content", message);
    fields.read("reasoning", message.thinking);
    fields.read("reasoning_content", message.thinking);
    fields.read("tool_call_id", message.tool_call_id);
    if (message.role == "tool") fields.read("name", message.tool_name);
    for (const json::object* call : fields.objects("tool_calls")) {
        message.tool_calls.push_back(read_call(*call, fields));
    }
    if (fields.failed()) outer.fail_with(fields.result().error());
    return message;
}

/// The name in {"name"} or {"function": {"name"}}.
std::string name_of(const json::object& object) {
    const json::value* function = object.if_contains("function");
    const json::object& named =
        function != nullptr && function->is_object() ? function->get_object() : object;
    const json::value* name = named.if_contains("name");
    return name != nullptr && name->is_string() ? std::string(view(name->get_string())) : "";
}

void keep_tools(Fields& fields, ChatRequest& request, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        if (std::ranges::find(request.tools, name, &Tool::name) != request.tools.end()) continue;
        return fields.fail_with(fail(
            ErrorCode::kInvalidArgument, "tool_choice names '{}', which is none of the tools", name
        ));
    }
    std::erase_if(request.tools, [&](const Tool& tool) {
        return std::ranges::find(names, tool.name) == names.end();
    });
}

std::optional<ToolChoice> choice_of(std::string_view mode) {
    if (mode == "none") return ToolChoice::kNone;
    if (mode == "auto") return ToolChoice::kAuto;
    if (mode == "required" || mode == "any") return ToolChoice::kRequired;
    return std::nullopt;
}

void read_choice_object(Fields& fields, const json::object& object, ChatRequest& request) {
    Fields choice(object, fields.path("tool_choice"));
    std::string type;
    choice.read("type", type);
    if (type == "function" || type == "custom") {
        request.tool_choice = ToolChoice::kRequired;
        return keep_tools(fields, request, {name_of(object)});
    }
    if (type != "allowed_tools") {
        return fields.fail_with(fail(
            ErrorCode::kInvalidArgument,
            "tool_choice of type '{}' is not known: use function or allowed_tools",
            type
        ));
    }
    const json::value* allowed = object.if_contains("allowed_tools");
    const json::object& inner =
        allowed != nullptr && allowed->is_object() ? allowed->get_object() : object;
    Fields list(inner, choice.path("allowed_tools"));
    std::string mode = "auto";
    list.read("mode", mode);
    std::vector<std::string> names;
    for (const json::object* tool : list.objects("tools")) names.push_back(name_of(*tool));
    if (list.failed()) return fields.fail_with(list.result().error());
    const auto choice_of_mode = choice_of(mode);
    if (!choice_of_mode) {
        return fields.fail_with(fail(
            ErrorCode::kInvalidArgument,
            "the mode of allowed_tools is '{}': use none, auto or required",
            mode
        ));
    }
    request.tool_choice = *choice_of_mode;
    keep_tools(fields, request, names);
}

}  // namespace

std::vector<Message> read_messages(Fields& fields) {
    std::vector<Message> messages;
    for (const json::object* object : fields.objects("messages")) {
        messages.push_back(read_message(*object, fields));
    }
    name_results(messages);
    return messages;
}

void read_content(Fields& fields, std::string_view name, Message& message) {
    const json::value* value = fields.find(name);
    if (value == nullptr || fields.failed()) return;
    if (const auto* text = value->if_string()) {
        message.content = view(*text);
        return;
    }
    for (const json::object* part : fields.objects(name)) read_part(*part, fields, message);
}

void read_function(Fields& fields, ToolCall& call) {
    fields.read("name", call.name);
    fields.read("arguments", call.arguments);
    if (call.arguments.empty() || parse_json(call.arguments).has_value()) return;
    fields.fail_with(
        fail(ErrorCode::kInvalidArgument, "invalid tool call arguments: they are not JSON")
    );
}

void name_results(std::vector<Message>& messages) {
    for (std::size_t i = 0; i < messages.size(); ++i) {
        Message& result = messages[i];
        if (result.role != "tool" || !result.tool_name.empty()) continue;
        for (std::size_t k = 0; k < i; ++k) {
            for (const ToolCall& call : messages[k].tool_calls) {
                if (call.id == result.tool_call_id) result.tool_name = call.name;
            }
        }
    }
}

std::string read_image(Fields& fields, std::string_view url) {
    const std::size_t comma = url.find(",");
    const bool is_data = url.starts_with("data:image/") && comma != std::string_view::npos &&
                         url.substr(0, comma).ends_with(";base64");
    if (!is_data) {
        fields.fail_with(fail(
            ErrorCode::kInvalidArgument,
            "invalid image input: send a data URI (data:image/png;base64,...), addresses are not "
            "fetched"
        ));
        return {};
    }
    std::optional<std::string> bytes = decode_base64(url.substr(comma + 1));
    if (!bytes) {
        fields.fail_with(fail(ErrorCode::kInvalidArgument, "invalid image input: not base64"));
    }
    return bytes.value_or("");
}

void read_tool_choice(Fields& fields, ChatRequest& request) {
    fields.read("parallel_tool_calls", request.parallel_tool_calls);
    const json::value* value = fields.find("tool_choice");
    if (value == nullptr || fields.failed()) return;
    if (const auto* object = value->if_object()) {
        return read_choice_object(fields, *object, request);
    }
    const auto* mode = value->if_string();
    const auto choice = mode == nullptr ? std::nullopt : choice_of(view(*mode));
    if (!choice) {
        return fields.fail_with(fail(
            ErrorCode::kInvalidArgument,
            "tool_choice is {}: use none, auto, required or an object that names a function",
            to_text(*value)
        ));
    }
    request.tool_choice = *choice;
    if (*choice == ToolChoice::kRequired && request.tools.empty()) {
        fields.fail_with(
            fail(ErrorCode::kInvalidArgument, "tool_choice is required, but there are no tools")
        );
    }
}

void read_reasoning(Fields& fields, ChatRequest& request) {
    std::string effort;
    if (const json::object* reasoning = fields.object("reasoning")) {
        Fields inner(*reasoning, fields.path("reasoning"));
        inner.read("effort", effort);
        if (inner.failed()) fields.fail_with(inner.result().error());
    }
    fields.read("reasoning_effort", effort);
    if (effort.empty()) return;
    constexpr std::array<std::string_view, 8> kKnown = {
        "none", "minimal", "low", "medium", "high", "xhigh", "ultra", "max"
    };
    if (std::ranges::find(kKnown, effort) == kKnown.end()) {
        return fields.fail_with(fail(
            ErrorCode::kInvalidArgument,
            "invalid reasoning value: '{}' (must be \"none\", \"minimal\", \"low\", \"medium\", "
            "\"high\", \"xhigh\" or \"max\")",
            effort
        ));
    }
    if (effort == "none") {
        request.thinking = Thinking::kOff;
        return;
    }
    request.thinking = Thinking::kOn;
    request.reasoning_effort = effort == "minimal"                      ? "low"
                               : effort == "xhigh" || effort == "ultra" ? "max"
                                                                        : effort;
}

void read_response_format(Fields& fields, std::string_view name, std::string& format) {
    const json::object* object = fields.object(name);
    if (object == nullptr) return;
    Fields inner(*object, fields.path(name));
    std::string type;
    inner.read("type", type);
    const json::object* schema = nullptr;
    if (type == "json_schema") {
        // /v1/responses has the schema one level up.
        const json::object* outer =
            inner.find("json_schema") == nullptr ? object : inner.object("json_schema");
        const json::value* found = outer == nullptr ? nullptr : outer->if_contains("schema");
        schema = found == nullptr ? nullptr : found->if_object();
        if (schema == nullptr && !inner.failed()) {
            inner.fail_with(
                fail(ErrorCode::kInvalidArgument, "{} of type json_schema needs a schema", name)
            );
        }
    } else if (type == "json_object") {
        schema = inner.object("schema");  // as llama-server takes it
        if (schema == nullptr) format = "json";
    } else if (type != "text" && !inner.failed()) {
        inner.fail_with(fail(
            ErrorCode::kInvalidArgument,
            "{}.type is '{}': use text, json_object or json_schema",
            name,
            type
        ));
    }
    if (schema != nullptr) format = to_text(*schema);
    if (inner.failed()) fields.fail_with(inner.result().error());
}

void read_model_use(Fields& fields, ModelUse& use) {
    use.defaults = openai_defaults();
    fields.read("model", use.model);
    read_sampling(fields, use.options);
    if (const json::value* value = fields.find("keep_alive")) {
        const auto keep_alive = parse_keep_alive(*value);
        if (!keep_alive) return fields.fail_with(keep_alive.error());
        use.keep_alive = *keep_alive;
    }
}

void read_sampling(Fields& fields, Options& options) {
    for (const char* name : {"temperature", "top_p", "frequency_penalty", "presence_penalty"}) {
        set_number(fields, name, options);
    }
    read_seed(fields, options);
    read_samplers(fields, options);
    if (const json::object* more = fields.object("options")) read_options(*more, fields, options);
    const json::value* stop = fields.find("stop");
    if (stop == nullptr || fields.failed()) return;
    std::vector<std::string> stops;
    if (const auto* text = stop->if_string()) {
        stops.emplace_back(view(*text));
    } else {
        fields.read("stop", stops);
    }
    std::erase(stops, "");
    if (stops.empty()) return;
    const auto set = options.set("stop", stops);
    if (!set) fields.fail_with(set.error());
}

void read_max_tokens(Fields& fields, std::string_view name, Options& options) {
    std::optional<std::int32_t> most;
    fields.read(name, most);
    if (!most || fields.failed()) return;
    const std::string text = std::to_string(*most);
    const auto set = options.set("num_predict", std::span(&text, 1));
    if (!set) fields.fail_with(set.error());
}

}  // namespace mullama::api::openai
