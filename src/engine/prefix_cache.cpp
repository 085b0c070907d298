#include "engine/prefix_cache.h"

#include <algorithm>
#include <span>
#include <utility>

namespace mullama {

namespace {

// The next token is chosen from the last one, which therefore is always computed.
std::span<const Token> takeable(const Sequence& sequence) {
    return std::span(sequence.tokens).first(sequence.tokens.size() - 1);
}

void stop_at(Sequence& sequence, std::int32_t tokens) {
    const bool is_ahead = sequence.stop_at > sequence.decoded;
    sequence.stop_at = is_ahead ? std::min(sequence.stop_at, tokens) : tokens;
}

}  // namespace

PrefixCache::PrefixCache(
    Decoder& decoder, std::size_t bytes_max, std::unique_ptr<Snapshots> snapshots
)
    : decoder_(decoder),
      on_(bytes_max > 0 && decoder.sharing() != Sharing::kNone),
      whole_(decoder.sharing() == Sharing::kWhole),
      bytes_max_(bytes_max),
      tree_(bytes_max),
      snapshots_(std::move(snapshots)) {}

void PrefixCache::take_read() {
    if (!snapshots_) return;
    for (const Snapshot& snapshot : snapshots_->take_read()) {
        const SharedState& state = snapshot.state;
        tree_.add(snapshot.tokens, snapshot.begin, state, state->size());
    }
}

// Positions follow the tokens only where there are no pictures and nothing was forgotten.
bool PrefixCache::shares(const Sequence& sequence) const {
    return on_ && sequence.cache_prompt && sequence.media.empty() && sequence.forgotten == 0;
}

// What is computed with other adapters than the usual ones is shared while it runs only.
bool PrefixCache::is_kept(const Sequence& sequence) const {
    return shares(sequence) && sequence.adapter_scales.empty();
}

bool PrefixCache::begin(Sequence& sequence, const Sequences& running) {
    if (!shares(sequence)) return true;
    const auto tokens = takeable(sequence);
    const Offers offered = offers(sequence, tokens, running);
    const bool is_kept = this->is_kept(sequence);
    const Tree::Match kept = is_kept ? tree_.find(tokens, whole_) : Tree::Match();
    const std::int32_t at_hand = std::max(offered.now.tokens, kept.tokens);
    if (offered.soon.tokens >= at_hand + kWorthWaiting) {
        Sequence& lender = *offered.soon.sequence;
        if (whole_) stop_at(lender, offered.soon.tokens);
        lender.lent_priority = std::min(lender.lent_priority, sequence.lent_priority);
        return false;
    }
    if (is_kept && waits_for_disk(sequence, tokens, kept.tokens, at_hand)) return false;
    take(sequence, offered.now, kept);
    if (sequence.generated() == 0) sequence.cached_tokens = sequence.decoded;
    if (!whole_) return true;
    // Here others have left, or will leave, the way of this one.
    std::int32_t fork = offered.common;
    if (is_kept) fork = std::max(fork, tree_.find(tokens, /*whole=*/false).tokens);
    if (is_kept && snapshots_) fork = std::max(fork, snapshots_->known(tokens));
    const auto end = static_cast<std::int32_t>(tokens.size());
    if (fork >= sequence.decoded + kWorthWaiting) {
        stop_at(sequence, fork);
    } else if (is_kept && end >= sequence.decoded + kPieceTokens) {
        stop_at(sequence, end);  // for the same prompt again
    }
    return true;
}

PrefixCache::Offers PrefixCache::offers(
    const Sequence& sequence, std::span<const Token> tokens, const Sequences& running
) const {
    Offers offers;
    bool is_before = true;
    for (const auto& other : running) {
        if (other.get() == &sequence) is_before = false;
        if (other.get() == &sequence || !shares(*other)) continue;
        if (other->adapter_scales != sequence.adapter_scales) continue;
        const std::int32_t common = common_length(tokens, other->tokens);
        const bool all = other->decoded <= common;
        const std::int32_t now = all ? other->decoded : whole_ ? 0 : common;
        if (now > offers.now.tokens) offers.now = {other.get(), now};
        const bool is_coming = is_before && all && !other->paused_at;
        if (is_coming && common > offers.soon.tokens) offers.soon = {other.get(), common};
        offers.common = std::max(offers.common, common);
    }
    return offers;
}

// Asks the disk once, so that those who have much there cannot take it from each other for ever.
bool PrefixCache::waits_for_disk(
    Sequence& sequence, std::span<const Token> tokens, std::int32_t in_memory, std::int32_t at_hand
) {
    if (!snapshots_) return false;
    if (!sequence.snapshots) {
        if (snapshots_->find(tokens) < at_hand + kWorthWaiting) return false;
        sequence.snapshots = snapshots_->fetch(tokens, in_memory, bytes_max_);
    }
    return !snapshots_->is_done(*sequence.snapshots);
}

void PrefixCache::take(Sequence& sequence, const Lender& lender, const Tree::Match& kept) {
    if (lender.tokens >= std::max(kept.tokens, kTokensMin)) {
        if (decoder_.share(lender.sequence->id, sequence.id, lender.tokens)) {
            sequence.decoded = lender.tokens;
            sequence.shares_cells = true;
            lender.sequence->shares_cells = true;
            return;
        }
    }
    if (kept.tokens >= kTokensMin && !restore(sequence, kept)) {
        decoder_.remove(sequence.id);
        sequence.decoded = 0;
    }
}

bool PrefixCache::restore(Sequence& sequence, const Tree::Match& kept) {
    for (const auto& part : kept.parts) {
        if (!decoder_.restore(sequence.id, *part.state, part.begin, part.end)) return false;
        sequence.decoded = part.end;
    }
    return true;
}

void PrefixCache::keep(const Sequence& sequence) {
    if (!is_kept(sequence)) return;
    const auto tokens =
        std::span(sequence.tokens).first(static_cast<std::size_t>(sequence.decoded));
    std::int32_t begin = tree_.find(tokens, /*whole=*/true).tokens;
    if (sequence.decoded - begin < kTokensMin) return;
    while (begin < sequence.decoded) {
        const std::int32_t border = (begin / kPieceTokens + 1) * kPieceTokens;
        const std::int32_t end = whole_ ? sequence.decoded : std::min(border, sequence.decoded);
        auto state = decoder_.save(sequence.id, begin, end);
        if (!state) return;
        const auto until = tokens.first(static_cast<std::size_t>(end));
        const auto shared = std::make_shared<const std::vector<std::byte>>(std::move(*state));
        if (!tree_.add(until, begin, shared, shared->size())) break;
        begin = end;
    }
    if (snapshots_) snapshots_->keep(tokens, tree_.find(tokens, /*whole=*/true));
}

}  // namespace mullama
