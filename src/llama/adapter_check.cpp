#include "llama/adapter_check.h"

#include "base/error.h"

#include <cmath>
#include <map>
#include <string>
#include <string_view>

namespace mullama {
namespace {

constexpr std::string_view kSuffixA = ".lora_a";
constexpr std::string_view kSuffixB = ".lora_b";

Result<void> check_text(
    const GgufFile& file, std::string_view key, std::string_view expected, std::string_view cure
) {
    const auto value = file.get<std::string>(key);
    const std::string text = value ? *value : "missing";
    if (value && text == expected) return {};
    return fail(
        ErrorCode::kInvalidArgument, "{} is {} instead of {}: {}", key, text, expected, cure
    );
}

Result<void> check_alpha(const GgufFile& file) {
    const auto* value = file.find("adapter.lora.alpha");
    if (value == nullptr) return {};
    const auto* alpha = std::get_if<float>(value);
    if (alpha != nullptr && std::isfinite(*alpha)) return {};
    return fail(ErrorCode::kCorrupt, "adapter.lora.alpha is no finite 32-bit number");
}

Result<void> check_invocation_tokens(const GgufFile& file, const Vocab& vocab) {
    const auto* value = file.find("adapter.alora.invocation_tokens");
    if (value == nullptr) return {};
    const auto* tokens = std::get_if<std::vector<std::uint32_t>>(value);
    if (tokens == nullptr) {
        return fail(
            ErrorCode::kCorrupt, "adapter.alora.invocation_tokens is no list of 32-bit numbers"
        );
    }
    for (const auto token : *tokens) {
        if (token < static_cast<std::uint32_t>(vocab.size())) continue;
        return fail(
            ErrorCode::kInvalidArgument,
            "invocation token {} is outside the vocabulary of {} tokens: the adapter is for "
            "another model",
            token,
            vocab.size()
        );
    }
    return {};
}

// Integers hold no weights; q8_1 and q8_K are what the engine turns the other side into.
bool can_multiply(GgufTensorType type) {
    switch (type) {
        case GgufTensorType::kF32:
        case GgufTensorType::kF16:
        case GgufTensorType::kBF16:
        case GgufTensorType::kQ4_0:
        case GgufTensorType::kQ4_1:
        case GgufTensorType::kQ5_0:
        case GgufTensorType::kQ5_1:
        case GgufTensorType::kQ8_0:
            return true;
        default:
            return false;
    }
}

std::int64_t dimension(const GgufTensor& tensor, std::size_t index) {
    return index < tensor.shape.size() ? tensor.shape[index] : 1;
}

struct Pair {
    const GgufTensor* a = nullptr;
    const GgufTensor* b = nullptr;
};

Result<std::map<std::string, Pair>> pairs_of(const GgufFile& file) {
    std::map<std::string, Pair> pairs;
    for (const auto& tensor : file.tensors()) {
        const std::string_view name = tensor.name;
        const bool a = name.ends_with(kSuffixA);
        if (a || name.ends_with(kSuffixB)) {
            auto& pair = pairs[std::string(name.substr(0, name.size() - kSuffixA.size()))];
            (a ? pair.a : pair.b) = &tensor;
        } else if (!name.ends_with("_norm.weight")) {
            return fail(ErrorCode::kCorrupt, "tensor {} is neither a .lora_a nor a .lora_b", name);
        }
        if (!can_multiply(tensor.type)) {
            return fail(
                ErrorCode::kUnsupported,
                "tensor {} has type {}: convert the adapter to f32, f16, bf16 or q8_0",
                name,
                to_string(tensor.type)
            );
        }
    }
    return pairs;
}

// A maps to `rank` values and B from them. A pair for the token embeddings is the other way round.
Result<void> check_pair(const std::string& name, const Pair& pair) {
    if (pair.a == nullptr || pair.b == nullptr) {
        return fail(ErrorCode::kCorrupt, "{} has only one half of its LoRA pair", name);
    }
    const bool embeddings = name.ends_with("token_embd.weight");
    const auto rank = dimension(*pair.b, 0);
    const auto other = dimension(*pair.a, embeddings ? 0 : 1);
    if (rank < 1 || rank != other) {
        return fail(
            ErrorCode::kCorrupt, "{} has a LoRA pair of ranks {} and {}", name, other, rank
        );
    }
    for (const std::size_t i : {std::size_t{2}, std::size_t{3}}) {
        if (dimension(*pair.a, i) == dimension(*pair.b, i)) continue;
        return fail(ErrorCode::kCorrupt, "the two halves of {} differ in dimension {}", name, i);
    }
    return {};
}

}  // namespace

Result<void> check_adapter(const GgufFile& file, const Model& model) {
    MULLAMA_TRY(check_text(file, "general.type", "adapter", "give the file of an adapter"));
    MULLAMA_TRY(check_text(file, "adapter.type", "lora", "only LoRA adapters are known"));
    MULLAMA_TRY(check_text(
        file, "general.architecture", model.architecture(), "the adapter is for another model"
    ));
    MULLAMA_TRY(check_alpha(file));
    MULLAMA_TRY(check_invocation_tokens(file, model.vocab()));
    const auto pairs = pairs_of(file);
    if (!pairs) return pairs.error();
    if (pairs->empty()) return fail(ErrorCode::kCorrupt, "the adapter holds no LoRA tensors");
    for (const auto& [name, pair] : *pairs) MULLAMA_TRY(check_pair(name, pair));
    return {};
}

}  // namespace mullama
