#pragma once

#include <mullama/types.h>

#include <cstddef>
#include <span>
#include <vector>

namespace mullama {

/// The tokens of the `count` largest logits in falling order, all of them where there are fewer.
/// NaN and -inf are left out where others are enough.
/// Shape:   logits: [vocab size] float32.
std::vector<Token> top_tokens(std::span<const float> logits, std::size_t count);

}  // namespace mullama
