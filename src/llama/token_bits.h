#pragma once

#include <mullama/types.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace mullama {

/// Tokens as bits, as TokenGrammar::allowed() gives them.
inline constexpr std::size_t kTokenBits = 32;  // of a word

/// Whether `token` is among them; none is behind the last word.
inline bool has_token(std::span<const std::uint32_t> words, Token token) {
    const auto bit = static_cast<std::size_t>(token);
    const std::size_t word = bit / kTokenBits;
    return word < words.size() && (words[word] >> (bit % kTokenBits) & 1U) != 0;
}

/// Adds `token`, for which there has to be a word.
inline void add_token(std::span<std::uint32_t> words, Token token) {
    const auto bit = static_cast<std::size_t>(token);
    words[bit / kTokenBits] |= std::uint32_t{1} << (bit % kTokenBits);
}

}  // namespace mullama
