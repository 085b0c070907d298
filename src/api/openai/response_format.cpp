#include "api/openai/response_format.h"

#include "api/openai/logprobs.h"

#include <utility>

namespace mullama::api::openai {
namespace {

constexpr std::string_view kInProgress = "in_progress";
constexpr std::string_view kCompleted = "completed";
constexpr std::string_view kIncomplete = "incomplete";

/// An answer as if it came in one piece.
AnswerDelta delta_of(const Answer& answer) {
    AnswerDelta delta{.logprobs = answer.logprobs};
    if (!answer.thinking.empty()) {
        delta.parts.push_back({AnswerPartKind::kThinking, answer.thinking});
    }
    if (!answer.content.empty()) {
        delta.parts.push_back({AnswerPartKind::kContent, answer.content});
    }
    for (std::size_t i = 0; i < answer.calls.size(); ++i) {
        const ToolCall& call = answer.calls[i];
        delta.parts.push_back({AnswerPartKind::kToolCall, call.name, i, call.id});
        delta.parts.push_back({AnswerPartKind::kToolArguments, call.arguments, i});
        delta.parts.push_back({AnswerPartKind::kToolCallEnd, "", i});
    }
    return delta;
}

std::string summary_part(std::string_view text) {
    JsonWriter out;
    out.begin_object().field("type", "summary_text").field("text", text).end_object();
    return out.take();
}

std::string_view event_of(std::string_view status) {
    return status == kCompleted ? "response.completed" : "response.incomplete";
}

std::string_view status_of(const AnswerEnd& end) {
    switch (end.finish.reason) {
        case FinishReason::kStop:
            return kCompleted;
        case FinishReason::kLength:
            return kIncomplete;
        case FinishReason::kCancelled:
            return "cancelled";
        case FinishReason::kError:
            return "failed";
    }
    return "failed";
}

}  // namespace

ResponseFormat::ResponseFormat(ResponseTerms terms, ResponseIds ids, Keep keep)
    : terms_(std::move(terms)), ids_(std::move(ids)), keep_(std::move(keep)) {}

// What the request leaves out may be the model's own.
void ResponseFormat::start(std::size_t /*choice*/, const AnswerStart& start) {
    terms_.temperature = start.options.sampling.temperature;
    terms_.top_p = start.options.sampling.top_p;
}

std::string ResponseFormat::begin(std::size_t /*prompt_tokens*/) {
    begun_ = true;
    const std::string response = format_response(terms_, {});
    std::string text = lifecycle("response.created", response);
    return text + lifecycle("response.in_progress", response);
}

std::string ResponseFormat::delta(const AnswerDelta& delta) {
    thinking_.add(delta);
    waiting_.insert(waiting_.end(), delta.logprobs.begin(), delta.logprobs.end());
    std::string text;
    for (const AnswerPart& part : delta.parts) {
        switch (part.kind) {
            case AnswerPartKind::kContent:
                text += open_text();
                text += add_text(part.text);
                break;
            case AnswerPartKind::kThinking:
                text += open_thinking();
                text += add_thinking(part.text);
                break;
            case AnswerPartKind::kToolCall:
                text += open_call(part);
                break;
            case AnswerPartKind::kToolArguments:
                text += add_arguments(part.text);
                break;
            case AnswerPartKind::kToolCallEnd:
                text += close(kCompleted);
                break;
            case AnswerPartKind::kToolCallBroken:
                text += take_back_call(part);
                break;
        }
    }
    return text;
}

std::string ResponseFormat::end(const AnswerEnd& end) {
    if (end.finish.error) return error(*end.finish.error);
    const std::string_view status = status_of(end);
    std::string text = close(status == kCompleted ? kCompleted : kIncomplete);
    return text + lifecycle(event_of(status), finished(end));
}

std::string ResponseFormat::error(const Error& error) {
    std::string text = begun_ ? close(kIncomplete) : begin(0);
    ResponseState state{.status = "failed", .error = error};
    return text + lifecycle("response.failed", keep(state));
}

// The collected stream, of which nothing but the last object is told.
std::string ResponseFormat::whole(const std::vector<Answer>& answers) {
    const Answer& answer = answers.front();
    thinking_ = ThinkingTokens(answer.thinking_tokens);
    delta(delta_of(answer));
    const bool ended = status_of(answer.end) == kCompleted;
    close(ended ? kCompleted : kIncomplete);
    return finished(answer.end);
}

std::string ResponseFormat::finished(const AnswerEnd& end) {
    ResponseState state{.status = status_of(end), .usage = end.finish.usage};
    if (state.status == kCompleted) state.completed = end.at;
    if (state.status == kIncomplete) state.incomplete_reason = "max_output_tokens";
    return keep(state);
}

std::string ResponseFormat::keep(ResponseState& state) {
    state.output = output_;
    state.thinking_tokens = thinking_.count();
    std::string response = format_response(terms_, state);
    if (keep_) keep_(response);
    return response;
}

// Items

std::string ResponseFormat::open_text() {
    if (item_ == Item::kText) return {};
    std::string text = close(kCompleted);
    item_ = Item::kText;
    id_ = ids_.item("msg_");
    text += added(message_item(id_, kInProgress, "[]"));
    JsonWriter part = place("content_index");
    part.raw_field("part", output_text("", "[]"));
    return text + event("response.content_part.added", std::move(part));
}

std::string ResponseFormat::add_text(const std::string& text) {
    std::vector<TokenLogprobs> tokens = std::exchange(waiting_, {});
    JsonWriter out = place("content_index");
    out.field("delta", text).raw_field("logprobs", logprob_list(tokens));
    text_ += text;
    logprobs_.insert(logprobs_.end(), tokens.begin(), tokens.end());
    return event("response.output_text.delta", std::move(out));
}

std::string ResponseFormat::close_text(std::string_view status) {
    const std::string logprobs = logprob_list(std::exchange(logprobs_, {}));
    const std::string content = output_text(text_, logprobs);
    JsonWriter whole = place("content_index");
    whole.field("text", text_).raw_field("logprobs", logprobs);
    std::string text = event("response.output_text.done", std::move(whole));
    JsonWriter part = place("content_index");
    part.raw_field("part", content);
    text += event("response.content_part.done", std::move(part));
    return text + done(message_item(id_, status, "[" + content + "]"));
}

std::string ResponseFormat::open_thinking() {
    waiting_.clear();
    if (item_ == Item::kThinking) return {};
    std::string text = close(kCompleted);
    item_ = Item::kThinking;
    id_ = ids_.item("rs_");
    text += added(reasoning_item(id_, kInProgress, {}, {}));
    JsonWriter part = place("summary_index");
    part.raw_field("part", summary_part(""));
    return text + event("response.reasoning_summary_part.added", std::move(part));
}

std::string ResponseFormat::add_thinking(const std::string& text) {
    JsonWriter out = place("summary_index");
    out.field("delta", text);
    text_ += text;
    return event("response.reasoning_summary_text.delta", std::move(out));
}

std::string ResponseFormat::close_thinking(std::string_view status) {
    JsonWriter whole = place("summary_index");
    whole.field("text", text_);
    std::string text = event("response.reasoning_summary_text.done", std::move(whole));
    JsonWriter part = place("summary_index");
    part.raw_field("part", summary_part(text_));
    text += event("response.reasoning_summary_part.done", std::move(part));
    // Nothing here reads it: what clients send back has the summary too.
    std::optional<std::string> encrypted;
    if (terms_.include_encrypted_content) encrypted = text_;
    return text + done(reasoning_item(id_, status, text_, encrypted));
}

std::string ResponseFormat::open_call(const AnswerPart& part) {
    waiting_.clear();
    std::string text = close(kCompleted);
    item_ = Item::kCall;
    id_ = ids_.item("fc_");
    call_ = {.id = part.id.empty() ? ids_.call() : part.id, .name = part.text};
    return text + added(call_item(id_, kInProgress, call_));
}

std::string ResponseFormat::add_arguments(const std::string& text) {
    waiting_.clear();
    JsonWriter out = place("");
    out.field("delta", text);
    call_.arguments += text;
    return event("response.function_call_arguments.delta", std::move(out));
}

std::string ResponseFormat::close_call(std::string_view status) {
    call_.arguments = valid_arguments(call_.arguments);
    JsonWriter whole = place("");
    whole.field("name", call_.name).field("arguments", call_.arguments);
    std::string text = event("response.function_call_arguments.done", std::move(whole));
    return text + done(call_item(id_, status, call_));
}

// What has been told cannot be untold: the call ends as incomplete, and the response is without it.
std::string ResponseFormat::take_back_call(const AnswerPart& part) {
    std::string text = done(call_item(id_, kIncomplete, call_), /*keeps=*/false);
    text += open_text();
    return text + add_text(part.text);
}

std::string ResponseFormat::close(std::string_view status) {
    switch (item_) {
        case Item::kNone:
            return {};
        case Item::kText:
            return close_text(status);
        case Item::kThinking:
            return close_thinking(status);
        case Item::kCall:
            return close_call(status);
    }
    return {};
}

// Events

std::string ResponseFormat::added(std::string_view item) {
    JsonWriter out;
    out.begin_object().field("output_index", index_).raw_field("item", item);
    return event("response.output_item.added", std::move(out));
}

std::string ResponseFormat::done(std::string item, bool keeps) {
    JsonWriter out;
    out.begin_object().field("output_index", index_++).raw_field("item", item);
    if (keeps) output_.push_back(std::move(item));
    item_ = Item::kNone;
    text_.clear();
    return event("response.output_item.done", std::move(out));
}

/// Where in the output something happens.
JsonWriter ResponseFormat::place(std::string_view index_name) {
    JsonWriter out;
    out.begin_object().field("item_id", id_).field("output_index", index_);
    if (!index_name.empty()) out.field(index_name, 0);
    return out;
}

/// `fields` is an object that has not been ended.
std::string ResponseFormat::event(std::string_view type, JsonWriter fields) {
    std::string text = "event: ";
    text.append(type).append("\ndata: {\"type\":\"").append(type);
    text.append("\",\"sequence_number\":").append(std::to_string(sequence_++)).append(",");
    // The object goes on where its bracket was.
    return text.append(fields.text(), 1, std::string::npos).append("}\n\n");
}

std::string ResponseFormat::lifecycle(std::string_view type, std::string_view response) {
    JsonWriter out;
    out.begin_object().raw_field("response", response);
    return event(type, std::move(out));
}

}  // namespace mullama::api::openai
