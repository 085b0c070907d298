#include "llama/context_params.h"

#include "base/error.h"
#include "llama/handles.h"
#include "llama/threads.h"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace mullama {
namespace {

constexpr std::int32_t kCountMax = 1 << 30;
constexpr std::int32_t kThreadsMax = 512;  // GGML_MAX_N_THREADS

Result<void> check_range(
    std::string_view name, std::int32_t value, std::int32_t low, std::int32_t high
) {
    if (value >= low && value <= high) return {};
    return fail(
        ErrorCode::kInvalidArgument, "{} is {}: allowed are {} to {}", name, value, low, high
    );
}

Result<void> check_finite(std::string_view name, float value) {
    if (std::isfinite(value)) return {};
    return fail(ErrorCode::kInvalidArgument, "{} is {}: give a finite number", name, value);
}

enum llama_pooling_type to_engine(Pooling pooling) {
    switch (pooling) {
        case Pooling::kModel:
            return LLAMA_POOLING_TYPE_UNSPECIFIED;
        case Pooling::kNone:
            return LLAMA_POOLING_TYPE_NONE;
        case Pooling::kMean:
            return LLAMA_POOLING_TYPE_MEAN;
        case Pooling::kCls:
            return LLAMA_POOLING_TYPE_CLS;
        case Pooling::kLast:
            return LLAMA_POOLING_TYPE_LAST;
        case Pooling::kRank:
            return LLAMA_POOLING_TYPE_RANK;
    }
    return LLAMA_POOLING_TYPE_UNSPECIFIED;
}

llama_attention_type to_engine(Attention attention) {
    switch (attention) {
        case Attention::kModel:
            return LLAMA_ATTENTION_TYPE_UNSPECIFIED;
        case Attention::kCausal:
            return LLAMA_ATTENTION_TYPE_CAUSAL;
        case Attention::kNonCausal:
            return LLAMA_ATTENTION_TYPE_NON_CAUSAL;
    }
    return LLAMA_ATTENTION_TYPE_UNSPECIFIED;
}

llama_flash_attn_type to_engine(FlashAttention attention) {
    switch (attention) {
        case FlashAttention::kAuto:
            return LLAMA_FLASH_ATTN_TYPE_AUTO;
        case FlashAttention::kOff:
            return LLAMA_FLASH_ATTN_TYPE_DISABLED;
        case FlashAttention::kOn:
            return LLAMA_FLASH_ATTN_TYPE_ENABLED;
    }
    return LLAMA_FLASH_ATTN_TYPE_AUTO;
}

llama_rope_scaling_type to_engine(RopeScaling scaling) {
    switch (scaling) {
        case RopeScaling::kModel:
            return LLAMA_ROPE_SCALING_TYPE_UNSPECIFIED;
        case RopeScaling::kNone:
            return LLAMA_ROPE_SCALING_TYPE_NONE;
        case RopeScaling::kLinear:
            return LLAMA_ROPE_SCALING_TYPE_LINEAR;
        case RopeScaling::kYarn:
            return LLAMA_ROPE_SCALING_TYPE_YARN;
        case RopeScaling::kLongRope:
            return LLAMA_ROPE_SCALING_TYPE_LONGROPE;
    }
    return LLAMA_ROPE_SCALING_TYPE_UNSPECIFIED;
}

ggml_type to_engine(CacheType type) {
    switch (type) {
        case CacheType::kF32:
            return GGML_TYPE_F32;
        case CacheType::kF16:
            return GGML_TYPE_F16;
        case CacheType::kBf16:
            return GGML_TYPE_BF16;
        case CacheType::kQ8_0:
            return GGML_TYPE_Q8_0;
        case CacheType::kQ5_1:
            return GGML_TYPE_Q5_1;
        case CacheType::kQ5_0:
            return GGML_TYPE_Q5_0;
        case CacheType::kQ4_1:
            return GGML_TYPE_Q4_1;
        case CacheType::kQ4_0:
            return GGML_TYPE_Q4_0;
        case CacheType::kIq4Nl:
            return GGML_TYPE_IQ4_NL;
    }
    return GGML_TYPE_F16;
}

Result<void> check_numbers(const ContextOptions& options) {
    MULLAMA_TRY(check_range("context_length", options.context_length, 0, kCountMax));
    MULLAMA_TRY(check_range("batch_size", options.batch_size, 1, kCountMax));
    MULLAMA_TRY(check_range("ubatch_size", options.ubatch_size, 1, kCountMax));
    MULLAMA_TRY(check_range("sequences_max", options.sequences_max, 1, Batch::kSequencesMax));
    MULLAMA_TRY(check_range("outputs_max", options.outputs_max, 0, kCountMax));
    MULLAMA_TRY(check_range("recurrent_snapshots", options.recurrent_snapshots, 0, 64));
    MULLAMA_TRY(check_range("yarn_original_context", options.yarn_original_context, 0, kCountMax));
    MULLAMA_TRY(check_threads(options.threads));
    MULLAMA_TRY(check_threads(options.threads_batch));
    MULLAMA_TRY(check_finite("rope_frequency_base", options.rope_frequency_base));
    MULLAMA_TRY(check_finite("rope_frequency_scale", options.rope_frequency_scale));
    MULLAMA_TRY(check_finite("yarn_extrapolation", options.yarn_extrapolation));
    MULLAMA_TRY(check_finite("yarn_attention", options.yarn_attention));
    MULLAMA_TRY(check_finite("yarn_beta_fast", options.yarn_beta_fast));
    MULLAMA_TRY(check_finite("yarn_beta_slow", options.yarn_beta_slow));
    if (options.rope_frequency_base < 0.0F || options.rope_frequency_scale < 0.0F) {
        return fail(
            ErrorCode::kInvalidArgument,
            "rope frequencies are {} and {}: give 0 for the model's, or more",
            options.rope_frequency_base,
            options.rope_frequency_scale
        );
    }
    return {};
}

bool is_quantized(CacheType type) {
    return ggml_is_quantized(to_engine(type));
}

// What the engine makes of the sizes, and what it then asserts.
Result<void> check_sizes(const Model& model, const ContextOptions& options) {
    const std::int32_t context =
        options.context_length == 0 ? model.context_length_train() : options.context_length;
    const std::int32_t batch = std::min(options.batch_size, context);
    if (options.sequences_max > batch) {
        return fail(
            ErrorCode::kInvalidArgument,
            "{} sequences do not fit a batch of {}: raise batch_size or context_length, or lower "
            "sequences_max",
            options.sequences_max,
            batch
        );
    }
    if (options.outputs_max != 0 && options.outputs_max < options.sequences_max) {
        return fail(
            ErrorCode::kInvalidArgument,
            "outputs_max is {} for {} sequences: each needs one",
            options.outputs_max,
            options.sequences_max
        );
    }
    if (options.recurrent_snapshots >= std::min(options.ubatch_size, batch)) {
        return fail(
            ErrorCode::kInvalidArgument,
            "recurrent_snapshots is {}: it must be below ubatch_size {}",
            options.recurrent_snapshots,
            std::min(options.ubatch_size, batch)
        );
    }
    return {};
}

Result<void> check_combinations(const Model& model, const ContextOptions& options) {
    if (model.vocab_only()) {
        return fail(
            ErrorCode::kUnsupported,
            "the model was loaded with vocab_only and has no weights: load it whole to compute"
        );
    }
    if (is_quantized(options.value_type) && options.flash_attention == FlashAttention::kOff) {
        return fail(
            ErrorCode::kInvalidArgument,
            "a quantized value_type needs flash attention: turn it on, or use f16 values"
        );
    }
    if (options.pooling == Pooling::kRank && !Handles::impl(model).classifier) {
        return fail(
            ErrorCode::kUnsupported,
            "pooling kRank needs a model with a classifier: use a reranker, or another pooling"
        );
    }
    return {};
}

}  // namespace

std::int32_t thread_count(std::int32_t threads) {
    return threads > 0 ? threads : std::min(available_cores(), kThreadsMax);
}

Result<void> check_threads(std::int32_t threads) {
    return check_range("a number of threads", threads, 0, kThreadsMax);
}

Result<llama_context_params> make_context_params(
    const Model& model, const ContextOptions& options
) {
    MULLAMA_TRY(check_numbers(options));
    MULLAMA_TRY(check_combinations(model, options));
    MULLAMA_TRY(check_sizes(model, options));
    const std::int32_t batch_threads =
        options.threads_batch != 0 ? options.threads_batch : options.threads;
    llama_context_params params = llama_context_default_params();
    params.n_ctx = static_cast<std::uint32_t>(options.context_length);
    params.n_batch = static_cast<std::uint32_t>(options.batch_size);
    params.n_ubatch = static_cast<std::uint32_t>(options.ubatch_size);
    params.n_seq_max = static_cast<std::uint32_t>(options.sequences_max);
    params.n_rs_seq = static_cast<std::uint32_t>(options.recurrent_snapshots);
    params.n_outputs_max = static_cast<std::uint32_t>(options.outputs_max);
    params.n_outputs_max_per_seq = 0;
    params.n_threads = thread_count(options.threads);
    params.n_threads_batch = thread_count(batch_threads);
    params.rope_scaling_type = to_engine(options.rope_scaling);
    params.pooling_type = to_engine(options.pooling);
    params.attention_type = to_engine(options.attention);
    params.flash_attn_type = to_engine(options.flash_attention);
    params.rope_freq_base = options.rope_frequency_base;
    params.rope_freq_scale = options.rope_frequency_scale;
    params.yarn_ext_factor = options.yarn_extrapolation;
    params.yarn_attn_factor = options.yarn_attention;
    params.yarn_beta_fast = options.yarn_beta_fast;
    params.yarn_beta_slow = options.yarn_beta_slow;
    params.yarn_orig_ctx = static_cast<std::uint32_t>(options.yarn_original_context);
    params.type_k = to_engine(options.key_type);
    params.type_v = to_engine(options.value_type);
    params.embeddings = options.embeddings;
    params.offload_kqv = options.offload_kqv;
    params.op_offload = options.op_offload;
    params.no_perf = !options.perf;
    params.swa_full = options.swa_full;
    params.kv_unified = options.unified;
    return params;
}

}  // namespace mullama
