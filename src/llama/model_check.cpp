#include "llama/model_check.h"

#include "base/error.h"
#include "llama/model_values.h"
#include "llama/tensor_check.h"
#include "llama/vocab_check.h"
#include "llama/weight_types.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>
#include <variant>

#include <llama.h>

namespace mullama {
namespace {

// Limits of the engine: LLAMA_MAX_LAYERS and LLAMA_MAX_EXPERTS in llama-hparams.h.
constexpr std::int64_t kLayersMax = 512;
constexpr std::int64_t kExpertsMax = 1024;
// Far above any model, and far below where the engine's 32-bit arithmetic wraps.
constexpr std::int64_t kHeadsMax = 1 << 16;
constexpr std::int64_t kWidthMax = 1 << 24;
constexpr std::int64_t kContextMax = std::int64_t{1} << 30;
constexpr std::int64_t kTokensMax = 1 << 24;

class ModelCheck {
  public:
    ModelCheck(std::span<const GgufFile> files, std::span<const MetadataOverride> overrides)
        : files_(files), values_(files.front(), overrides) {}

    Result<void> architecture() const {
        if (!values_.architecture().empty()) return {};
        return fail(
            ErrorCode::kCorrupt,
            "the file lacks the text \"general.architecture\": it is no model that can be run"
        );
    }

    Result<void> shape() {
        MULLAMA_TRY(values_.check("block_count", 1, kLayersMax, Need::kRequired));
        layers_ = values_.integer("block_count").value_or(0);
        MULLAMA_TRY(values_.check("embedding_length", 1, kWidthMax, Need::kRequired));
        MULLAMA_TRY(values_.check("context_length", 1, kContextMax, Need::kRequired));
        MULLAMA_TRY(values_.check("nextn_predict_layers", 0, layers_));
        MULLAMA_TRY(values_.check("vocab_size", 0, kTokensMax));
        MULLAMA_TRY(values_.check("decoder_block_count", 0, layers_));
        MULLAMA_TRY(pooling());
        constexpr std::array kWidths = {
            "embedding_length_out",
            "features_length",
            "attention.key_length",
            "attention.key_length_swa",
            "attention.value_length",
            "attention.value_length_swa",
            "rope.dimension_count",
            "rope.dimension_count_swa",
        };
        for (const auto* key : kWidths) MULLAMA_TRY(values_.check(key, 0, kWidthMax));
        MULLAMA_TRY(values_.check_layers("feed_forward_length", layers_, kWidthMax));
        MULLAMA_TRY(values_.check_layers("attention.head_count", layers_, kHeadsMax));
        MULLAMA_TRY(values_.check_layers("attention.head_count_kv", layers_, kHeadsMax));
        return divisors();
    }

    Result<void> experts() const {
        MULLAMA_TRY(values_.check("expert_count", 0, kExpertsMax));
        const std::int64_t count = values_.integer("expert_count").value_or(0);
        MULLAMA_TRY(values_.check_layers("expert_used_count", layers_, count));
        const std::int64_t groups = values_.integer("expert_group_count").value_or(0);
        if (groups < 0 || (groups != 0 && groups >= count) || (groups > 1 && count % groups != 0)) {
            return fail(
                ErrorCode::kCorrupt,
                "\"{}\" is {}, which does not divide {} experts",
                values_.key("expert_group_count"),
                groups,
                count
            );
        }
        if (groups <= 1) return {};
        return values_.check("expert_group_used_count", 1, groups - 1, Need::kRequired);
    }

    Result<void> rope() const {
        const GgufValue* value = files_.front().find(values_.key("rope.scaling.type"));
        if (value == nullptr) return {};
        const auto* name = std::get_if<std::string>(value);
        constexpr std::array<std::string_view, 4> kNames = {"none", "linear", "yarn", "longrope"};
        if (name != nullptr && std::find(kNames.begin(), kNames.end(), *name) != kNames.end()) {
            return {};
        }
        return fail(
            ErrorCode::kCorrupt,
            "\"{}\" is {}, known are none, linear, yarn and longrope",
            values_.key("rope.scaling.type"),
            name == nullptr ? "no text" : "\"" + *name + "\""
        );
    }

    // Kernels assert that what is added under a root is no negative number.
    Result<void> epsilons() const {
        for (const auto* name :
             {"layer_norm_epsilon", "layer_norm_rms_epsilon", "group_norm_epsilon"}) {
            const std::string key = std::string("attention.") + name;
            const auto value = values_.real(key);
            if (!value || (std::isfinite(*value) && *value >= 0.0)) continue;
            return fail(
                ErrorCode::kCorrupt,
                "\"{}\" is {}, allowed are 0 and more",
                values_.key(key),
                *value
            );
        }
        return {};
    }

    // Layers with attention need heads: the engine divides by their number. Heads of keys may be
    // listed as 0 for layers with linear attention.
    Result<void> heads() const {
        const auto missing = [&](std::int64_t layer, const char* key) {
            return fail(
                ErrorCode::kCorrupt,
                "layer {} has attention and \"{}\" gives it no heads",
                layer,
                values_.key(key)
            );
        };
        for (std::int64_t layer = 0; layer < layers_; ++layer) {
            if (!has_attention(layer)) continue;
            if (values_.for_layer("attention.head_count", layer).value_or(0) < 1) {
                return missing(layer, "attention.head_count");
            }
            if (values_.integer("attention.head_count_kv").value_or(1) < 1) {
                return missing(layer, "attention.head_count_kv");
            }
        }
        return {};
    }

    // Optional in files, and used without asking.
    Result<void> position_buckets() const {
        const bool encoder =
            values_.architecture() == "t5" || values_.architecture() == "t5encoder";
        for (const auto* name : {"enc.blk.0.attn_rel_b.weight", "dec.blk.0.attn_rel_b.weight"}) {
            const bool needed = name[0] == 'e' ? encoder : values_.architecture() == "t5";
            if (!needed || has_tensors(name)) continue;
            return fail(ErrorCode::kCorrupt, "the file lacks the tensor \"{}\"", name);
        }
        return {};
    }

  private:
    Result<void> pooling() const {
        constexpr std::int64_t kUnspecified = std::numeric_limits<std::uint32_t>::max();
        if (values_.integer("pooling_type") == kUnspecified) return {};
        return values_.check(
            "pooling_type", LLAMA_POOLING_TYPE_UNSPECIFIED, LLAMA_POOLING_TYPE_RANK
        );
    }

    // Numbers that layers of some kind divide by; files say 0 where they have no such layers.
    Result<void> divisors() const {
        struct Divisor {
            const char* key;
            const char* tensors;  // what only such layers have in a tensor's name
        };
        constexpr std::array kDivisors = {
            Divisor{"ssm.conv_kernel", ".ssm_conv1d"},
            Divisor{"ssm.inner_size", ".ssm_in."},
            Divisor{"ssm.state_size", ".ssm_in."},
            Divisor{"ssm.time_step_rank", ".ssm_in."},
            Divisor{"full_attention_interval", ".ssm_"},
            Divisor{"kda.head_dim", ".ssm_f_a"},
            Divisor{"wkv.head_size", ".time_mix_"},
            Divisor{"token_shift_count", ".time_mix_"},
            Divisor{"shortconv.l_cache", ".shortconv."},
            Divisor{"experts_per_group", ".ffn_gate_chexps"},
            Divisor{"attention.relative_buckets_count", ".attn_rel_b"},
            Divisor{"attention.group_norm_groups", "posnet."},
            Divisor{"decoder_block_count", "dec.blk."},
        };
        for (const Divisor& divisor : kDivisors) {
            if (has_tensors(divisor.tensors)) MULLAMA_TRY(values_.check(divisor.key, 1, kWidthMax));
        }
        if (has_tensors(".ssm_in.") && has_tensors(".ssm_norm")) {
            MULLAMA_TRY(values_.check("ssm.group_count", 1, kWidthMax));
        }
        if (values_.architecture() == "ernie4_5-moe") {
            return values_.check("interleave_moe_layer_step", 1, kLayersMax);
        }
        if (values_.architecture() == "deepseek4") {
            return values_.check("attention.output_group_count", 1, kHeadsMax);
        }
        return {};
    }

    bool has_tensors(std::string_view part) const {
        for (const GgufFile& file : files_) {
            for (const GgufTensor& tensor : file.tensors()) {
                if (tensor.name.find(part) != std::string::npos) return true;
            }
        }
        return false;
    }

    bool has_attention(std::int64_t layer) const {
        for (const auto* part : {"attn_q", "attn_k", "attn_v", "attn_qkv", "attn_q_a"}) {
            const std::string name = fmt::format("blk.{}.{}.weight", layer, part);
            for (const GgufFile& file : files_) {
                if (file.find_tensor(name) != nullptr) return true;
            }
        }
        return false;
    }

    std::span<const GgufFile> files_;
    ModelValues values_;
    std::int64_t layers_ = 0;
};

}  // namespace

Result<void> check_model(
    std::span<const GgufFile> files, std::span<const MetadataOverride> overrides, bool vocab_only
) {
    ModelCheck check(files, overrides);
    MULLAMA_TRY(check.architecture());
    MULLAMA_TRY(check_vocabulary(files.front()));
    if (vocab_only) return {};
    MULLAMA_TRY(check.shape());
    MULLAMA_TRY(check.experts());
    MULLAMA_TRY(check.rope());
    MULLAMA_TRY(check.epsilons());
    MULLAMA_TRY(check_tensors(files));
    MULLAMA_TRY(check.position_buckets());
    MULLAMA_TRY(check_weight_types(files));
    return check.heads();
}

}  // namespace mullama
