#include "engine/token_logprobs.h"

#include "llama/top_tokens.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace mullama {
namespace {

// The logarithm of the sum of exp(logit - largest), which cannot overflow.
double log_sum(std::span<const float> logits, double largest) {
    double sum = 0.0;
    for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
    return std::log(sum);
}

/// Logits further below the largest one change its probability by less than a hundred thousandth
/// of a hundredth each.
constexpr float kFarBelow = 16.0F;

}  // namespace

TokenLogprobs token_logprobs(
    std::span<const float> logits, Token chosen, std::int32_t top, const Tokenizer& tokenizer
) {
    const std::vector<Token> best = top_tokens(logits, static_cast<std::size_t>(std::max(top, 1)));
    const double largest = best.empty() ? 0.0 : logits[static_cast<std::size_t>(best.front())];
    const double total = log_sum(logits, largest);
    const auto chance = [&](Token token) {
        const double logit = logits[static_cast<std::size_t>(token)];
        const auto logprob = static_cast<float>(logit - largest - total);
        return TokenChance{token, tokenizer.piece(token), logprob};
    };
    TokenLogprobs logprobs{.chosen = chance(chosen)};
    if (top == 0) return logprobs;
    for (const Token token : best) logprobs.top.push_back(chance(token));
    return logprobs;
}

// Most logits are so far below that nothing is computed for them.
float probability_of(std::span<const float> logits, Token largest) {
    const float most = logits[static_cast<std::size_t>(largest)];
    float sum = 0.0F;
    for (const float logit : logits) {
        if (logit > most - kFarBelow) sum += std::exp(logit - most);
    }
    return sum >= 1.0F ? 1.0F / sum : 0.0F;  // where the largest is no number
}

}  // namespace mullama
