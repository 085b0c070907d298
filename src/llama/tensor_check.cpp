#include "llama/tensor_check.h"

#include "base/error.h"
#include "llama/weight_types.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_set>

namespace mullama {
namespace {

// Tensors that are added or multiplied element by element, which kernels know in float32 only;
// the same that llama.cpp's conversion always stores so.
bool is_elementwise(const GgufTensor& tensor) {
    constexpr std::array kParts = {
        "norm", "ssm_conv1d", "shortconv.conv", "time_mix_first", "token_types"
    };
    for (const auto* part : kParts) {
        if (tensor.name.find(part) != std::string::npos) return true;
    }
    const bool vector = std::all_of(
        std::next(tensor.shape.begin()), tensor.shape.end(), [](auto extent) { return extent == 1; }
    );
    return !tensor.name.ends_with(".weight") || (vector && tensor.name != "cls.output.weight");
}

Result<void> check_extents(const GgufTensor& tensor) {
    for (const std::int64_t extent : tensor.shape) {
        if (extent >= 1 && extent <= std::numeric_limits<std::int32_t>::max()) continue;
        return fail(
            ErrorCode::kCorrupt, "tensor \"{}\" has a dimension of {}", tensor.name, extent
        );
    }
    return {};
}

}  // namespace

Result<void> check_tensors(std::span<const GgufFile> files) {
    std::unordered_set<std::string_view> names;
    for (const GgufFile& file : files) {
        for (const GgufTensor& tensor : file.tensors()) {
            if (!names.insert(tensor.name).second) {
                return fail(
                    ErrorCode::kCorrupt, "tensor \"{}\" is in two parts of the model", tensor.name
                );
            }
            MULLAMA_TRY(check_extents(tensor));
            if (!is_elementwise(tensor) || tensor.type == GgufTensorType::kF32) continue;
            if (is_index_table(tensor.name)) continue;
            return fail(
                ErrorCode::kCorrupt,
                "tensor \"{}\" is stored as {}, the engine computes with it in f32 only",
                tensor.name,
                to_string(tensor.type)
            );
        }
    }
    return {};
}

}  // namespace mullama
