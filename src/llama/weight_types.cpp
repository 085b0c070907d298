#include "llama/weight_types.h"

#include "base/error.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace mullama {
namespace {

// Types that no matrix product takes.
constexpr std::array kNoWeights = {
    GgufTensorType::kQ8_1,
    GgufTensorType::kQ8_K,
    GgufTensorType::kI8,
    GgufTensorType::kI16,
    GgufTensorType::kI32,
    GgufTensorType::kI64,
    GgufTensorType::kF64,
};

// Tables of indices, which are looked up and never multiplied.
constexpr std::array<std::string_view, 3> kIndexTables = {
    "ffn_gate_tid2eid", "masked_embd_ordering", "d2t"
};

bool is_computable(const GgufTensor& tensor) {
    const bool refused =
        std::find(kNoWeights.begin(), kNoWeights.end(), tensor.type) != kNoWeights.end();
    return !refused || is_index_table(tensor.name);
}

}  // namespace

bool is_index_table(std::string_view name) {
    return std::any_of(kIndexTables.begin(), kIndexTables.end(), [&](std::string_view table) {
        return name.find(table) != std::string_view::npos;
    });
}

Result<void> check_weight_types(std::span<const GgufFile> files) {
    for (const GgufFile& file : files) {
        for (const GgufTensor& tensor : file.tensors()) {
            if (is_computable(tensor)) continue;
            return fail(
                ErrorCode::kUnsupported,
                "tensor \"{}\" is of type {}, which the engine cannot compute with: convert the "
                "model again",
                tensor.name,
                to_string(tensor.type)
            );
        }
    }
    return {};
}

}  // namespace mullama
