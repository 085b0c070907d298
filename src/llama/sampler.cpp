#include "base/error.h"
#include "llama/custom_sampler.h"
#include "llama/sampler_impl.h"
#include <mullama/sampler.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <utility>

namespace mullama {
namespace {

// No token: makes adaptive-p forget the choice it waits to hear of.
constexpr llama_token kNoChoice = -2;

}  // namespace

Sampler::Sampler() : impl_(std::make_unique<Impl>()) {}
Sampler::Sampler(Sampler&&) noexcept = default;
Sampler& Sampler::operator=(Sampler&&) noexcept = default;
Sampler::~Sampler() = default;

std::size_t Sampler::size() const {
    return impl_->entries.size();
}

std::string_view Sampler::name(std::size_t index) const {
    if (index >= size()) return {};
    return llama_sampler_name(impl_->entries[index].sampler);
}

std::optional<std::uint32_t> Sampler::seed() const {
    std::optional<std::uint32_t> seed;
    for (const auto& entry : impl_->entries) {
        if (entry.seed) seed = entry.seed;
    }
    return seed;
}

Result<void> Sampler::remove(std::size_t index) {
    if (index >= size()) {
        return fail(ErrorCode::kInvalidArgument, "no sampler {} in a chain of {}", index, size());
    }
    const auto position = static_cast<std::int32_t>(index);
    llama_sampler_free(llama_sampler_chain_remove(impl_->chain.get(), position));
    impl_->entries.erase(impl_->entries.begin() + position);
    return {};
}

Result<void> Sampler::append(Sampler other) {
    if (other.size() > 0) MULLAMA_TRY(impl_->check_open());
    if (impl_->grammar && other.impl_->grammar) {
        return fail(ErrorCode::kInvalidArgument, "both samplers are constrained by a grammar");
    }
    if (other.impl_->vocab_size > 0) {
        MULLAMA_TRY(impl_->set_vocab(other.impl_->vocab, other.impl_->vocab_size));
    }
    for (const auto& entry : other.impl_->entries) {
        impl_->add(llama_sampler_chain_remove(other.impl_->chain.get(), 0), entry);
    }
    other.impl_->entries.clear();
    if (other.impl_->grammar) impl_->grammar = std::move(other.impl_->grammar);
    if (other.impl_->failure) impl_->failure = std::move(other.impl_->failure);
    return {};
}

Result<Token> Sampler::sample(std::span<const float> logits) {
    MULLAMA_TRY(impl_->check_logits(logits.size()));
    auto drawn = impl_->draw(logits);
    if (!drawn || !impl_->grammar) return drawn;
    try {
        if (impl_->grammar->allows(*drawn)) return drawn;
        return impl_->draw_masked(logits);
    } catch (const std::exception& error) {
        return engine_failure(error);
    }
}

Result<std::optional<Token>> Sampler::apply(std::vector<Candidate>& candidates) {
    if (impl_->failure) return *impl_->failure;
    if (candidates.empty()) {
        return fail(ErrorCode::kInvalidArgument, "sampling needs at least one candidate");
    }
    auto& work = impl_->candidates;
    work.clear();
    for (const auto& candidate : candidates) {
        MULLAMA_TRY(impl_->check_token(candidate.token));
        const bool nan = std::isnan(candidate.logit);
        const float logit = nan ? -std::numeric_limits<float>::infinity() : candidate.logit;
        work.push_back({candidate.token, logit, candidate.probability});
    }
    llama_token_data_array array{work.data(), work.size(), -1, false};
    try {
        if (impl_->grammar) impl_->mask(array);
    } catch (const std::exception& error) {
        return engine_failure(error);
    }
    MULLAMA_TRY(impl_->run(array, 0));
    candidates.clear();
    for (const auto& left : std::span(array.data, array.size)) {
        candidates.push_back({left.id, left.logit, left.p});
    }
    if (array.selected < 0) return std::optional<Token>();
    return std::optional<Token>(array.data[array.selected].id);
}

Result<void> Sampler::accept(Token token) {
    MULLAMA_TRY(impl_->check_token(token));
    try {
        MULLAMA_TRY(impl_->check_allowed(token));
        llama_sampler_accept(impl_->chain.get(), token);
        if (impl_->grammar) impl_->grammar->accept(token);
        for (auto& entry : impl_->entries) entry.remember(token);
    } catch (const std::exception& error) {
        impl_->failure = fail(
            ErrorCode::kInternal,
            "token {} breaks the grammar, reset the sampler: {}",
            token,
            error.what()
        );
        return *impl_->failure;
    }
    return impl_->check_custom();
}

Result<void> Sampler::prime(std::span<const Token> prompt) {
    for (const Token token : prompt) MULLAMA_TRY(impl_->check_token(token));
    for (auto& entry : impl_->entries) {
        if (entry.kind == SamplerKind::kCustom) {
            custom_frame(entry.sampler).run([&](CustomSampler& custom) { custom.prime(prompt); });
        }
        if (!entry.has_history()) continue;
        const auto kept = std::min(prompt.size(), static_cast<std::size_t>(entry.count));
        for (const Token token : prompt.last(kept)) {
            llama_sampler_accept(entry.sampler, token);
            entry.remember(token);
        }
    }
    return impl_->check_custom();
}

void Sampler::reset() {
    llama_sampler_reset(impl_->chain.get());
    if (impl_->grammar) impl_->grammar->reset();
    impl_->failure.reset();
    for (auto& entry : impl_->entries) {
        entry.asleep_bytes = 0;
        entry.awake = false;
        if (entry.kind == SamplerKind::kPenalties) entry.touched.clear();
        entry.oldest = 0;
    }
}

Result<Sampler> Sampler::clone() const {
    Sampler copy;
    auto& to = *copy.impl_;
    to.chain.reset(llama_sampler_clone(impl_->chain.get()));
    to.entries = impl_->entries;
    for (std::size_t i = 0; i < to.entries.size(); ++i) {
        to.entries[i].sampler =
            llama_sampler_chain_get(to.chain.get(), static_cast<std::int32_t>(i));
        // The engine copies the choice that adaptive-p waits to hear of, but not what it needs
        // then.
        if (to.entries[i].kind == SamplerKind::kAdaptive) {
            llama_sampler_accept(to.entries[i].sampler, kNoChoice);
        }
    }
    if (impl_->grammar) to.grammar = impl_->grammar->clone();
    to.vocab = impl_->vocab;
    to.vocab_size = impl_->vocab_size;
    to.failure = impl_->failure;
    MULLAMA_TRY(to.check_custom());
    return copy;
}

}  // namespace mullama
