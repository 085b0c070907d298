#include "engine/ngram.h"

#include <algorithm>
#include <cstddef>

namespace mullama {

namespace {

static_assert(kNgramMin == 2, "see has_pair()");
constexpr std::size_t kBlock = 64;

/// Whether the text's last two tokens stand before one of the places [begin, end). Without a
/// branch, so that it is compiled to look at several places at a time.
bool has_pair(std::span<const Token> text, std::size_t begin, std::size_t end) {
    const Token last = text[text.size() - 1];
    const Token before = text[text.size() - 2];
    unsigned found = 0;
    for (std::size_t place = begin; place < end; ++place) {
        found |= static_cast<unsigned>(text[place - 1] == last) &
                 static_cast<unsigned>(text[place - 2] == before);
    }
    return found != 0;
}

/// How many tokens before `place` are the text's last, up to kNgramMax.
std::int32_t match_before(std::span<const Token> text, std::size_t place) {
    const std::size_t most = std::min(place, std::size_t{kNgramMax});
    std::size_t count = 0;
    while (count < most && text[place - 1 - count] == text[text.size() - 1 - count]) ++count;
    return static_cast<std::int32_t>(count);
}

}  // namespace

NgramGuess guess_by_ngram(std::span<const Token> text, std::int32_t tokens_max) {
    NgramGuess guess;
    std::size_t place = 0;
    for (std::size_t end = text.size(); end > kNgramMin && guess.match < kNgramMax;) {
        const std::size_t begin = end - std::min(kBlock, end - kNgramMin);
        const bool found = has_pair(text, begin, end);
        for (std::size_t next = end; found && next-- > begin;) {
            const std::int32_t match = match_before(text, next);
            if (match < kNgramMin || match <= guess.match) continue;
            guess.match = match;
            place = next;
        }
        end = begin;
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
