#pragma once

#include <mullama/tokenizer.h>
#include <mullama/types.h>

#include <cstdint>
#include <span>

namespace mullama {

/// How likely a model found `chosen` and the `top` likeliest tokens, from its logits.
/// Shape:   [vocab size] float32.
TokenLogprobs token_logprobs(
    std::span<const float> logits, Token chosen, std::int32_t top, const Tokenizer& tokenizer
);

/// About how probable a model finds `largest`, the token with the largest logit: to a hundredth; 0
/// where that is infinite or no number.
/// Shape:   [vocab size] float32.
float probability_of(std::span<const float> logits, Token largest);

}  // namespace mullama
