#include "api/openai/response_object.h"

#include "api/json_writer.h"
#include "api/times.h"

namespace mullama::api::openai {
namespace {

template <typename T>
void write_optional(JsonWriter& out, std::string_view name, const std::optional<T>& value) {
    out.key(name);
    if (value) {
        out.value(*value);
    } else {
        out.null();
    }
}

std::string_view code_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::kInvalidArgument:
        case ErrorCode::kUnsupported:
            return "invalid_prompt";
        case ErrorCode::kExhausted:
            return "rate_limit_exceeded";
        case ErrorCode::kNotFound:
        case ErrorCode::kCancelled:
        case ErrorCode::kTimeout:
        case ErrorCode::kUnavailable:
        case ErrorCode::kCorrupt:
        case ErrorCode::kIo:
        case ErrorCode::kInternal:
            return "server_error";
    }
    return "server_error";
}

void write_outcome(JsonWriter& out, const ResponseState& state) {
    out.key("error");
    if (state.error) {
        out.begin_object().field("code", code_of(state.error->code));
        out.field("message", state.error->message).end_object();
    } else {
        out.null();
    }
    out.key("incomplete_details");
    if (state.incomplete_reason.empty()) {
        out.null();
    } else {
        out.begin_object().field("reason", state.incomplete_reason).end_object();
    }
}

void write_usage(JsonWriter& out, const ResponseState& state) {
    out.key("usage");
    if (!state.usage) {
        out.null();
        return;
    }
    const Usage& usage = *state.usage;
    out.begin_object().field("input_tokens", usage.prompt_tokens);
    out.key("input_tokens_details").begin_object().field("cached_tokens", usage.cached_tokens);
    out.field("cache_write_tokens", 0).end_object();
    out.field("output_tokens", usage.completion_tokens);
    out.key("output_tokens_details").begin_object();
    out.field("reasoning_tokens", state.thinking_tokens).end_object();
    out.field("total_tokens", usage.prompt_tokens + usage.completion_tokens).end_object();
}

void write_output(JsonWriter& out, const ResponseState& state) {
    out.key("output").begin_array();
    for (const std::string& item : state.output) out.raw(item);
    out.end_array();
}

}  // namespace

std::string format_response(const ResponseTerms& terms, const ResponseState& state) {
    std::optional<std::int64_t> completed;
    if (state.completed) completed = unix_seconds(*state.completed);
    JsonWriter out;
    out.begin_object().field("id", terms.id).field("object", "response");
    out.field("created_at", unix_seconds(terms.created)).field("status", state.status);
    out.field("background", false);
    write_optional(out, "completed_at", completed);
    write_outcome(out, state);
    write_optional(out, "instructions", terms.instructions);
    write_optional(out, "max_output_tokens", terms.max_output_tokens);
    write_optional(out, "max_tool_calls", terms.max_tool_calls);
    out.field("model", terms.model);
    write_output(out, state);
    out.field("parallel_tool_calls", terms.parallel_tool_calls);
    write_optional(out, "previous_response_id", terms.previous_response_id);
    out.raw_field("reasoning", terms.reasoning).field("service_tier", "default");
    out.field("store", terms.store).field("temperature", terms.temperature);
    out.raw_field("text", terms.text).raw_field("tool_choice", terms.tool_choice);
    out.raw_field("tools", terms.tools).field("top_logprobs", terms.top_logprobs);
    out.field("top_p", terms.top_p).field("truncation", terms.truncate ? "auto" : "disabled");
    write_usage(out, state);
    write_optional(out, "user", terms.user);
    out.raw_field("metadata", terms.metadata).end_object();
    return out.take();
}

std::string format_input_tokens(std::size_t tokens) {
    JsonWriter out;
    out.begin_object().field("object", "response.input_tokens").field("input_tokens", tokens);
    out.end_object();
    return out.take();
}

std::string output_text(std::string_view text, std::string_view logprobs) {
    JsonWriter out;
    out.begin_object().field("type", "output_text");
    out.key("annotations").begin_array().end_array();
    out.raw_field("logprobs", logprobs).field("text", text).end_object();
    return out.take();
}

std::string message_item(std::string_view id, std::string_view status, std::string_view content) {
    JsonWriter out;
    out.begin_object().field("id", id).field("type", "message").field("status", status);
    out.raw_field("content", content).field("role", "assistant").end_object();
    return out.take();
}

std::string call_item(std::string_view id, std::string_view status, const ToolCall& call) {
    JsonWriter out;
    out.begin_object().field("id", id).field("type", "function_call").field("status", status);
    out.field("arguments", call.arguments).field("call_id", call.id).field("name", call.name);
    out.end_object();
    return out.take();
}

std::string reasoning_item(
    std::string_view id,
    std::string_view status,
    const std::optional<std::string>& summary,
    const std::optional<std::string>& encrypted_content
) {
    JsonWriter out;
    out.begin_object().field("id", id).field("type", "reasoning").field("status", status);
    if (encrypted_content) out.field("encrypted_content", *encrypted_content);
    out.key("summary").begin_array();
    if (summary) {
        out.begin_object().field("type", "summary_text").field("text", *summary).end_object();
    }
    out.end_array().end_object();
    return out.take();
}

}  // namespace mullama::api::openai
