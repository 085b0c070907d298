#include "base/error.h"
#include "llama/regex_grammar.h"
#include "llama/sampler_checks.h"
#include "llama/sampler_impl.h"
#include <mullama/sampler.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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
    MULLAMA_TRY(check_range("adaptive_target", o.adaptive_target, -kUnbounded, 1.0F));
    MULLAMA_TRY(check_range("adaptive_decay", o.adaptive_decay, 0.0F, 0.99F));
    MULLAMA_TRY(check_range("min_keep", o.min_keep, 0, kIntMax));
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

/// A sampler that SamplingOptions::samplers names.
enum class Stage {
    kPenalties,
    kDry,
    kTopNSigma,
    kTopK,
    kTypicalP,
    kTopP,
    kMinP,
    kXtc,
    kTemperature,
    kInfill,
    kAdaptiveP,
};

/// Infill compares each candidate with each: the most that it is given.
constexpr std::int32_t kInfillCandidatesMax = 256;

struct NamedStage {
    std::string_view name;
    Stage stage;
};

constexpr std::array<NamedStage, 11> kStages = {{
    {"penalties", Stage::kPenalties},
    {"dry", Stage::kDry},
    {"top_n_sigma", Stage::kTopNSigma},
    {"top_k", Stage::kTopK},
    {"typ_p", Stage::kTypicalP},
    {"top_p", Stage::kTopP},
    {"min_p", Stage::kMinP},
    {"xtc", Stage::kXtc},
    {"temperature", Stage::kTemperature},
    {"infill", Stage::kInfill},
    {"adaptive_p", Stage::kAdaptiveP},
}};

/// The order that holds where none is given; the rest is for those who name it.
constexpr std::span<const NamedStage> kUsualStages = std::span(kStages).first<9>();

std::string known_stages() {
    std::string names;
    for (const NamedStage& each : kStages) {
        if (!names.empty()) names += ", ";
        names += each.name;
    }
    return names;
}

Result<std::vector<Stage>> stages_of(const SamplingOptions& o) {
    std::vector<Stage> stages;
    if (o.samplers.size() > kSamplersMax) {
        return fail(
            ErrorCode::kInvalidArgument,
            "samplers has {} names, the most is {}",
            o.samplers.size(),
            kSamplersMax
        );
    }
    for (const std::string& name : o.samplers) {
        const auto found = std::ranges::find(kStages, name, &NamedStage::name);
        if (found == kStages.end()) {
            return fail(
                ErrorCode::kInvalidArgument,
                "samplers names '{}', which is not known: use {}",
                name,
                known_stages()
            );
        }
        stages.push_back(found->stage);
    }
    if (stages.empty()) {
        for (const NamedStage& each : kUsualStages) stages.push_back(each.stage);
    }
    return stages;
}

/// Whether it drops candidates, which does not change what Mirostat aims at, nor the likeliest
/// where there is no infill.
bool narrows(Stage stage) {
    switch (stage) {
        case Stage::kTopNSigma:
        case Stage::kTopK:
        case Stage::kTypicalP:
        case Stage::kTopP:
        case Stage::kMinP:
        case Stage::kXtc:
        case Stage::kInfill:
            return true;
        case Stage::kPenalties:
        case Stage::kDry:
        case Stage::kTemperature:
        case Stage::kAdaptiveP:
            return false;
    }
    return false;
}

/// Puts samplers into a chain, each where its values make it do something.
class ChainBuilder {
  public:
    /// All are borrowed.
    ChainBuilder(
        Sampler& chain,
        const Vocab& vocab,
        const SamplingOptions& options,
        std::int32_t context_length
    )
        : chain_(chain), vocab_(vocab), o_(options), context_length_(context_length) {}

    Result<void> add_all(std::span<const Stage> stages) {
        const auto has = [stages](Stage stage) {
            return std::ranges::find(stages, stage) != stages.end();
        };
        const bool greedy = o_.temperature == 0.0F && has(Stage::kTemperature);
        const bool narrowing = o_.mirostat == 0 && (!greedy || has(Stage::kInfill));
        for (const Stage stage : stages) {
            if (greedy && stage == Stage::kTemperature) return chain_.add_greedy();
            if (narrows(stage) && !narrowing) continue;
            MULLAMA_TRY(add(stage));
        }
        return add_draw(has(Stage::kAdaptiveP));
    }

  private:
    Result<void> add(Stage stage) {
        switch (stage) {
            case Stage::kPenalties:
                return add_penalties();
            case Stage::kDry:
                return add_dry();
            case Stage::kTopNSigma:
                return o_.top_n_sigma > 0.0F ? chain_.add_top_n_sigma(o_.top_n_sigma) : kNothing;
            case Stage::kTopK:
                return o_.top_k > 0 ? chain_.add_top_k(o_.top_k) : kNothing;
            case Stage::kTypicalP:
                return add_typical();
            case Stage::kTopP:
                return o_.top_p < 1.0F ? chain_.add_top_p(o_.top_p, min_keep_) : kNothing;
            case Stage::kMinP:
                return o_.min_p > 0.0F ? chain_.add_min_p(o_.min_p, min_keep_) : kNothing;
            case Stage::kXtc:
                return add_xtc();
            case Stage::kTemperature:
                return add_temperature();
            case Stage::kInfill:
                return add_infill();
            case Stage::kAdaptiveP:
                return {};  // draws
        }
        return {};
    }

    Result<void> add_penalties() {
        const PenaltyOptions penalties{
            .last_n = window(o_.repeat_last_n, context_length_),
            .repeat = o_.repeat_penalty,
            .frequency = o_.frequency_penalty,
            .presence = o_.presence_penalty,
        };
        const bool penalized = o_.repeat_penalty != 1.0F || o_.frequency_penalty != 0.0F ||
                               o_.presence_penalty != 0.0F;
        if (!penalized || penalties.last_n == 0) return {};
        return chain_.add_penalties(penalties);
    }

    Result<void> add_dry() {
        const DryOptions dry{
            .multiplier = o_.dry_multiplier,
            .base = o_.dry_base,
            .allowed_length = std::min(o_.dry_allowed_length, kLastTokensMax),
            .last_n = window(o_.dry_penalty_last_n, context_length_),
            .sequence_breakers = o_.dry_sequence_breakers,
        };
        if (dry.multiplier == 0.0F || dry.last_n == 0) return {};
        return chain_.add_dry(vocab_, dry);
    }

    Result<void> add_typical() {
        if (o_.typical_p >= 1.0F) return {};
        MULLAMA_TRY(chain_.add(std::make_unique<DropExcluded>()));
        return chain_.add_typical(o_.typical_p, min_keep_);
    }

    // Another seed than the draw's: the two must not share their random numbers.
    Result<void> add_xtc() {
        if (o_.xtc_probability == 0.0F || o_.xtc_threshold > 0.5F) return {};
        return chain_.add_xtc(o_.xtc_probability, o_.xtc_threshold, min_keep_, ~seed_);
    }

    Result<void> add_temperature() {
        if (o_.dynatemp_range == 0.0F) return chain_.add_temperature(o_.temperature);
        return chain_.add_dynamic_temperature(
            o_.temperature, o_.dynatemp_range, o_.dynatemp_exponent
        );
    }

    Result<void> add_infill() {
        MULLAMA_TRY(chain_.add_top_k(kInfillCandidatesMax));
        return chain_.add_infill(vocab_);
    }

    Result<void> add_draw(bool is_adaptive) {
        if (o_.mirostat == 1) {
            return chain_.add_mirostat(vocab_.size(), seed_, o_.mirostat_tau, o_.mirostat_eta);
        }
        if (o_.mirostat == 2) {
            return chain_.add_mirostat_v2(seed_, o_.mirostat_tau, o_.mirostat_eta);
        }
        if (is_adaptive) {
            return chain_.add_adaptive_p(o_.adaptive_target, o_.adaptive_decay, seed_);
        }
        return chain_.add_dist(seed_);
    }

    static inline const Result<void> kNothing = {};

    Sampler& chain_;
    const Vocab& vocab_;
    const SamplingOptions& o_;
    const std::int32_t context_length_;
    const std::size_t min_keep_ = static_cast<std::size_t>(std::max(o_.min_keep, 1));
    const std::uint32_t seed_ = resolve_seed(o_.seed.value_or(kRandomSeed));
};

}  // namespace

Result<Sampler> make_sampler(
    const Vocab& vocab, const SamplingOptions& options, std::int32_t context_length
) {
    MULLAMA_TRY(check_range("context_length", context_length, 1, kLastTokensMax));
    MULLAMA_TRY(check_shape(options));
    MULLAMA_TRY(check_penalties(options));
    const auto stages = stages_of(options);
    if (!stages) return stages.error();
    Sampler chain;
    if (!options.logit_bias.empty()) {
        MULLAMA_TRY(chain.add_logit_bias(vocab.size(), options.logit_bias));
    }
    MULLAMA_TRY(ChainBuilder(chain, vocab, options, context_length).add_all(*stages));
    const Result<std::string> grammar = answer_grammar(options);
    if (!grammar) return grammar.error();
    if (!grammar->empty()) {
        MULLAMA_TRY(chain.constrain(vocab, *grammar, "root", options.grammar_prefix));
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
