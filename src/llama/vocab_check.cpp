#include "llama/vocab_check.h"

#include "base/error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <variant>
#include <vector>

namespace mullama {
namespace {

constexpr std::size_t kTokensMax = std::size_t{1} << 24;
constexpr std::size_t kTokenBytesMax = std::size_t{1} << 20;

// The engine asserts that texts are unique, and gives empty ones a text of its own.
Result<void> check_tokens(const std::vector<std::string>& tokens) {
    if (tokens.empty() || tokens.size() > kTokensMax) {
        return fail(
            ErrorCode::kCorrupt,
            "\"tokenizer.ggml.tokens\" has {} tokens, allowed are 1 to {}",
            tokens.size(),
            kTokensMax
        );
    }
    std::unordered_set<std::string_view> seen;
    seen.reserve(tokens.size());
    for (const std::string& token : tokens) {
        if (token.size() > kTokenBytesMax) {
            return fail(ErrorCode::kCorrupt, "a token of {} bytes is too long", token.size());
        }
        if (token.empty() || seen.insert(token).second) continue;
        return fail(ErrorCode::kCorrupt, "\"tokenizer.ggml.tokens\" names \"{}\" twice", token);
    }
    return {};
}

// A list that goes with the tokens, of one of the types T.
template <typename... T>
Result<void> check_length(const GgufFile& file, std::string_view key, std::size_t tokens) {
    const GgufValue* value = file.find(key);
    if (value == nullptr) return {};
    std::optional<std::size_t> length;
    const auto measure = [&](const auto* list) {
        if (list != nullptr) length = list->size();
    };
    (measure(std::get_if<std::vector<T>>(value)), ...);
    if (!length) return fail(ErrorCode::kCorrupt, "\"{}\" is stored as another type", key);
    if (*length >= tokens) return {};
    return fail(ErrorCode::kCorrupt, "\"{}\" has {} entries for {} tokens", key, *length, tokens);
}

}  // namespace

Result<void> check_vocabulary(const GgufFile& file) {
    const GgufValue* model = file.find("tokenizer.ggml.model");
    if (model == nullptr || !std::holds_alternative<std::string>(*model)) {
        return fail(ErrorCode::kCorrupt, "the file lacks the text \"tokenizer.ggml.model\"");
    }
    const auto& name = std::get<std::string>(*model);
    if (name == "none" || name == "no_vocab") return {};
    const GgufValue* list = file.find("tokenizer.ggml.tokens");
    if (list == nullptr || !std::holds_alternative<std::vector<std::string>>(*list)) {
        return fail(
            ErrorCode::kCorrupt, "the file lacks the list of texts \"tokenizer.ggml.tokens\""
        );
    }
    const auto& tokens = std::get<std::vector<std::string>>(*list);
    MULLAMA_TRY(check_tokens(tokens));
    MULLAMA_TRY((check_length<float, std::int32_t>(file, "tokenizer.ggml.scores", tokens.size())));
    return check_length<std::int32_t>(file, "tokenizer.ggml.token_type", tokens.size());
}

}  // namespace mullama
