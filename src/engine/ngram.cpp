#include "engine/ngram.h"

#include <algorithm>
#include <cstddef>

namespace mullama {

namespace {

/// How many tokens before `end` are the text's last, up to kNgramMax.
std::int32_t match_before(std::span<const Token> text, std::size_t end) {
    const std::size_t most = std::min(end, std::size_t{kNgramMax});
    std::size_t count = 0;
    while (count < most && text[end - 1 - count] == text[text.size() - 1 - count]) ++count;
    return static_cast<std::int32_t>(count);
}

}  // namespace

NgramGuess guess_by_ngram(std::span<const Token> text, std::int32_t tokens_max) {
    NgramGuess guess;
    std::size_t place = 0;
    for (std::size_t end = text.size();
         end-- > std::size_t{kNgramMin} && guess.match < kNgramMax;) {
        if (text[end - 1] != text.back()) continue;
        const std::int32_t match = match_before(text, end);
        if (match < kNgramMin || match <= guess.match) continue;
        guess.match = match;
        place = end;
    }
    if (guess.match == 0) return guess;
    const std::size_t known = text.size() - place;
    for (std::size_t i = 0; i < static_cast<std::size_t>(std::max(tokens_max, 0)); ++i) {
        const Token token = i < known ? text[place + i] : guess.tokens[i - known];
        if (token < 0) break;
        guess.tokens.push_back(token);
    }
    return guess;
}

}  // namespace mullama
