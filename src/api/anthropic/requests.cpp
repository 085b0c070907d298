#include "api/anthropic/requests.h"

#include "api/base64.h"
#include "api/duration.h"
#include "api/json.h"
#include "api/shared_fields.h"
#include "base/error.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace mullama::api::anthropic {
namespace {

std::string_view view(const json::string& text) {
    return {text.data(), text.size()};
}

void append_line(std::string& text, std::string_view line) {
    if (!text.empty() && !line.empty()) text += "\n";
    text += line;
}

Error unsupported(std::string_view what, std::string_view type) {
    return fail(ErrorCode::kInvalidArgument, "{} of type '{}' is not supported", what, type);
}

std::string read_image(Fields& block) {
    const json::object* source = block.object("source");
    if (source == nullptr) return {};
    Fields fields(*source, block.path("source"));
    std::string type;
    std::string data;
    fields.read("type", type);
    fields.read("data", data);
    if (fields.failed()) {
        block.fail_with(fields.result().error());
    } else if (type != "base64") {
        block.fail_with(fail(
            ErrorCode::kInvalidArgument,
            "images need a source of type base64: addresses are not fetched"
        ));
    }
    std::optional<std::string> bytes = decode_base64(data);
    if (!bytes) block.fail_with(fail(ErrorCode::kInvalidArgument, "the image is not base64"));
    return bytes.value_or("");
}

/// A content that is a text, or a list of blocks of text and images.
void read_plain(Fields& fields, std::string_view name, Message& message) {
    const json::value* value = fields.find(name);
    if (value == nullptr || fields.failed()) return;
    if (const auto* text = value->if_string()) {
        message.content += view(*text);
        return;
    }
    for (const json::object* object : fields.objects(name)) {
        Fields block(*object, fields.path(name));
        std::string type;
        std::string text;
        block.read("type", type);
        block.read("text", text);
        if (type == "text") {
            append_line(message.content, text);
        } else if (type == "image") {
            message.images.push_back(read_image(block));
        } else {
            block.fail_with(unsupported("content", type));
        }
        if (block.failed()) fields.fail_with(block.result().error());
    }
}

/// One turn may hold results of tools and words, which are turns of their own for a template.
class Turn {
  public:
    Turn(std::string role, std::vector<Message>& messages)
        : messages_(messages), message_{.role = std::move(role)} {}

    void add(const json::object& object, Fields& outer) {
        Fields block(object, outer.path("content"));
        std::string type;
        block.read("type", type);
        if (type == "text") {
            add_text(block, "text", message_.content);
        } else if (type == "image") {
            message_.images.push_back(read_image(block));
            has_words_ = true;
        } else if (type == "thinking") {
            add_text(block, "thinking", message_.thinking);
        } else if (type == "tool_use") {
            add_call(block);
        } else if (type == "tool_result") {
            add_result(block);
        } else if (type != "redacted_thinking") {
            block.fail_with(unsupported("content", type));
        }
        if (block.failed()) outer.fail_with(block.result().error());
    }

    void set_text(std::string_view text) {
        message_.content = text;
        has_words_ = true;
    }

    // Turns of one role in a row are one turn, as templates that want roles to alternate ask for.
    void finish() {
        if (!has_words_) return;
        if (messages_.empty() || messages_.back().role != message_.role) {
            messages_.push_back(std::move(message_));
            return;
        }
        Message& last = messages_.back();
        append_line(last.content, message_.content);
        append_line(last.thinking, message_.thinking);
        std::ranges::move(message_.tool_calls, std::back_inserter(last.tool_calls));
        std::ranges::move(message_.images, std::back_inserter(last.images));
    }

  private:
    void add_text(Fields& block, std::string_view name, std::string& into) {
        std::string text;
        block.read(name, text);
        append_line(into, text);
        has_words_ = true;
    }

    void add_call(Fields& block) {
        ToolCall call;
        block.read("id", call.id);
        block.read("name", call.name);
        const json::object* input = block.object("input");
        call.arguments = input == nullptr ? "{}" : to_text(*input);
        message_.tool_calls.push_back(std::move(call));
        has_words_ = true;
    }

    void add_result(Fields& block) {
        Message result{.role = "tool"};
        bool is_error = false;
        block.read("tool_use_id", result.tool_call_id);
        block.read("is_error", is_error);
        read_plain(block, "content", result);
        if (is_error) result.content.insert(0, "Error: ");
        for (const Message& earlier : messages_) {
            for (const ToolCall& call : earlier.tool_calls) {
                if (call.id == result.tool_call_id) result.tool_name = call.name;
            }
        }
        messages_.push_back(std::move(result));
    }

    std::vector<Message>& messages_;
    Message message_;
    bool has_words_ = false;
};

void read_messages(Fields& fields, std::vector<Message>& messages) {
    Message system{.role = "system"};
    read_plain(fields, "system", system);
    if (!system.content.empty()) messages.push_back(std::move(system));
    for (const json::object* object : fields.objects("messages")) {
        Fields outer(*object, fields.path("messages"));
        std::string role;
        outer.read("role", role);
        if (role != "user" && role != "assistant" && role != "system" && !outer.failed()) {
            outer.fail_with(fail(
                ErrorCode::kInvalidArgument,
                "messages: role '{}' is not known, use user or assistant",
                role
            ));
        }
        Turn turn(role, messages);
        const json::value* content = outer.find("content");
        if (content == nullptr) {
            outer.fail_with(fail(ErrorCode::kInvalidArgument, "messages: content is required"));
        } else if (const auto* text = content->if_string()) {
            turn.set_text(view(*text));
        } else {
            for (const json::object* block : outer.objects("content")) turn.add(*block, outer);
        }
        turn.finish();
        if (outer.failed()) fields.fail_with(outer.result().error());
    }
}

void read_tools(Fields& fields, ChatRequest& request) {
    for (const json::object* object : fields.objects("tools")) {
        Fields inner(*object, fields.path("tools"));
        std::string type = "custom";
        Tool tool;
        inner.read("type", type);
        inner.read("name", tool.name);
        inner.read("description", tool.description);
        if (const json::object* schema = inner.object("input_schema")) {
            tool.parameters = to_text(*schema);
        }
        if (type != "custom" && !inner.failed()) {
            inner.fail_with(fail(
                ErrorCode::kInvalidArgument,
                "tool '{}' of type '{}' would run on the server, which has none: send tools with "
                "an "
                "input_schema",
                tool.name,
                type
            ));
        }
        if (inner.failed()) fields.fail_with(inner.result().error());
        request.tools.push_back(std::move(tool));
    }
}

void read_tool_choice(Fields& fields, ChatRequest& request) {
    const json::object* object = fields.object("tool_choice");
    if (object == nullptr) return;
    Fields choice(*object, fields.path("tool_choice"));
    std::string type;
    std::string name;
    bool one_call = false;
    choice.read("type", type);
    choice.read("name", name);
    choice.read("disable_parallel_tool_use", one_call);
    if (choice.failed()) return fields.fail_with(choice.result().error());
    request.parallel_tool_calls = !one_call;
    if (type == "none") {
        request.tool_choice = ToolChoice::kNone;
    } else if (type == "any") {
        request.tool_choice = ToolChoice::kRequired;
    } else if (type == "tool") {
        request.tool_choice = ToolChoice::kRequired;
        std::erase_if(request.tools, [&](const Tool& tool) { return tool.name != name; });
        if (request.tools.empty()) {
            fields.fail_with(fail(
                ErrorCode::kInvalidArgument,
                "tool_choice names '{}', which is none of the tools",
                name
            ));
        }
    } else if (type != "auto") {
        fields.fail_with(fail(
            ErrorCode::kInvalidArgument,
            "tool_choice of type '{}' is not known: use auto, any, tool or none",
            type
        ));
    }
    if (request.tool_choice == ToolChoice::kRequired && request.tools.empty()) {
        fields.fail_with(
            fail(ErrorCode::kInvalidArgument, "tool_choice wants a call, but there are no tools")
        );
    }
}

void read_thinking(Fields& fields, ChatRequest& request) {
    request.thinking = Thinking::kOff;
    if (const json::object* object = fields.object("thinking")) {
        Fields thinking(*object, fields.path("thinking"));
        std::string type;
        std::int32_t budget = -1;
        thinking.read("type", type);
        thinking.read("budget_tokens", budget);
        if (type == "enabled" || type == "adaptive" || type == "between_tools") {
            request.thinking = Thinking::kOn;
            request.thinking_tokens_max = budget;
        } else if (type != "disabled" && !thinking.failed()) {
            thinking.fail_with(fail(
                ErrorCode::kInvalidArgument,
                "thinking of type '{}' is not known: use enabled, adaptive or disabled",
                type
            ));
        }
        if (thinking.failed()) fields.fail_with(thinking.result().error());
    }
    const json::object* output = fields.object("output_config");
    if (output == nullptr) return;
    Fields config(*output, fields.path("output_config"));
    config.read("effort", request.reasoning_effort);
    if (const json::object* format = config.object("format")) {
        const json::value* schema = format->if_contains("schema");
        if (schema != nullptr && schema->is_object()) request.format = to_text(*schema);
    }
    if (config.failed()) fields.fail_with(config.result().error());
}

void read_options(Fields& fields, MessagesCall& call) {
    Options& options = call.use.options;
    for (const char* name : {"temperature", "top_p", "top_k", "seed"}) {
        const json::value* value = fields.find(name);
        if (value == nullptr) continue;
        const auto set = options.set(name, *value);
        if (!set) return fields.fail_with(set.error());
    }
    read_samplers(fields, options);
    if (const json::object* more = fields.object("options")) {
        api::read_options(*more, fields, options);
    }
    fields.read("stop_sequences", call.stop_sequences);
    std::erase(call.stop_sequences, "");
    if (call.stop_sequences.empty() || fields.failed()) return;
    const auto set = options.set("stop", call.stop_sequences);
    if (!set) fields.fail_with(set.error());
}

void read_max_tokens(Fields& fields, Options& options) {
    // 0 reads the prompt and answers nothing.
    std::int32_t most = -1;
    fields.read("max_tokens", most);
    if (fields.failed()) return;
    if (most < 0) {
        return fields.fail_with(
            fail(ErrorCode::kInvalidArgument, "max_tokens is required and must be positive")
        );
    }
    const std::string text = std::to_string(most);
    const auto set = options.set("num_predict", std::span(&text, 1));
    if (!set) fields.fail_with(set.error());
}

}  // namespace

Result<MessagesCall> parse_messages(std::string_view body, bool counts_only) {
    auto object = parse_body(body);
    if (!object) return std::move(object).error();
    Fields fields(*object, "MessagesRequest");
    MessagesCall call;
    for (const char* assignment : {"temperature=1", "top_p=1"}) {
        MULLAMA_TRY(call.use.defaults.set(assignment));
    }
    fields.read("model", call.use.model);
    fields.read("stream", call.stream);
    if (const json::value* value = fields.find("keep_alive")) {
        const auto keep_alive = parse_keep_alive(*value);
        if (!keep_alive) return keep_alive.error();
        call.use.keep_alive = *keep_alive;
    }
    read_options(fields, call);
    if (!counts_only) read_max_tokens(fields, call.use.options);
    read_messages(fields, call.request.messages);
    read_tools(fields, call.request);
    read_tool_choice(fields, call.request);
    read_thinking(fields, call.request);
    read_template_variables(fields, call.request);
    read_format(fields, "format", call.request.format);
    MULLAMA_TRY(fields.result());
    const bool has_words = std::ranges::any_of(call.request.messages, [](const Message& message) {
        return message.role != "system";
    });
    if (!has_words) {
        return fail(ErrorCode::kInvalidArgument, "messages: at least one message is required");
    }
    return call;
}

}  // namespace mullama::api::anthropic
