#include "api/ollama/requests.h"

#include "api/base64.h"
#include "api/duration.h"
#include "api/json.h"
#include "api/shared_fields.h"
#include "base/error.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

namespace mullama::api::ollama {
namespace {

constexpr std::string_view kThinkLevels = R"("high", "medium", "low", "max", true, or false)";

void read_use(Fields& fields, ModelUse& use) {
    fields.read("model", use.model);
    if (const json::value* value = fields.find("keep_alive")) {
        const auto keep_alive = parse_keep_alive(*value);
        if (!keep_alive) return fields.fail_with(keep_alive.error());
        use.keep_alive = *keep_alive;
    }
    read_samplers(fields, use.options);
    const json::object* options = fields.object("options");
    if (options != nullptr) read_options(*options, fields, use.options);
}

void read_think(Fields& fields, ChatRequest& request) {
    const json::value* value = fields.find("think");
    if (value == nullptr) return;
    if (const bool* flag = value->if_bool()) {
        request.thinking = *flag ? Thinking::kOn : Thinking::kOff;
        return;
    }
    const auto* level = value->if_string();
    if (level == nullptr) {
        return fields.fail_with(fail(
            ErrorCode::kInvalidArgument, "think must be a boolean or string ({})", kThinkLevels
        ));
    }
    if (*level != "high" && *level != "medium" && *level != "low" && *level != "max") {
        return fields.fail_with(fail(
            ErrorCode::kInvalidArgument,
            "invalid think value: {} (must be {})",
            to_text(*value),
            kThinkLevels
        ));
    }
    request.thinking = Thinking::kOn;
    request.reasoning_effort.assign(level->data(), level->size());
}

void read_logprobs(Fields& fields, ChatRequest& request) {
    bool wanted = false;
    std::int32_t top = 0;
    fields.read("logprobs", wanted);
    fields.read("top_logprobs", top);
    if (top < 0 || top > kTopLogprobsMax) {
        fields.fail_with(fail(ErrorCode::kInvalidArgument, "top_logprobs must be between 0 and 20")
        );
    }
    if (wanted) request.top_logprobs = top;
}

/// What generate and chat have in common.
void read_request(Fields& fields, ChatRequest& request) {
    read_think(fields, request);
    read_format(fields, "format", request.format);
    read_logprobs(fields, request);
    fields.read("truncate", request.truncate);
    request.overflow.cut_prompt = request.truncate;
    request.overflow.shift = true;
    fields.read("shift", request.overflow.shift);
}

std::vector<std::string> read_images(Fields& fields) {
    std::vector<std::string> encoded;
    std::vector<std::string> images;
    fields.read("images", encoded);
    for (const std::string& text : encoded) {
        std::optional<std::string> bytes = decode_base64(text);
        if (!bytes) {
            fields.fail_with(fail(ErrorCode::kInvalidArgument, "illegal base64 data in images"));
            return {};
        }
        images.push_back(*std::move(bytes));
    }
    return images;
}

ToolCall read_call(const json::object& object, Fields& outer) {
    ToolCall call;
    Fields fields(object, outer.path("tool_calls"));
    fields.read("id", call.id);
    if (const json::object* function = fields.object("function")) {
        Fields inner(*function, fields.path("function"));
        inner.read("name", call.name);
        const json::object* arguments = inner.object("arguments");
        call.arguments = arguments == nullptr ? "{}" : to_text(*arguments);
        if (inner.failed()) outer.fail_with(inner.result().error());
    }
    if (fields.failed()) outer.fail_with(fields.result().error());
    return call;
}

Message read_message(const json::object& object, Fields& outer) {
    Message message;
    Fields fields(object, outer.path("messages"));
    fields.read("role", message.role);
    std::ranges::transform(message.role, message.role.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    fields.read("content", message.content);
    fields.read("thinking", message.thinking);
    fields.read("tool_name", message.tool_name);
    fields.read("tool_call_id", message.tool_call_id);
    message.images = read_images(fields);
    for (const json::object* call : fields.objects("tool_calls")) {
        message.tool_calls.push_back(read_call(*call, fields));
    }
    if (fields.failed()) outer.fail_with(fields.result().error());
    return message;
}

}  // namespace

Result<GenerateCall> parse_generate(std::string_view body) {
    auto object = parse_body(body);
    if (!object) return std::move(object).error();
    Fields fields(*object, "GenerateRequest");
    GenerateCall call;
    read_use(fields, call.use);
    fields.read("prompt", call.prompt);
    fields.read("suffix", call.suffix);
    fields.read("system", call.system);
    fields.read("template", call.template_text);
    fields.read("raw", call.raw);
    fields.read("stream", call.stream);
    fields.read("_debug_render_only", call.render_only);
    read_tokens(fields, "context", call.context);
    read_request(fields, call.request);
    call.images = read_images(fields);
    MULLAMA_TRY(fields.result());
    const bool has_more =
        !call.template_text.empty() || !call.system.empty() || !call.context.empty();
    if (call.raw && has_more) {
        return fail(
            ErrorCode::kInvalidArgument, "raw mode does not support template, system, or context"
        );
    }
    return call;
}

Result<ChatCall> parse_chat(std::string_view body) {
    auto object = parse_body(body);
    if (!object) return std::move(object).error();
    Fields fields(*object, "ChatRequest");
    ChatCall call;
    call.stream = true;
    read_use(fields, call.use);
    fields.read("stream", call.stream);
    fields.read("_debug_render_only", call.render_only);
    read_request(fields, call.request);
    for (const json::object* message : fields.objects("messages")) {
        call.request.messages.push_back(read_message(*message, fields));
    }
    call.request.tools = read_function_tools(fields);
    MULLAMA_TRY(fields.result());
    return call;
}

Result<EmbedCall> parse_embed(std::string_view body) {
    auto object = parse_body(body);
    if (!object) return std::move(object).error();
    Fields fields(*object, "EmbedRequest");
    EmbedCall call;
    read_use(fields, call.use);
    fields.read("truncate", call.truncate);
    fields.read("dimensions", call.dimensions);
    MULLAMA_TRY(fields.result());
    const json::value* input = fields.find("input");
    if (input == nullptr) return call;
    if (const auto* text = input->if_string()) {
        if (!text->empty()) call.input.push_back({.text = {text->data(), text->size()}});
        return call;
    }
    const auto* list = input->if_array();
    if (list == nullptr) return fail(ErrorCode::kInvalidArgument, "invalid input type");
    for (const json::value& element : *list) {
        const auto* text = element.if_string();
        if (text == nullptr) return fail(ErrorCode::kInvalidArgument, "invalid input type");
        call.input.push_back({.text = {text->data(), text->size()}});
    }
    return call;
}

Result<EmbedCall> parse_embeddings(std::string_view body) {
    auto object = parse_body(body);
    if (!object) return std::move(object).error();
    Fields fields(*object, "EmbeddingRequest");
    EmbedCall call;
    std::string prompt;
    read_use(fields, call.use);
    fields.read("prompt", prompt);
    MULLAMA_TRY(fields.result());
    if (!prompt.empty()) call.input.push_back({.text = std::move(prompt)});
    call.normalization = -1;
    return call;
}

Result<ShowCall> parse_show(std::string_view body) {
    auto object = parse_body(body);
    if (!object) return std::move(object).error();
    Fields fields(*object, "ShowRequest");
    ShowCall call;
    std::string name;
    fields.read("model", call.model);
    fields.read("name", name);
    fields.read("verbose", call.verbose);
    MULLAMA_TRY(fields.result());
    if (call.model.empty()) call.model = std::move(name);
    return call;
}

}  // namespace mullama::api::ollama
