#pragma once

#include <mullama/result.h>
#include <mullama/vocab.h>

#include <cstdint>
#include <limits>
#include <string_view>

namespace mullama {

/// As an upper end: any finite number.
inline constexpr float kUnbounded = std::numeric_limits<float>::max();

/// The longest look-back of penalties: 64 MB for each sampler.
inline constexpr std::int32_t kLastTokensMax = 1 << 24;

/// Errors: kInvalidArgument where `value` is NaN or outside [min, max], for example "top_p is 1.5:
///         it must be between 0 and 1".
Result<void> check_range(std::string_view name, float value, float min, float max);
Result<void> check_range(
    std::string_view name, std::int32_t value, std::int32_t min, std::int32_t max
);

/// check_range() for what has to be above 0.
Result<void> check_positive(std::string_view name, float value);

/// check_gbnf() with the tokens of `vocab`.
Result<void> check_grammar(const Vocab& vocab, std::string_view grammar, std::string_view root);

}  // namespace mullama
