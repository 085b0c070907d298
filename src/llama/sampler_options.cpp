#include "base/error.h"
#include "llama/sampler_checks.h"
#include "llama/sampler_impl.h"
#include <mullama/sampler.h>

#include <limits>
#include <memory>
#include <utility>

namespace mullama {
namespace {

constexpr std::int32_t kIntMax = std::numeric_limits<std::int32_t>::max();

// Locally typical sampling takes the logarithm of every probability: those of excluded tokens,
// which are 0, have to go before.
class DropExcluded final : public CustomSampler {
  public:
    std::string_view name() const override { return "drop-excluded"; }

    void apply(Candidates& candidates) override {
        const bool sorted = candidates.sorted();
        const auto items = candidates.items();
        std::size_t kept = 0;
        for (const auto& item : items) {
            if (item.logit > -std::numeric_limits<float>::infinity()) items[kept++] = item;
        }
        candidates.keep(kept);
        if (sorted) candidates.set_sorted();
    }

    std::unique_ptr<CustomSampler> clone() const override {
        return std::make_unique<DropExcluded>(*this);
    }
};

Result<void> check_shape(const SamplingOptions& o) {
    MULLAMA_TRY(check_range("temperature", o.temperature, 0.0F, kUnbounded));
    MULLAMA_TRY(check_range("top_k", o.top_k, 0, kIntMax));
    MULLAMA_TRY(check_range("top_p", o.top_p, 0.0F, 1.0F));
    MULLAMA_TRY(check_range("min_p", o.min_p, 0.0F, 1.0F));
    MULLAMA_TRY(check_range("typical_p", o.typical_p, 0.0F, 1.0F));
    MULLAMA_TRY(check_range("top_n_sigma", o.top_n_sigma, -kUnbounded, kUnbounded));
    MULLAMA_TRY(check_range("xtc_probability", o.xtc_probability, 0.0F, 1.0F));
    MULLAMA_TRY(check_range("xtc_threshold", o.xtc_threshold, 0.0F, 1.0F));
    MULLAMA_TRY(check_range("dynatemp_range", o.dynatemp_range, 0.0F, kUnbounded));
    MULLAMA_TRY(check_range("dynatemp_exponent", o.dynatemp_exponent, 0.0F, kUnbounded));
    MULLAMA_TRY(check_range("mirostat", o.mirostat, 0, 2));
    MULLAMA_TRY(check_range("mirostat_tau", o.mirostat_tau, 0.0F, kUnbounded));
    return check_range("mirostat_eta", o.mirostat_eta, 0.0F, kUnbounded);
}

Result<void> check_penalties(const SamplingOptions& o) {
    MULLAMA_TRY(check_range("repeat_last_n", o.repeat_last_n, -1, kIntMax));
    MULLAMA_TRY(check_positive("repeat_penalty", o.repeat_penalty));
    MULLAMA_TRY(check_range("presence_penalty", o.presence_penalty, -kUnbounded, kUnbounded));
    MULLAMA_TRY(check_range("frequency_penalty", o.frequency_penalty, -kUnbounded, kUnbounded));
    MULLAMA_TRY(check_range("dry_multiplier", o.dry_multiplier, 0.0F, kUnbounded));
    MULLAMA_TRY(check_range("dry_base", o.dry_base, 1.0F, kUnbounded));
    MULLAMA_TRY(check_range("dry_allowed_length", o.dry_allowed_length, 0, kIntMax));
    return check_range("dry_penalty_last_n", o.dry_penalty_last_n, -1, kIntMax);
}

// -1 and everything longer than the context mean the whole context.
std::int32_t window(std::int32_t last_n, std::int32_t context_length) {
    return last_n < 0 || last_n > context_length ? context_length : last_n;
}

Result<void> add_history(
    Sampler& chain, const Vocab& vocab, const SamplingOptions& o, std::int32_t context_length
) {
    const PenaltyOptions penalties{
        .last_n = window(o.repeat_last_n, context_length),
        .repeat = o.repeat_penalty,
        .frequency = o.frequency_penalty,
        .presence = o.presence_penalty,
    };
    const bool penalized =
        o.repeat_penalty != 1.0F || o.frequency_penalty != 0.0F || o.presence_penalty != 0.0F;
    if (penalized && penalties.last_n > 0) MULLAMA_TRY(chain.add_penalties(penalties));
    const DryOptions dry{
        .multiplier = o.dry_multiplier,
        .base = o.dry_base,
        .allowed_length = std::min(o.dry_allowed_length, kLastTokensMax),
        .last_n = window(o.dry_penalty_last_n, context_length),
        .sequence_breakers = o.dry_sequence_breakers,
    };
    if (dry.multiplier > 0.0F && dry.last_n > 0) MULLAMA_TRY(chain.add_dry(vocab, dry));
    return {};
}

Result<void> add_narrowing(Sampler& chain, const SamplingOptions& o, std::uint32_t seed) {
    if (o.top_n_sigma > 0.0F) MULLAMA_TRY(chain.add_top_n_sigma(o.top_n_sigma));
    if (o.top_k > 0) MULLAMA_TRY(chain.add_top_k(o.top_k));
    if (o.typical_p < 1.0F) {
        MULLAMA_TRY(chain.add(std::make_unique<DropExcluded>()));
        MULLAMA_TRY(chain.add_typical(o.typical_p));
    }
    if (o.top_p < 1.0F) MULLAMA_TRY(chain.add_top_p(o.top_p));
    if (o.min_p > 0.0F) MULLAMA_TRY(chain.add_min_p(o.min_p));
    // Another seed than the draw's: the two must not share their random numbers.
    if (o.xtc_probability > 0.0F && o.xtc_threshold <= 0.5F) {
        MULLAMA_TRY(chain.add_xtc(o.xtc_probability, o.xtc_threshold, 1, ~seed));
    }
    return {};
}

Result<void> add_temperature(Sampler& chain, const SamplingOptions& o) {
    if (o.dynatemp_range <= 0.0F) return chain.add_temperature(o.temperature);
    return chain.add_dynamic_temperature(o.temperature, o.dynatemp_range, o.dynatemp_exponent);
}

Result<void> add_choice(Sampler& chain, const Vocab& vocab, const SamplingOptions& o) {
    if (o.temperature == 0.0F) return chain.add_greedy();
    const auto seed = resolve_seed(o.seed.value_or(kRandomSeed));
    if (o.mirostat == 0) MULLAMA_TRY(add_narrowing(chain, o, seed));
    MULLAMA_TRY(add_temperature(chain, o));
    if (o.mirostat == 1) {
        return chain.add_mirostat(vocab.size(), seed, o.mirostat_tau, o.mirostat_eta);
    }
    if (o.mirostat == 2) return chain.add_mirostat_v2(seed, o.mirostat_tau, o.mirostat_eta);
    return chain.add_dist(seed);
}

}  // namespace

Result<Sampler> make_sampler(
    const Vocab& vocab, const SamplingOptions& options, std::int32_t context_length
) {
    MULLAMA_TRY(check_range("context_length", context_length, 1, kLastTokensMax));
    MULLAMA_TRY(check_shape(options));
    MULLAMA_TRY(check_penalties(options));
    Sampler chain;
    if (!options.logit_bias.empty()) {
        MULLAMA_TRY(chain.add_logit_bias(vocab.size(), options.logit_bias));
    }
    MULLAMA_TRY(add_history(chain, vocab, options, context_length));
    MULLAMA_TRY(add_choice(chain, vocab, options));
    if (!options.grammar.empty()) {
        MULLAMA_TRY(chain.constrain(vocab, options.grammar, "root", options.grammar_prefix));
    }
    return chain;
}

SamplingOptions sampling_greedy() {
    SamplingOptions options;
    options.temperature = 0.0F;
    return options;
}

SamplingOptions sampling_balanced() {
    SamplingOptions options;
    options.temperature = 0.7F;
    options.min_p = 0.05F;
    return options;
}

SamplingOptions sampling_creative() {
    SamplingOptions options;
    options.temperature = 1.1F;
    options.top_k = 0;
    options.top_p = 1.0F;
    options.min_p = 0.05F;
    return options;
}

SamplingOptions sampling_precise() {
    SamplingOptions options;
    options.temperature = 0.2F;
    options.top_k = 20;
    options.top_p = 0.8F;
    options.min_p = 0.1F;
    return options;
}

}  // namespace mullama
