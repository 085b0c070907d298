#include "api/llamacpp/settings.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace mullama::api::llamacpp {
namespace {

/// Stands for a seed that is drawn anew.
constexpr std::uint32_t kRandomSeed = std::numeric_limits<std::uint32_t>::max();

void write_texts(JsonWriter& out, std::string_view name, const std::vector<std::string>& texts) {
    out.key(name).begin_array();
    for (const std::string& text : texts) out.value(text);
    out.end_array();
}

// JSON has no infinity: a token that is forbidden has a bias of false, as it is asked for.
void write_biases(JsonWriter& out, const std::vector<LogitBias>& biases) {
    out.key("logit_bias").begin_array();
    for (const LogitBias& each : biases) {
        out.begin_object().field("token", each.token).key("bias");
        if (std::isinf(each.bias)) {
            out.value(false);
        } else {
            out.value(each.bias);
        }
        out.end_object();
    }
    out.end_array();
}

void write_samplers(JsonWriter& out, const std::vector<std::string>& samplers) {
    static const std::vector<std::string> kUsual = {
        "penalties", "dry", "top_n_sigma", "top_k", "typ_p", "top_p", "min_p", "xtc", "temperature"
    };
    write_texts(out, "samplers", samplers.empty() ? kUsual : samplers);
}

void write_sampling(JsonWriter& out, const SamplingOptions& o) {
    out.field("seed", o.seed.value_or(kRandomSeed)).field("temperature", o.temperature);
    out.field("dynatemp_range", o.dynatemp_range).field("dynatemp_exponent", o.dynatemp_exponent);
    out.field("top_k", o.top_k).field("top_p", o.top_p).field("min_p", o.min_p);
    out.field("top_n_sigma", o.top_n_sigma).field("xtc_probability", o.xtc_probability);
    out.field("xtc_threshold", o.xtc_threshold).field("typical_p", o.typical_p);
    out.field("repeat_last_n", o.repeat_last_n).field("repeat_penalty", o.repeat_penalty);
    out.field("presence_penalty", o.presence_penalty);
    out.field("frequency_penalty", o.frequency_penalty);
    out.field("dry_multiplier", o.dry_multiplier).field("dry_base", o.dry_base);
    out.field("dry_allowed_length", o.dry_allowed_length);
    out.field("dry_penalty_last_n", o.dry_penalty_last_n);
    write_texts(out, "dry_sequence_breakers", o.dry_sequence_breakers);
    out.field("mirostat", o.mirostat).field("mirostat_tau", o.mirostat_tau);
    out.field("mirostat_eta", o.mirostat_eta).field("adaptive_target", o.adaptive_target);
    out.field("adaptive_decay", o.adaptive_decay).field("min_keep", o.min_keep);
    write_biases(out, o.logit_bias);
    out.field("grammar", o.grammar);
    write_samplers(out, o.samplers);
}

double per_second(double ms, double count) {
    return ms > 0.0 ? 1e3 / ms * count : 0.0;
}

}  // namespace

void write_settings(JsonWriter& out, const OptionValues& values, const AnswerShape& shape) {
    out.begin_object();
    write_sampling(out, values.sampling);
    write_texts(out, "stop", values.stop);
    out.field("max_tokens", values.max_tokens).field("n_predict", values.max_tokens);
    out.field("ignore_eos", values.ignore_eos).field("stream", shape.stream);
    out.field("timings_per_token", shape.timings_per_token);
    out.key("lora").begin_array();
    for (const AdapterUse& use : values.adapters.value_or(std::vector<AdapterUse>())) {
        out.begin_object().field("id", use.index).field("scale", use.scale).end_object();
    }
    out.end_array().end_object();
}

// The first token of an answer costs no step: it comes out of the prompt's last one.
void write_timings(JsonWriter& out, const Usage& usage) {
    const auto computed = static_cast<double>(usage.prompt_tokens - usage.cached_tokens);
    const auto steps = static_cast<double>(std::max<std::int64_t>(usage.completion_tokens - 1, 0));
    const double prompt_ms = static_cast<double>(usage.prompt_ns) / 1e6;
    const double decode_ms = static_cast<double>(usage.decode_ns) / 1e6;
    out.begin_object().field("cache_n", usage.cached_tokens);
    out.field("prompt_n", usage.prompt_tokens - usage.cached_tokens).field("prompt_ms", prompt_ms);
    out.field("prompt_per_token_ms", computed > 0.0 ? prompt_ms / computed : 0.0);
    out.field("prompt_per_second", per_second(prompt_ms, computed));
    out.field("predicted_n", usage.completion_tokens).field("predicted_ms", decode_ms);
    out.field("predicted_per_token_ms", steps > 0.0 ? decode_ms / steps : 0.0);
    out.field("predicted_per_second", per_second(decode_ms, steps));
    if (usage.drafted_tokens > 0) {
        out.field("draft_n", usage.drafted_tokens);
        out.field("draft_n_accepted", usage.accepted_tokens);
    }
    out.end_object();
}

}  // namespace mullama::api::llamacpp
