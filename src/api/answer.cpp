#include "api/answer.h"

#include "api/json.h"

#include <utility>

#include <fmt/format.h>

namespace mullama::api {
namespace {

bool is_object(std::string_view text) {
    const Result<json::value> value = parse_json(text);
    return value && value->is_object();
}

// Models write line breaks into strings, where JSON wants them escaped.
std::string with_escapes(std::string_view text) {
    std::string escaped;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string && static_cast<unsigned char>(c) < 0x20) {
            escaped += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
            continue;
        }
        escaped += c;
        if (c == '"') in_string = !in_string;
        if (c == '\\' && in_string && i + 1 < text.size()) escaped += text[++i];
    }
    return escaped;
}

}  // namespace

std::string valid_arguments(std::string_view arguments) {
    if (is_object(arguments)) return std::string(arguments);
    std::string escaped = with_escapes(arguments);
    return is_object(escaped) ? escaped : "{}";
}

// A token without a part of its own, such as half a character, belongs to what was last told.
void ThinkingTokens::add(const AnswerDelta& delta) {
    for (const AnswerPart& part : delta.parts) {
        thinking_ = part.kind == AnswerPartKind::kThinking;
    }
    if (thinking_) count_ += static_cast<std::int64_t>(delta.tokens.size());
}

void AnswerCollector::add(const AnswerDelta& delta) {
    thinking_.add(delta);
    for (const AnswerPart& part : delta.parts) {
        switch (part.kind) {
            case AnswerPartKind::kContent:
                answer_.content += part.text;
                break;
            case AnswerPartKind::kThinking:
                answer_.thinking += part.text;
                break;
            case AnswerPartKind::kToolCall:
                answer_.calls.push_back({part.id, part.text, ""});
                break;
            case AnswerPartKind::kToolArguments:
                answer_.calls.back().arguments += part.text;
                break;
            case AnswerPartKind::kToolCallEnd:
                break;
            case AnswerPartKind::kToolCallBroken:
                answer_.calls.pop_back();
                answer_.content += part.text;
                break;
        }
    }
    answer_.tokens.insert(answer_.tokens.end(), delta.tokens.begin(), delta.tokens.end());
    answer_.logprobs.insert(answer_.logprobs.end(), delta.logprobs.begin(), delta.logprobs.end());
}

Answer AnswerCollector::take(AnswerEnd end) {
    answer_.end = std::move(end);
    answer_.thinking_tokens = std::exchange(thinking_, ThinkingTokens()).count();
    answer_.end.has_calls = !answer_.calls.empty();
    return std::exchange(answer_, {});
}

}  // namespace mullama::api
