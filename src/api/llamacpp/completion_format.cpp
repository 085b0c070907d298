#include "api/llamacpp/completion_format.h"

#include "api/json.h"
#include "api/llamacpp/errors.h"
#include "api/llamacpp/settings.h"
#include "api/token_logprobs.h"

#include <optional>
#include <utility>

namespace mullama::api::llamacpp {
namespace {

std::string event(std::string_view json) {
    std::string text = "data: ";
    text.append(json).append("\n\n");
    return text;
}

std::string_view stop_type_of(const Finish& finish) {
    switch (finish.reason) {
        case FinishReason::kStop:
            return finish.stop.empty() ? "eos" : "word";
        case FinishReason::kLength:
            return "limit";
        case FinishReason::kCancelled:
        case FinishReason::kError:
            return "none";
    }
    return "none";
}

void write_tokens(JsonWriter& out, const std::vector<Token>& tokens) {
    out.key("tokens").begin_array();
    for (const Token token : tokens) out.value(token);
    out.end_array();
}

void write_chance(JsonWriter& out, const TokenChance& chance) {
    out.field("id", chance.token).field("token", chance.piece).key("bytes");
    write_bytes(out, chance.piece);
    out.field("logprob", chance.logprob);
}

void write_probabilities(JsonWriter& out, const std::vector<TokenLogprobs>& tokens) {
    if (tokens.empty()) return;
    out.key("completion_probabilities");
    write_token_logprobs(out, tokens, write_chance);
}

void write_progress(JsonWriter& out, const Progress& progress) {
    out.key("prompt_progress").begin_object().field("total", progress.usage.prompt_tokens);
    out.field("cache", progress.usage.cached_tokens);
    out.field("processed", progress.prompt_tokens_done);
    out.field("time_ms", progress.usage.prompt_ns / 1'000'000).end_object();
}

/// What a path like "timings/prompt_ms" leads to; null where there is nothing.
const json::value* value_at(const json::value& root, std::string_view path) {
    const json::value* value = &root;
    while (value != nullptr) {
        const std::size_t slash = path.find('/');
        const auto* object = value->if_object();
        const std::string_view name = path.substr(0, slash);
        value = object == nullptr ? nullptr : object->if_contains({name.data(), name.size()});
        if (slash == std::string_view::npos) return value;
        path.remove_prefix(slash + 1);
    }
    return nullptr;
}

/// An object with the fields of `text` that `paths` name, under their paths.
std::string picked(const std::string& text, const std::vector<std::string>& paths) {
    const Result<json::value> root = parse_json(text);
    if (!root) return text;
    JsonWriter out;
    out.begin_object();
    for (const std::string& path : paths) {
        const json::value* value = value_at(*root, path);
        if (value == nullptr) continue;
        if (const double* number = value->if_double()) {
            out.field(path, *number);
        } else {
            out.raw_field(path, one_line(to_text(*value)));
        }
    }
    out.end_object();
    return out.take();
}

}  // namespace

CompletionFormat::Choice& CompletionFormat::choice(std::size_t index) {
    if (choices_.size() <= index) choices_.resize(index + 1);
    return choices_[index];
}

void CompletionFormat::start(std::size_t index, const AnswerStart& start) {
    choice(index).start = start;
}

std::string CompletionFormat::delta(const AnswerDelta& delta) {
    if (failed_) return {};
    Choice& told = choice(delta.choice);
    std::string text;
    for (const AnswerPart& part : delta.parts) text += part.text;
    std::string pieces = prompt_piece(delta.choice, delta);
    told.predicted += static_cast<std::int64_t>(delta.tokens.size());
    told.has_line |= text.find('\n') != std::string::npos;
    told.tokens.insert(told.tokens.end(), delta.tokens.begin(), delta.tokens.end());
    told.logprobs.insert(told.logprobs.end(), delta.logprobs.begin(), delta.logprobs.end());
    if (!text.empty()) pieces += piece(delta.choice, text, delta);
    return pieces;
}

// Until the first token of the answer, which says that the whole prompt is computed.
std::string CompletionFormat::prompt_piece(std::size_t index, const AnswerDelta& delta) {
    Choice& told = choice(index);
    if (!shape_.return_progress || !delta.progress || told.prompt_told) return {};
    told.prompt_told = !delta.tokens.empty();
    JsonWriter out;
    out.begin_object().field("index", index).field("content", "");
    write_tokens(out, {});
    out.field("stop", false).field("id_slot", -1).field("tokens_predicted", 0);
    out.field("tokens_evaluated", told.start.prompt_tokens);
    write_progress(out, *delta.progress);
    out.end_object();
    return event(out.text());
}

std::string CompletionFormat::piece(
    std::size_t index, std::string_view text, const AnswerDelta& delta
) {
    Choice& told = choice(index);
    JsonWriter out;
    out.begin_object().field("index", index).field("content", text);
    write_tokens(out, std::exchange(told.tokens, {}));
    out.field("stop", false).field("id_slot", -1).field("tokens_predicted", told.predicted);
    out.field("tokens_evaluated", told.start.prompt_tokens);
    if (shape_.timings_per_token && delta.progress) {
        out.key("timings");
        write_timings(out, delta.progress->usage);
    }
    write_probabilities(out, std::exchange(told.logprobs, {}));
    out.end_object();
    return event(out.text());
}

std::string CompletionFormat::end(const AnswerEnd& end) {
    if (failed_) return {};
    if (end.finish.error) return error(*end.finish.error);
    Choice& told = choice(end.choice);
    Answer rest;
    rest.tokens = std::exchange(told.tokens, {});
    rest.logprobs = std::exchange(told.logprobs, {});
    return event(last(end, rest));
}

std::string CompletionFormat::error(const Error& error) {
    failed_ = true;
    return event(format_error(500, error.message));
}

// In a stream the text has gone out already, and `answer` has what had none.
std::string CompletionFormat::last(const AnswerEnd& end, const Answer& answer) {
    const Choice& told = choice(end.choice);
    const Finish& finish = end.finish;
    const Usage& usage = finish.usage;
    const std::int64_t tokens = usage.prompt_tokens + usage.completion_tokens;
    const bool is_full =
        finish.reason == FinishReason::kLength && tokens >= told.start.context_length;
    JsonWriter out;
    out.begin_object().field("index", end.choice).field("content", answer.content);
    const bool shows_tokens = shape_.return_tokens || shape_.stream;
    write_tokens(out, shows_tokens ? answer.tokens : std::vector<Token>());
    out.field("id_slot", -1).field("stop", true);
    out.field("model", model_.empty() ? told.start.model : model_);
    out.field("tokens_predicted", usage.completion_tokens);
    out.field("tokens_evaluated", usage.prompt_tokens).key("generation_settings");
    write_settings(out, told.start.options, shape_);
    out.field("prompt", told.start.prompt);
    out.field("has_new_line", told.has_line || answer.content.find('\n') != std::string::npos);
    out.field("truncated", is_full).field("stop_type", stop_type_of(finish));
    out.field("stopping_word", finish.stop).field("tokens_cached", tokens).key("timings");
    write_timings(out, usage);
    write_probabilities(out, answer.logprobs);
    out.end_object();
    std::string text = out.take();
    return shape_.response_fields.empty() ? text : picked(text, shape_.response_fields);
}

std::string CompletionFormat::whole(const std::vector<Answer>& answers) {
    if (answers.size() == 1) return last(answers.front().end, answers.front());
    JsonWriter out;
    out.begin_array();
    for (const Answer& answer : answers) out.raw(last(answer.end, answer));
    out.end_array();
    return out.take();
}

}  // namespace mullama::api::llamacpp
