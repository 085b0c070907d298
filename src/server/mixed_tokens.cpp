#include "server/mixed_tokens.h"

#include <utility>

namespace mullama::server {

Result<std::vector<Token>> tokens_of(
    const api::MixedPrompt& prompt, const Tokenizer& tokenizer, bool add_special, bool parse_special
) {
    std::vector<Token> tokens;
    bool is_first = true;
    for (const api::Prompt& part : prompt) {
        if (part.tokens.empty()) {
            auto encoded = tokenizer.encode(part.text, add_special && is_first, parse_special);
            if (!encoded) return std::move(encoded).error();
            tokens.insert(tokens.end(), encoded->begin(), encoded->end());
        } else {
            tokens.insert(tokens.end(), part.tokens.begin(), part.tokens.end());
        }
        is_first = false;
    }
    return tokens;
}

}  // namespace mullama::server
