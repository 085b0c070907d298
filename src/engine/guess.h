#pragma once

#include <mullama/types.h>

#include <algorithm>
#include <cstdint>

namespace mullama {

/// What it is known by how often a guess is right: how long the match is that it comes from, or how
/// sure the draft model is of it.
using GuessKind = std::uint8_t;

/// A token that an answer may go on with.
struct Guess {
    Token token = 0;
    GuessKind kind = 0;

    friend bool operator==(const Guess&, const Guess&) = default;
};

inline constexpr GuessKind kMatchKinds = 11;  // 0 to 8 tokens each, 9 to 16, 17 and more
inline constexpr GuessKind kModelKinds = 10;  // tenths of a probability
inline constexpr GuessKind kGuessKinds = kMatchKinds + kModelKinds;

/// For a guess before which so many tokens are the same as where it comes from.
inline GuessKind kind_of_match(std::int32_t match) {
    if (match <= 8) return static_cast<GuessKind>(std::max(match, 0));
    return match <= 16 ? kMatchKinds - 2 : kMatchKinds - 1;
}

/// For a guess to which a draft model gives so much probability, 0 to 1.
inline GuessKind kind_of_probability(float probability) {
    const int tenth = static_cast<int>(probability * kModelKinds);
    return static_cast<GuessKind>(kMatchKinds + std::clamp(tenth, 0, kModelKinds - 1));
}

}  // namespace mullama
