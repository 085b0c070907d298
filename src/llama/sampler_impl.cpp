#include "llama/sampler_impl.h"

#include "base/error.h"
#include "llama/custom_sampler.h"
#include "llama/logits.h"
#include "llama/token_bits.h"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <limits>

namespace mullama {
namespace {

// Of the candidates that a greedy choice under a grammar tries before it masks all.
constexpr std::size_t kGreedyTries = 64;
// The engine's search for a trigger recurses for each byte, with a few hundred bytes of stack.
constexpr std::size_t kAsleepBytesMax = std::size_t{8} << 10;

Error no_number(std::size_t logits) {
    return fail(
        ErrorCode::kInternal,
        "the model computed no number for any of its {} tokens: its weights may be damaged",
        logits
    );
}

Error no_token_left() {
    return fail(
        ErrorCode::kInvalidArgument,
        "no token is left to choose: the grammar, the logit bias and the other samplers exclude all"
    );
}

}  // namespace

Error engine_failure(const std::exception& error) {
    return fail(ErrorCode::kInternal, "the sampler failed: {}", error.what());
}

bool SamplerEntry::has_history() const {
    return kind == SamplerKind::kPenalties || kind == SamplerKind::kHistory;
}

// A longer window than candidates are picked for is of no use.
bool SamplerEntry::knows_touched() const {
    const bool short_window =
        kind == SamplerKind::kPenalties && static_cast<std::size_t>(std::max(count, 0)) <= kTopMax;
    return short_window || kind == SamplerKind::kBias;
}

void SamplerEntry::remember(Token token) {
    if (kind != SamplerKind::kPenalties || count <= 0 || !knows_touched()) return;
    const auto window = static_cast<std::size_t>(count);
    if (touched.size() < window) {
        touched.push_back(token);
    } else {
        touched[oldest] = token;
        oldest = (oldest + 1) % window;
    }
}

Sampler::Impl::Impl() : chain(llama_sampler_chain_init(llama_sampler_chain_params{true})) {}

void Sampler::Impl::add(llama_sampler* sampler, SamplerEntry entry) {
    entry.sampler = sampler;
    llama_sampler_chain_add(chain.get(), sampler);
    entries.push_back(entry);
}

bool Sampler::Impl::chooses() const {
    if (entries.empty()) return false;
    const auto kind = entries.back().kind;
    return kind == SamplerKind::kGreedy || kind == SamplerKind::kDraw ||
           kind == SamplerKind::kAdaptive;
}

bool Sampler::Impl::only_greedy() const {
    return entries.size() == 1 && entries.front().kind == SamplerKind::kGreedy;
}

Result<void> Sampler::Impl::check_open() const {
    if (!chooses()) return {};
    return fail(
        ErrorCode::kInvalidArgument,
        "sampler '{}' chooses the token: add others before it",
        llama_sampler_name(entries.back().sampler)
    );
}

Result<void> Sampler::Impl::check_unconstrained() const {
    if (!grammar) return {};
    return fail(ErrorCode::kInvalidArgument, "the sampler is constrained by a grammar already");
}

Result<void> Sampler::Impl::set_vocab(const llama_vocab* new_vocab, std::int32_t size) {
    const bool other_size = vocab_size > 0 && vocab_size != size;
    if (other_size || (vocab != nullptr && new_vocab != nullptr && vocab != new_vocab)) {
        return fail(
            ErrorCode::kInvalidArgument,
            "the chain is for a vocabulary of {} tokens, this sampler for another of {}",
            vocab_size,
            size
        );
    }
    vocab_size = size;
    if (new_vocab != nullptr) vocab = new_vocab;
    return {};
}

Result<void> Sampler::Impl::check_logits(std::size_t count) const {
    if (failure) return *failure;
    if (count == 0 || count > std::numeric_limits<std::int32_t>::max()) {
        return fail(ErrorCode::kInvalidArgument, "sampling needs logits, got {}", count);
    }
    if (vocab_size > 0 && count != static_cast<std::size_t>(vocab_size)) {
        return fail(
            ErrorCode::kInvalidArgument,
            "got {} logits, the sampler's vocabulary has {} tokens",
            count,
            vocab_size
        );
    }
    return {};
}

Result<void> Sampler::Impl::check_token(Token token) const {
    if (failure) return *failure;
    if (token >= 0 && (vocab_size == 0 || token < vocab_size)) return {};
    return fail(
        ErrorCode::kInvalidArgument,
        "token {} is outside the sampler's vocabulary of {} tokens",
        token,
        vocab_size
    );
}

Result<void> Sampler::Impl::check_custom() {
    for (const auto& entry : entries) {
        if (entry.kind != SamplerKind::kCustom) continue;
        const auto& frame = custom_frame(entry.sampler);
        if (!frame.failure) continue;
        return fail(
            ErrorCode::kInternal, "custom sampler '{}' failed: {}", frame.name, *frame.failure
        );
    }
    return {};
}

Result<void> Sampler::Impl::run(llama_token_data_array& array, std::size_t first) {
    try {
        for (std::size_t i = first; i < entries.size() && array.size > 0; ++i) {
            llama_sampler_apply(entries[i].sampler, &array);
        }
    } catch (const std::exception& error) {
        return engine_failure(error);
    }
    return check_custom();
}

Result<Token> Sampler::Impl::choose(bool sorted, std::size_t first) {
    llama_token_data_array array{candidates.data(), candidates.size(), -1, sorted};
    MULLAMA_TRY(run(array, first));
    if (array.selected < 0 || static_cast<std::size_t>(array.selected) >= array.size) {
        return fail(
            ErrorCode::kInvalidArgument,
            "the chain of {} samplers chooses no token: end it with greedy or dist",
            entries.size()
        );
    }
    const auto& chosen = array.data[array.selected];
    if (chosen.logit > -std::numeric_limits<float>::infinity()) return chosen.id;
    return no_token_left();
}

Result<Token> Sampler::Impl::draw(std::span<const float> logits) {
    if (only_greedy()) {
        const Token best = argmax(logits);
        return best == kNoToken ? Result<Token>(no_number(logits.size())) : best;
    }
    const auto draw_candidates = [&] {
        const std::size_t first = find_touched();
        const std::size_t count = enough(first);
        if (count == 0 || count + touched.size() > kTopMax) {
            fill_candidates(logits, candidates);
            return choose(false, 0);
        }
        if (touched.empty()) {
            fill_top(logits, count, candidates);
            return choose(true, first);
        }
        // Each of them may leave the largest, or come among them, and no other token.
        fill_top_and(logits, count + touched.size(), touched, candidates);
        return choose(false, 0);
    };
    auto drawn = draw_candidates();
    if (!drawn && argmax(logits) == kNoToken) return no_number(logits.size());
    return drawn;
}

std::size_t Sampler::Impl::find_touched() {
    touched.clear();
    for (std::size_t first = 0; first < entries.size(); ++first) {
        const SamplerEntry& entry = entries[first];
        if (!entry.knows_touched()) return first;
        touched.insert(touched.end(), entry.touched.begin(), entry.touched.end());
    }
    return entries.size();
}

std::size_t Sampler::Impl::enough(std::size_t first) const {
    if (first >= entries.size()) return 0;
    const SamplerEntry& entry = entries[first];
    if (entry.kind == SamplerKind::kGreedy) return 1;
    const auto count = static_cast<std::size_t>(std::max(entry.count, 0));
    return entry.kind == SamplerKind::kTopK && count <= kTopMax ? count : 0;
}

Result<Token> Sampler::Impl::draw_masked(std::span<const float> logits) {
    if (only_greedy()) {
        fill_top(logits, kGreedyTries, candidates);
        for (const auto& candidate : candidates) {
            if (grammar->allows(candidate.id)) return candidate.id;
        }
    }
    masked.assign(logits.begin(), logits.end());
    const std::span<const std::uint32_t> allowed = grammar->allowed();
    for (std::size_t token = 0; token < masked.size(); ++token) {
        if (!has_token(allowed, static_cast<Token>(token))) {
            masked[token] = -std::numeric_limits<float>::infinity();
        }
    }
    return argmax(masked) == kNoToken ? Result<Token>(no_token_left()) : draw(masked);
}

void Sampler::Impl::mask(llama_token_data_array& array) {
    const std::span<const std::uint32_t> allowed = grammar->allowed();
    for (auto& candidate : std::span(array.data, array.size)) {
        if (!has_token(allowed, candidate.id)) {
            candidate.logit = -std::numeric_limits<float>::infinity();
        }
    }
}

Result<void> Sampler::Impl::check_allowed(Token token) {
    const auto refused = [&] {
        return fail(
            ErrorCode::kInvalidArgument,
            "token {} does not follow the grammar here: accept only tokens that were sampled",
            token
        );
    };
    if (grammar && !grammar->allows(token)) return refused();
    for (auto& entry : entries) {
        const bool lazy = entry.kind == SamplerKind::kLazyGrammar;
        if (!lazy && entry.kind != SamplerKind::kGrammar) continue;
        if (!grammar_allows(entry.sampler, token)) return refused();
        if (lazy) MULLAMA_TRY(check_lazy(entry, token));
    }
    return {};
}

Result<void> Sampler::Impl::check_lazy(SamplerEntry& entry, Token token) {
    if (entry.count == 0 || entry.awake) return {};
    const auto bytes = llama_token_to_piece(vocab, token, nullptr, 0, 0, true);
    const auto total = entry.asleep_bytes + static_cast<std::size_t>(std::abs(bytes));
    if (total <= kAsleepBytesMax) {
        entry.asleep_bytes = total;
        return {};
    }
    entry.awake = grammar_awake(entry.sampler, vocab_size);
    if (entry.awake) return {};
    return fail(
        ErrorCode::kExhausted,
        "a lazy grammar met no trigger in {} bytes: give trigger tokens, or a pattern that matches "
        "earlier",
        kAsleepBytesMax
    );
}

bool grammar_awake(llama_sampler* grammar, std::int32_t vocab_size) {
    for (Token token = 0; token < vocab_size; ++token) {
        if (!grammar_allows(grammar, token)) return true;
    }
    return false;
}

}  // namespace mullama
