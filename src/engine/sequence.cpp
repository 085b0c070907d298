#include "engine/sequence.h"

#include "base/sha256.h"

#include <charconv>
#include <limits>

namespace mullama {

namespace {

std::int64_t nanoseconds_between(Clock::TimePoint begin, Clock::TimePoint end) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(end - begin).count();
}

// The hash covers the whole id; each token carries 31 of its bits.
constexpr std::size_t kHexDigits = 8;
constexpr std::uint32_t kBits = std::numeric_limits<Token>::max();

}  // namespace

std::vector<Token> media_tokens(const MediaEmbedding& media) {
    const std::string hash = sha256_hex(media.id);
    std::vector<Token> words;
    for (std::size_t at = 0; at < hash.size(); at += kHexDigits) {
        std::uint32_t word = 0;
        std::from_chars(&hash[at], &hash[at] + kHexDigits, word, 16);
        words.push_back(-1 - static_cast<Token>(word & kBits));
    }
    std::vector<Token> tokens;
    const auto count = static_cast<std::size_t>(media.row_count);
    for (std::size_t i = 0; i < count; ++i) tokens.push_back(words[i % words.size()]);
    return tokens;
}

const MediaRange* Sequence::media_next() const {
    const auto next = std::ranges::find_if(media, [this](const MediaRange& range) {
        return range.end() > decoded;
    });
    return next != media.end() && next->begin <= decoded ? &*next : nullptr;
}

std::int32_t Sequence::tokens_next() const {
    const auto next = std::ranges::find_if(media, [this](const MediaRange& range) {
        return range.end() > decoded;
    });
    return next == media.end() ? pending() : std::max(next->begin - decoded, 0);
}

Position Sequence::position_of(std::int32_t index) const {
    Position position = index;
    for (const MediaRange& range : media) {
        if (range.begin >= index) break;
        position += range.media->position_count - range.media->row_count;
    }
    return position;
}

Usage Sequence::usage(Clock::TimePoint now) const {
    Usage usage;
    usage.prompt_tokens = prompt_tokens;
    usage.cached_tokens = cached_tokens;
    usage.cut_tokens = cut_tokens;
    usage.completion_tokens = generated();
    usage.drafted_tokens = drafted_tokens;
    usage.accepted_tokens = accepted_tokens;
    usage.queue_ns = nanoseconds_between(submitted_at, started_at.value_or(now));
    if (started_at) {
        usage.prompt_ns = nanoseconds_between(*started_at, first_token_at.value_or(now));
    }
    if (first_token_at) usage.decode_ns = nanoseconds_between(*first_token_at, last_token_at);
    return usage;
}

}  // namespace mullama
