#include "base/error.h"
#include "llama/custom_sampler.h"
#include "llama/handles.h"
#include "llama/sampler_checks.h"
#include "llama/sampler_impl.h"
#include <mullama/sampler.h>

#include <algorithm>
#include <limits>
#include <random>
#include <utility>

namespace mullama {
namespace {

// The engine cuts longer sequence breakers.
constexpr std::int32_t kBreakerBytesMax = 40;
// Below it the division would overflow.
constexpr float kTemperatureMin = 1e-6F;

float temperature_of(float temperature) {
    return temperature < kTemperatureMin ? 0.0F : temperature;
}

Result<void> check_mirostat(float tau, float eta) {
    MULLAMA_TRY(check_range("mirostat_tau", tau, 0.0F, kUnbounded));
    return check_range("mirostat_eta", eta, 0.0F, kUnbounded);
}

}  // namespace

std::uint32_t resolve_seed(std::uint32_t seed) {
    std::random_device system;
    while (seed == kRandomSeed) seed = system();
    return seed;
}

Result<void> Sampler::add_greedy() {
    MULLAMA_TRY(impl_->check_open());
    impl_->add(llama_sampler_init_greedy(), {.kind = SamplerKind::kGreedy});
    return {};
}

Result<void> Sampler::add_dist(std::uint32_t seed) {
    MULLAMA_TRY(impl_->check_open());
    seed = resolve_seed(seed);
    impl_->add(llama_sampler_init_dist(seed), {.kind = SamplerKind::kDraw, .seed = seed});
    return {};
}

Result<void> Sampler::add_mirostat(
    std::int32_t vocab_size, std::uint32_t seed, float tau, float eta, std::int32_t estimated_tokens
) {
    MULLAMA_TRY(impl_->check_open());
    MULLAMA_TRY(check_range("vocab_size", vocab_size, 2, std::numeric_limits<Token>::max()));
    MULLAMA_TRY(check_mirostat(tau, eta));
    MULLAMA_TRY(check_range("estimated_tokens", estimated_tokens, 2, 1 << 20));
    MULLAMA_TRY(impl_->set_vocab(nullptr, vocab_size));
    seed = resolve_seed(seed);
    impl_->add(
        llama_sampler_init_mirostat(vocab_size, seed, tau, eta, estimated_tokens),
        {.kind = SamplerKind::kDraw, .seed = seed}
    );
    return {};
}

Result<void> Sampler::add_mirostat_v2(std::uint32_t seed, float tau, float eta) {
    MULLAMA_TRY(impl_->check_open());
    MULLAMA_TRY(check_mirostat(tau, eta));
    seed = resolve_seed(seed);
    impl_->add(
        llama_sampler_init_mirostat_v2(seed, tau, eta), {.kind = SamplerKind::kDraw, .seed = seed}
    );
    return {};
}

Result<void> Sampler::add_adaptive_p(float target, float decay, std::uint32_t seed) {
    MULLAMA_TRY(impl_->check_open());
    MULLAMA_TRY(check_range("adaptive_target", target, -kUnbounded, 1.0F));
    MULLAMA_TRY(check_range("adaptive_decay", decay, 0.0F, 0.99F));
    seed = resolve_seed(seed);
    impl_->add(
        llama_sampler_init_adaptive_p(target, decay, seed),
        {.kind = SamplerKind::kAdaptive, .seed = seed}
    );
    return {};
}

Result<void> Sampler::add_top_k(std::int32_t k) {
    MULLAMA_TRY(impl_->check_open());
    impl_->add(llama_sampler_init_top_k(k), {.kind = SamplerKind::kTopK, .count = k});
    return {};
}

Result<void> Sampler::add_top_p(float p, std::size_t min_keep) {
    MULLAMA_TRY(impl_->check_open());
    MULLAMA_TRY(check_range("top_p", p, 0.0F, 1.0F));
    impl_->add(llama_sampler_init_top_p(p, min_keep), {});
    return {};
}

Result<void> Sampler::add_min_p(float p, std::size_t min_keep) {
    MULLAMA_TRY(impl_->check_open());
    MULLAMA_TRY(check_range("min_p", p, 0.0F, 1.0F));
    impl_->add(llama_sampler_init_min_p(p, min_keep), {});
    return {};
}

Result<void> Sampler::add_typical(float p, std::size_t min_keep) {
    MULLAMA_TRY(impl_->check_open());
    MULLAMA_TRY(check_range("typical_p", p, 0.0F, 1.0F));
    impl_->add(llama_sampler_init_typical(p, min_keep), {});
    return {};
}

Result<void> Sampler::add_top_n_sigma(float n) {
    MULLAMA_TRY(impl_->check_open());
    MULLAMA_TRY(check_range("top_n_sigma", n, -kUnbounded, kUnbounded));
    impl_->add(llama_sampler_init_top_n_sigma(n), {});
    return {};
}

Result<void> Sampler::add_xtc(
    float probability, float threshold, std::size_t min_keep, std::uint32_t seed
) {
    MULLAMA_TRY(impl_->check_open());
    MULLAMA_TRY(check_range("xtc_probability", probability, 0.0F, 1.0F));
    MULLAMA_TRY(check_range("xtc_threshold", threshold, 0.0F, 1.0F));
    seed = resolve_seed(seed);
    impl_->add(llama_sampler_init_xtc(probability, threshold, min_keep, seed), {.seed = seed});
    return {};
}

Result<void> Sampler::add_temperature(float temperature) {
    MULLAMA_TRY(impl_->check_open());
    MULLAMA_TRY(check_range("temperature", temperature, 0.0F, kUnbounded));
    impl_->add(llama_sampler_init_temp(temperature_of(temperature)), {});
    return {};
}

Result<void> Sampler::add_dynamic_temperature(float temperature, float range, float exponent) {
    MULLAMA_TRY(impl_->check_open());
    MULLAMA_TRY(check_range("temperature", temperature, 0.0F, kUnbounded));
    MULLAMA_TRY(check_range("dynatemp_range", range, 0.0F, kUnbounded));
    MULLAMA_TRY(check_range("dynatemp_exponent", exponent, 0.0F, kUnbounded));
    impl_->add(llama_sampler_init_temp_ext(temperature_of(temperature), range, exponent), {});
    return {};
}

Result<void> Sampler::add_penalties(const PenaltyOptions& options) {
    MULLAMA_TRY(impl_->check_open());
    MULLAMA_TRY(check_range("repeat_last_n", options.last_n, 0, kLastTokensMax));
    MULLAMA_TRY(check_positive("repeat_penalty", options.repeat));
    MULLAMA_TRY(check_range("frequency_penalty", options.frequency, -kUnbounded, kUnbounded));
    MULLAMA_TRY(check_range("presence_penalty", options.presence, -kUnbounded, kUnbounded));
    impl_->add(
        llama_sampler_init_penalties(
            impl_->vocab_size, options.last_n, options.repeat, options.frequency, options.presence
        ),
        {.kind = SamplerKind::kPenalties, .count = options.last_n}
    );
    return {};
}

Result<void> Sampler::add_dry(const Vocab& vocab, const DryOptions& options) {
    MULLAMA_TRY(impl_->check_open());
    MULLAMA_TRY(check_range("dry_multiplier", options.multiplier, 0.0F, kUnbounded));
    MULLAMA_TRY(check_range("dry_base", options.base, 1.0F, kUnbounded));
    MULLAMA_TRY(check_range("dry_allowed_length", options.allowed_length, 0, kLastTokensMax));
    MULLAMA_TRY(check_range("dry_penalty_last_n", options.last_n, 0, kLastTokensMax));
    std::vector<const char*> breakers;
    for (const auto& breaker : options.sequence_breakers) {
        MULLAMA_TRY(check_range(
            "bytes of a DRY sequence breaker",
            static_cast<std::int32_t>(std::min<std::size_t>(breaker.size(), kLastTokensMax)),
            1,
            kBreakerBytesMax
        ));
        breakers.push_back(breaker.c_str());
    }
    MULLAMA_TRY(impl_->set_vocab(handle(vocab), vocab.size()));
    impl_->add(
        llama_sampler_init_dry(
            handle(vocab),
            options.multiplier,
            options.base,
            options.allowed_length,
            options.last_n,
            breakers.data(),
            breakers.size()
        ),
        {.kind = SamplerKind::kHistory, .count = options.last_n}
    );
    return {};
}

Result<void> Sampler::add_logit_bias(std::int32_t vocab_size, std::span<const LogitBias> biases) {
    MULLAMA_TRY(impl_->check_open());
    MULLAMA_TRY(check_range("vocab_size", vocab_size, 1, std::numeric_limits<Token>::max()));
    std::vector<llama_logit_bias> checked;
    std::vector<Token> biased;
    for (const auto& [token, bias] : biases) {
        MULLAMA_TRY(check_range("token of a logit_bias", token, 0, vocab_size - 1));
        const bool forbids = bias == -std::numeric_limits<float>::infinity();
        if (!forbids) MULLAMA_TRY(check_range("logit_bias", bias, -kUnbounded, kUnbounded));
        checked.push_back({token, bias});
        biased.push_back(token);
    }
    MULLAMA_TRY(impl_->set_vocab(nullptr, vocab_size));
    const auto count = static_cast<std::int32_t>(checked.size());
    impl_->add(
        llama_sampler_init_logit_bias(vocab_size, count, checked.data()),
        {.kind = SamplerKind::kBias, .touched = std::move(biased)}
    );
    return {};
}

Result<void> Sampler::add(std::unique_ptr<CustomSampler> sampler) {
    MULLAMA_TRY(impl_->check_open());
    if (!sampler) return fail(ErrorCode::kInvalidArgument, "the custom sampler is null");
    impl_->add(make_custom(std::move(sampler)).release(), {.kind = SamplerKind::kCustom});
    return impl_->check_custom();
}

}  // namespace mullama
