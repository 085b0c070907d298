#pragma once

#include <mullama/types.h>

#include <cstddef>
#include <span>
#include <vector>

#include <llama.h>

namespace mullama {

/// The first of the largest logits; kNoToken where there is nothing but NaN and -inf.
Token argmax(std::span<const float> logits);

/// Fills `candidates` with all tokens in order. NaN becomes -inf and +inf a large number, so that
/// no sampler compares what has no order.
void fill_candidates(std::span<const float> logits, std::vector<llama_token_data>& candidates);

/// Fills `candidates` with the `count` largest logits in falling order, as a top-k sampler over
/// all of them would, without listing all. NaN and -inf are left out where others are enough.
void fill_top(
    std::span<const float> logits, std::size_t count, std::vector<llama_token_data>& candidates
);

/// Fills `candidates` with those of fill_top() and with `tokens`, in order of their tokens.
void fill_top_and(
    std::span<const float> logits,
    std::size_t count,
    std::span<const Token> tokens,
    std::vector<llama_token_data>& candidates
);

}  // namespace mullama
