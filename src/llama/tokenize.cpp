#include "llama/tokenize.h"

#include "base/error.h"
#include "llama/deep_stack.h"
#include "llama/engine_guard.h"

#include <algorithm>
#include <cstdint>
#include <exception>

namespace mullama {
namespace {

// Stack for regular expressions: 330 bytes a character were measured over all pre-tokenizers.
constexpr std::size_t kShallowMatchBytes = 2048;
constexpr std::size_t kMatchBytesMax = std::size_t{1} << 20;
constexpr std::size_t kStackBytes = std::size_t{1} << 20;
constexpr std::size_t kStackBytesPerCharacter = 1024;

std::vector<Token> run_tokenizer(const TokenizeCall& call) {
    std::vector<Token> tokens(call.text.size() / 2 + 16);
    for (;;) {
        const std::int32_t count = llama_tokenize(
            call.vocab,
            call.text.data(),
            static_cast<std::int32_t>(call.text.size()),
            tokens.data(),
            static_cast<std::int32_t>(tokens.size()),
            call.add_special,
            call.parse_special
        );
        if (count >= 0) {
            tokens.resize(static_cast<std::size_t>(count));
            return tokens;
        }
        tokens.resize(static_cast<std::size_t>(-static_cast<std::int64_t>(count)));
    }
}

Result<std::vector<Token>> try_tokenizer(const TokenizeCall& call) {
    const EngineGuard guard;
    try {
        return run_tokenizer(call);
    } catch (const std::exception& error) {
        return fail(
            ErrorCode::kCorrupt, "the vocabulary cannot tokenize the text: {}", error.what()
        );
    }
}

// The most bytes that one match of a pre-tokenizer's regular expression can span: white space,
// then something else, then white space again.
std::size_t longest_match(std::string_view text) {
    std::size_t longest_space = 0;
    std::size_t longest_word = 0;
    std::size_t run = 0;
    bool in_space = false;
    for (const char c : text) {
        const bool space = c == ' ' || (c >= '\t' && c <= '\r');
        run = space == in_space ? run + 1 : 1;
        in_space = space;
        std::size_t& longest = space ? longest_space : longest_word;
        longest = std::max(longest, run);
    }
    return 2 * longest_space + longest_word;
}

// std::regex, which the engine splits text with, calls itself once for each character of a match.
Result<std::vector<Token>> tokenize_long_matches(const TokenizeCall& call, std::size_t match) {
    if (match > kMatchBytesMax) {
        return fail(
            ErrorCode::kInvalidArgument,
            "text runs on for {} bytes without a break between words and spaces, at most {} can be "
            "tokenized: break it up",
            match,
            kMatchBytesMax
        );
    }
    Result<std::vector<Token>> tokens = std::vector<Token>();
    MULLAMA_TRY(run_on_deep_stack(kStackBytes + match * kStackBytesPerCharacter, [&] {
        tokens = try_tokenizer(call);
    }));
    return tokens;
}

}  // namespace

Result<std::vector<Token>> tokenize(const TokenizeCall& call) {
    const bool splits_by_regex = llama_vocab_type(call.vocab) == LLAMA_VOCAB_TYPE_BPE;
    const std::size_t match = splits_by_regex ? longest_match(call.text) : 0;
    return match > kShallowMatchBytes ? tokenize_long_matches(call, match) : try_tokenizer(call);
}

}  // namespace mullama
