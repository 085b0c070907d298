#include "engine/token_logprobs.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

namespace mullama {
namespace {

// The logarithm of the sum of exp(logit - largest), which cannot overflow.
double log_sum(std::span<const float> logits, double largest) {
    double sum = 0.0;
    for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
    return std::log(sum);
}

std::vector<Token> likeliest(std::span<const float> logits, std::int32_t count) {
    std::vector<Token> tokens(logits.size());
    std::iota(tokens.begin(), tokens.end(), 0);
    const auto end = tokens.begin() + std::min<std::ptrdiff_t>(count, std::ssize(tokens));
    const auto logit = [&](Token token) { return logits[static_cast<std::size_t>(token)]; };
    std::ranges::partial_sort(tokens, end, std::greater(), logit);
    tokens.erase(end, tokens.end());
    return tokens;
}

}  // namespace

TokenLogprobs token_logprobs(
    std::span<const float> logits, Token chosen, std::int32_t top, const Tokenizer& tokenizer
) {
    const double largest = *std::ranges::max_element(logits);
    const double total = log_sum(logits, largest);
    const auto chance = [&](Token token) {
        const double logit = logits[static_cast<std::size_t>(token)];
        const auto logprob = static_cast<float>(logit - largest - total);
        return TokenChance{token, tokenizer.piece(token), logprob};
    };
    TokenLogprobs logprobs{.chosen = chance(chosen)};
    if (top == 0) return logprobs;
    for (const Token token : likeliest(logits, top)) logprobs.top.push_back(chance(token));
    return logprobs;
}

}  // namespace mullama
