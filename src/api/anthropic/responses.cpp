#include "api/anthropic/responses.h"

#include "api/anthropic/errors.h"
#include "api/json_writer.h"

#include <algorithm>
#include <utility>

namespace mullama::api::anthropic {
namespace {

constexpr std::size_t kIdLength = 24;

std::string event(std::string_view name, std::string_view json) {
    std::string text = "event: ";
    text.append(name).append("\ndata: ").append(json).append("\n\n");
    return text;
}

void write_usage(JsonWriter& out, const Usage& usage) {
    out.key("usage").begin_object();
    out.field("input_tokens", usage.prompt_tokens - usage.cached_tokens);
    out.field("cache_creation_input_tokens", 0);
    out.field("cache_read_input_tokens", usage.cached_tokens);
    out.field("output_tokens", usage.completion_tokens).end_object();
}

void write_head(JsonWriter& out, std::string_view id, std::string_view model) {
    out.field("id", id).field("type", "message").field("role", "assistant").field("model", model);
}

}  // namespace

MessagesFormat::MessagesFormat(
    std::string model, std::vector<std::string> stops, std::uint64_t seed, std::string request_id
)
    : model_(std::move(model)),
      stops_(std::move(stops)),
      request_id_(std::move(request_id)),
      ids_(seed),
      id_(ids_.next("msg_", kIdLength)) {}

std::string MessagesFormat::begin(std::size_t prompt_tokens) {
    JsonWriter out;
    out.begin_object().field("type", "message_start").key("message").begin_object();
    write_head(out, id_, model_);
    out.key("content").begin_array().end_array();
    out.key("stop_reason").null().key("stop_sequence").null();
    write_usage(out, {.prompt_tokens = static_cast<std::int64_t>(prompt_tokens)});
    out.end_object().end_object();
    return event("message_start", out.take()) + ping();
}

std::string MessagesFormat::open(Block block, std::string_view content_block) {
    if (block_ == block && block != Block::kTool) return {};
    std::string text = close();
    block_ = block;
    JsonWriter out;
    out.begin_object().field("type", "content_block_start").field("index", index_);
    out.raw_field("content_block", content_block).end_object();
    return text + event("content_block_start", out.take());
}

std::string MessagesFormat::close() {
    if (block_ == Block::kNone) return {};
    std::string text;
    // Clients send it back with the thinking; nothing here reads it.
    if (block_ == Block::kThinking) {
        text = text_delta("signature_delta", "signature", ids_.next("", kIdLength));
    }
    JsonWriter out;
    out.begin_object().field("type", "content_block_stop").field("index", index_++).end_object();
    block_ = Block::kNone;
    return text + event("content_block_stop", out.take());
}

std::string MessagesFormat::text_delta(
    std::string_view type, std::string_view field, std::string_view text
) {
    JsonWriter out;
    out.begin_object().field("type", "content_block_delta").field("index", index_);
    out.key("delta").begin_object().field("type", type).field(field, text);
    out.end_object().end_object();
    return event("content_block_delta", out.take());
}

std::string MessagesFormat::call_start(const AnswerPart& part) {
    JsonWriter out;
    out.begin_object().field("type", "tool_use").field("id", ids_.next("toolu_", kIdLength));
    out.field("name", part.text).key("input").begin_object().end_object().end_object();
    return open(Block::kTool, out.take());
}

std::string MessagesFormat::delta(const AnswerDelta& delta) {
    std::string text;
    for (const AnswerPart& part : delta.parts) {
        switch (part.kind) {
            case AnswerPartKind::kToolCallBroken:
            case AnswerPartKind::kContent:
                text += open(Block::kText, R"({"type":"text","text":""})");
                text += text_delta("text_delta", "text", part.text);
                break;
            case AnswerPartKind::kThinking:
                text +=
                    open(Block::kThinking, R"({"type":"thinking","thinking":"","signature":""})");
                text += text_delta("thinking_delta", "thinking", part.text);
                break;
            case AnswerPartKind::kToolCall:
                text += call_start(part);
                break;
            case AnswerPartKind::kToolArguments:
                text += text_delta("input_json_delta", "partial_json", part.text);
                break;
            case AnswerPartKind::kToolCallEnd:
                text += close();
                break;
        }
    }
    return text;
}

void MessagesFormat::write_stop(JsonWriter& out, const AnswerEnd& end) const {
    const Finish& finish = end.finish;
    const bool at_stop =
        !finish.stop.empty() && std::ranges::find(stops_, finish.stop) != stops_.end();
    out.field(
        "stop_reason",
        end.has_calls                            ? "tool_use"
        : finish.reason == FinishReason::kLength ? "max_tokens"
        : at_stop                                ? "stop_sequence"
                                                 : "end_turn"
    );
    out.key("stop_sequence");
    if (at_stop) {
        out.value(finish.stop);
    } else {
        out.null();
    }
}

std::string MessagesFormat::end(const AnswerEnd& end) {
    if (end.finish.error) return error(*end.finish.error);
    std::string text = close();
    JsonWriter out;
    out.begin_object().field("type", "message_delta").key("delta").begin_object();
    write_stop(out, end);
    out.end_object();
    write_usage(out, end.finish.usage);
    out.end_object();
    text += event("message_delta", out.take());
    return text + event("message_stop", R"({"type":"message_stop"})");
}

std::string MessagesFormat::error(const Error& error) {
    return event("error", format_error(500, error.message, request_id_));
}

std::string MessagesFormat::ping() const {
    return event("ping", R"({"type":"ping"})");
}

std::string MessagesFormat::whole(const std::vector<Answer>& answers) {
    const Answer& answer = answers.front();
    JsonWriter out;
    out.begin_object();
    write_head(out, id_, model_);
    out.key("content").begin_array();
    if (!answer.thinking.empty()) {
        out.begin_object().field("type", "thinking").field("thinking", answer.thinking);
        out.field("signature", ids_.next("", kIdLength)).end_object();
    }
    if (!answer.content.empty()) {
        out.begin_object().field("type", "text").field("text", answer.content).end_object();
    }
    for (const ToolCall& call : answer.calls) {
        out.begin_object().field("type", "tool_use").field("id", ids_.next("toolu_", kIdLength));
        out.field("name", call.name).raw_field("input", one_line(valid_arguments(call.arguments)));
        out.end_object();
    }
    out.end_array();
    write_stop(out, answer.end);
    write_usage(out, answer.end.finish.usage);
    out.end_object();
    return out.take();
}

std::string format_token_count(std::size_t tokens) {
    JsonWriter out;
    out.begin_object().field("input_tokens", tokens).end_object();
    return out.take();
}

}  // namespace mullama::api::anthropic
