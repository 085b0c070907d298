#include "api/openai/responses.h"

#include "api/base64.h"
#include "api/json_writer.h"
#include "api/openai/errors.h"
#include "api/openai/logprobs.h"
#include "api/times.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

namespace mullama::api::openai {
namespace {

constexpr std::string_view kFingerprint = "fp_ollama";
constexpr std::size_t kIdLength = 24;

std::string event(std::string_view json) {
    std::string text = "data: ";
    text.append(json).append("\n\n");
    return text;
}

std::string_view reason_of(const AnswerEnd& end) {
    if (end.has_calls) return "tool_calls";
    return end.finish.reason == FinishReason::kLength ? "length" : "stop";
}

// The answers to one prompt stand in a row, and the prompt counts once for them.
Usage sum_of(std::span<const Usage> answers, std::size_t per_prompt) {
    Usage sum;
    while (!answers.empty()) {
        Usage prompt;
        const auto group = answers.first(std::min(per_prompt, answers.size()));
        for (const Usage& one : group) {
            prompt.prompt_tokens = std::max(prompt.prompt_tokens, one.prompt_tokens);
            prompt.cached_tokens = std::max(prompt.cached_tokens, one.cached_tokens);
            sum.completion_tokens += one.completion_tokens;
        }
        sum.prompt_tokens += prompt.prompt_tokens;
        sum.cached_tokens += prompt.cached_tokens;
        answers = answers.subspan(group.size());
    }
    return sum;
}

/// `thinking_tokens` is unset where answers have no thinking.
void write_usage(
    JsonWriter& out, const Usage& usage, std::optional<std::int64_t> thinking_tokens = {}
) {
    out.key("usage").begin_object().field("prompt_tokens", usage.prompt_tokens);
    out.field("completion_tokens", usage.completion_tokens);
    out.field("total_tokens", usage.prompt_tokens + usage.completion_tokens);
    out.key("prompt_tokens_details").begin_object();
    out.field("cached_tokens", usage.cached_tokens).end_object();
    if (thinking_tokens) {
        out.key("completion_tokens_details").begin_object();
        out.field("reasoning_tokens", *thinking_tokens).end_object();
    }
    out.end_object();
}

std::string head_of(std::string_view id, std::string_view object, const AnswerTerms& terms) {
    JsonWriter out;
    out.begin_object().field("id", id).field("object", object);
    out.field("created", unix_seconds(terms.created)).field("model", terms.model);
    out.field("system_fingerprint", kFingerprint);
    return out.take();
}

std::string usage_event(
    std::string head, const Usage& usage, std::optional<std::int64_t> thinking_tokens = {}
) {
    JsonWriter out;
    out.begin_object().key("choices").begin_array().end_array();
    write_usage(out, usage, thinking_tokens);
    out.end_object();
    // The object goes on where the head has stopped.
    return event(head + "," + out.take().substr(1));
}

Usage usage_of(const std::vector<Answer>& answers, std::size_t per_prompt) {
    std::vector<Usage> usages;
    for (const Answer& answer : answers) usages.push_back(answer.end.finish.usage);
    return sum_of(usages, per_prompt);
}

template <typename Choice>
Usage usage_told(const std::vector<Choice>& choices, std::size_t per_prompt) {
    std::vector<Usage> usages;
    for (const Choice& choice : choices) usages.push_back(choice.usage);
    return sum_of(usages, per_prompt);
}

std::int64_t thinking_tokens_of(const std::vector<Answer>& answers) {
    std::int64_t sum = 0;
    for (const Answer& answer : answers) sum += answer.thinking_tokens;
    return sum;
}

/// The inside of a "delta" about the call at `index`.
std::string call_delta(std::size_t index, std::string_view function, std::string_view id = {}) {
    JsonWriter out;
    out.begin_array().begin_object().field("index", index);
    if (!id.empty()) out.field("id", id).field("type", "function");
    out.raw_field("function", function).end_object().end_array();
    return "\"tool_calls\":" + out.take();
}

}  // namespace

// /v1/chat/completions

ChatCompletionFormat::ChatCompletionFormat(AnswerTerms terms)
    : terms_(std::move(terms)),
      ids_(terms_.seed),
      head_(head_of(ids_.next("chatcmpl-", kIdLength), "chat.completion.chunk", terms_)) {}

// The hot path: a token of a stream is one line, put together from ready pieces.
std::string ChatCompletionFormat::chunk(
    std::size_t choice, std::string_view delta, std::string_view rest
) {
    std::string text = "data: " + head_ + ",\"choices\":[{\"index\":" + std::to_string(choice);
    text.append(",\"delta\":{").append(delta).append("}").append(rest).append("}]");
    if (terms_.include_usage) text += ",\"usage\":null";
    return text + "}\n\n";
}

std::string ChatCompletionFormat::role(Choice& choice) {
    return std::exchange(choice.has_role, true) ? "" : "\"role\":\"assistant\",";
}

// Logprobs go with the first text that comes after or with their tokens.
std::string ChatCompletionFormat::logprobs(Choice& choice) {
    if (choice.waiting.empty()) return {};
    return ",\"logprobs\":" + chat_logprobs(std::exchange(choice.waiting, {}));
}

std::string ChatCompletionFormat::call_start(const AnswerPart& part) {
    JsonWriter function;
    function.begin_object().field("name", part.text).field("arguments", "").end_object();
    const std::string id = part.id.empty() ? ids_.next("call_", kIdLength) : part.id;
    return "\"content\":\"\"," + call_delta(part.call, function.text(), id);
}

std::string ChatCompletionFormat::delta_of(Choice& choice, const AnswerPart& part) {
    std::string delta = role(choice);
    switch (part.kind) {
        case AnswerPartKind::kContent:
        case AnswerPartKind::kToolCallBroken:
            delta += "\"content\":";
            append_json_string(delta, part.text);
            break;
        case AnswerPartKind::kThinking:
            // The one name is OpenRouter's and Ollama's, the other DeepSeek's and llama-server's.
            delta += "\"content\":\"\",\"reasoning\":";
            append_json_string(delta, part.text);
            delta += ",\"reasoning_content\":";
            append_json_string(delta, part.text);
            break;
        case AnswerPartKind::kToolCall:
            delta += call_start(part);
            break;
        case AnswerPartKind::kToolArguments: {
            JsonWriter function;
            function.begin_object().field("arguments", part.text).end_object();
            delta += call_delta(part.call, function.text());
            break;
        }
        case AnswerPartKind::kToolCallEnd:
            break;
    }
    return delta;
}

ChatCompletionFormat::Choice& ChatCompletionFormat::choice(std::size_t index) {
    if (choices_.size() <= index) choices_.resize(index + 1);
    return choices_[index];
}

std::string ChatCompletionFormat::delta(const AnswerDelta& delta) {
    if (failed_) return {};
    Choice& told = choice(delta.choice);
    told.thinking.add(delta);
    told.waiting.insert(told.waiting.end(), delta.logprobs.begin(), delta.logprobs.end());
    std::string text;
    for (const AnswerPart& part : delta.parts) {
        if (part.kind == AnswerPartKind::kToolCallEnd) continue;
        const std::string content = delta_of(told, part);
        text += chunk(delta.choice, content, logprobs(told) + ",\"finish_reason\":null");
    }
    return text;
}

std::string ChatCompletionFormat::end(const AnswerEnd& end) {
    if (failed_) return {};
    if (end.finish.error) return error(*end.finish.error);
    Choice& told = choice(end.choice);
    told.usage = end.finish.usage;
    std::string rest = logprobs(told) + ",\"finish_reason\":";
    append_json_string(rest, reason_of(end));
    std::string content = role(told);
    if (!content.empty()) content += "\"content\":\"\"";
    return chunk(end.choice, content, rest);
}

std::string ChatCompletionFormat::finish() {
    if (failed_) return {};
    if (!terms_.include_usage) return "data: [DONE]\n\n";
    std::int64_t thinking_tokens = 0;
    for (const Choice& told : choices_) thinking_tokens += told.thinking.count();
    const Usage usage = usage_told(choices_, choices_.size());
    return usage_event(head_, usage, thinking_tokens) + "data: [DONE]\n\n";
}

std::string ChatCompletionFormat::error(const Error& error) {
    failed_ = true;
    return event(format_error(500, error.message));
}

std::string ChatCompletionFormat::whole(const std::vector<Answer>& answers) {
    JsonWriter out;
    std::string head = head_of(ids_.next("chatcmpl-", kIdLength), "chat.completion", terms_);
    out.begin_object().key("choices").begin_array();
    for (const Answer& answer : answers) {
        out.begin_object().field("index", answer.end.choice).key("message").begin_object();
        out.field("role", "assistant");
        out.key("content");
        if (answer.content.empty() && !answer.calls.empty()) {
            out.null();
        } else {
            out.value(answer.content);
        }
        if (!answer.thinking.empty()) {
            out.field("reasoning", answer.thinking).field("reasoning_content", answer.thinking);
        }
        if (!answer.calls.empty()) {
            out.key("tool_calls").begin_array();
            for (std::size_t i = 0; i < answer.calls.size(); ++i) {
                const ToolCall& call = answer.calls[i];
                out.begin_object();
                out.field("id", call.id.empty() ? ids_.next("call_", kIdLength) : call.id);
                out.field("index", i).field("type", "function").key("function").begin_object();
                out.field("name", call.name).field("arguments", valid_arguments(call.arguments));
                out.end_object().end_object();
            }
            out.end_array();
        }
        out.end_object();
        if (!answer.logprobs.empty()) out.raw_field("logprobs", chat_logprobs(answer.logprobs));
        out.field("finish_reason", reason_of(answer.end)).end_object();
    }
    out.end_array();
    write_usage(out, usage_of(answers, answers.size()), thinking_tokens_of(answers));
    out.end_object();
    return head + "," + out.take().substr(1);
}

// /v1/completions

CompletionFormat::CompletionFormat(
    AnswerTerms terms, std::size_t choices, std::size_t best_of, bool logprobs
)
    : terms_(std::move(terms)),
      per_prompt_(choices),
      best_of_(best_of),
      logprobs_(logprobs),
      id_(IdSource(terms_.seed).next("cmpl-", kIdLength)) {}

CompletionFormat::Choice& CompletionFormat::choice(std::size_t index) {
    if (choices_.size() <= index) choices_.resize(index + 1);
    return choices_[index];
}

std::string CompletionFormat::chunk(
    std::size_t index, std::string_view text, std::string_view reason
) {
    JsonWriter out;
    out.begin_object().key("choices").begin_array().begin_object();
    out.field("text", text).field("index", index);
    Choice& told = choice(index);
    if (logprobs_) {
        out.raw_field(
            "logprobs", completion_logprobs(std::exchange(told.waiting, {}), told.offset)
        );
    } else {
        out.key("logprobs").null();
    }
    told.offset += character_count(text);
    out.key("finish_reason");
    if (reason.empty()) {
        out.null();
    } else {
        out.value(reason);
    }
    out.end_object().end_array();
    if (terms_.include_usage) out.key("usage").null();
    out.end_object();
    return event(head_of(id_, "text_completion", terms_) + "," + out.take().substr(1));
}

std::string CompletionFormat::delta(const AnswerDelta& delta) {
    if (failed_) return {};
    std::string text;
    for (const AnswerPart& part : delta.parts) text += part.text;
    auto& waiting = choice(delta.choice).waiting;
    waiting.insert(waiting.end(), delta.logprobs.begin(), delta.logprobs.end());
    return text.empty() ? "" : chunk(delta.choice, text, "");
}

std::string CompletionFormat::end(const AnswerEnd& end) {
    if (failed_) return {};
    if (end.finish.error) return error(*end.finish.error);
    choice(end.choice).usage = end.finish.usage;
    return chunk(end.choice, "", reason_of(end));
}

std::string CompletionFormat::finish() {
    if (failed_) return {};
    std::string text;
    if (terms_.include_usage) {
        text = usage_event(head_of(id_, "text_completion", terms_), usage_told(choices_, best_of_));
    }
    return text + "data: [DONE]\n\n";
}

std::string CompletionFormat::error(const Error& error) {
    failed_ = true;
    return event(format_error(500, error.message));
}

std::string CompletionFormat::whole(const std::vector<Answer>& answers) {
    const auto likelihood = [&](std::size_t i) {
        double sum = 0.0;
        for (const TokenLogprobs& token : answers[i].logprobs) sum += token.chosen.logprob;
        return answers[i].logprobs.empty() ? 0.0
                                           : sum / static_cast<double>(answers[i].logprobs.size());
    };
    JsonWriter out;
    out.begin_object().key("choices").begin_array();
    std::size_t index = 0;
    for (std::size_t first = 0; first < answers.size(); first += best_of_) {
        std::vector<std::size_t> ranked(best_of_);
        std::iota(ranked.begin(), ranked.end(), first);
        if (best_of_ > per_prompt_) std::ranges::stable_sort(ranked, std::greater(), likelihood);
        ranked.resize(per_prompt_);
        for (const std::size_t i : ranked) {
            const Answer& answer = answers[i];
            out.begin_object().field("text", answer.content).field("index", index++);
            if (logprobs_) {
                out.raw_field("logprobs", completion_logprobs(answer.logprobs, 0));
            } else {
                out.key("logprobs").null();
            }
            out.field("finish_reason", reason_of(answer.end)).end_object();
        }
    }
    out.end_array();
    write_usage(out, usage_of(answers, best_of_));
    out.end_object();
    return head_of(id_, "text_completion", terms_) + "," + out.take().substr(1);
}

// Lists

std::string format_embeddings(
    std::string_view model,
    const std::vector<std::vector<float>>& rows,
    std::int64_t tokens,
    bool base64
) {
    static_assert(sizeof(float) == 4);
    JsonWriter out;
    out.begin_object().field("object", "list").key("data").begin_array();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        out.begin_object().field("object", "embedding").key("embedding");
        if (base64) {
            const auto bytes = std::as_bytes(std::span(rows[i]));
            out.value(encode_base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
        } else {
            out.begin_array();
            for (const float value : rows[i]) out.value(value);
            out.end_array();
        }
        out.field("index", i).end_object();
    }
    out.end_array().field("model", model).key("usage").begin_object();
    out.field("prompt_tokens", tokens).field("total_tokens", tokens).end_object().end_object();
    return out.take();
}

namespace {

void write_model(JsonWriter& out, const ModelInfo& model) {
    const std::size_t slash = model.name.rfind('/');
    std::string_view owner = "library";
    if (slash != std::string::npos) {
        const std::size_t before = model.name.rfind('/', slash - 1);
        const std::size_t begin = before == std::string::npos ? 0 : before + 1;
        owner = std::string_view(model.name).substr(begin, slash - begin);
    }
    out.begin_object().field("id", model.name).field("object", "model");
    out.field("created", unix_seconds(model.modified)).field("owned_by", owner).end_object();
}

}  // namespace

std::string format_models(const std::vector<ModelInfo>& models) {
    JsonWriter out;
    out.begin_object().field("object", "list").key("data").begin_array();
    for (const ModelInfo& model : models) write_model(out, model);
    out.end_array().end_object();
    return out.take();
}

std::string format_model(const ModelInfo& model) {
    JsonWriter out;
    write_model(out, model);
    return out.take();
}

}  // namespace mullama::api::openai
