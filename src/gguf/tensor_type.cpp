#include "gguf/tensor_type.h"

#include "base/error.h"

#include <array>
#include <limits>

namespace mullama {
namespace {

struct TypeRow {
    std::string_view name;
    std::uint32_t block_elements = 0;
    std::uint32_t block_bytes = 0;
};

// One row for each number of `enum ggml_type`, as type_traits in ggml.c has them; the rows without
// a block size are types that ggml has removed.
constexpr std::array<TypeRow, 43> kTypes = {{
    {"f32", 1, 4},        {"f16", 1, 2},        {"q4_0", 32, 18},     {"q4_1", 32, 20},
    {"q4_2", 0, 0},       {"q4_3", 0, 0},       {"q5_0", 32, 22},     {"q5_1", 32, 24},
    {"q8_0", 32, 34},     {"q8_1", 32, 36},     {"q2_K", 256, 84},    {"q3_K", 256, 110},
    {"q4_K", 256, 144},   {"q5_K", 256, 176},   {"q6_K", 256, 210},   {"q8_K", 256, 292},
    {"iq2_xxs", 256, 66}, {"iq2_xs", 256, 74},  {"iq3_xxs", 256, 98}, {"iq1_s", 256, 50},
    {"iq4_nl", 32, 18},   {"iq3_s", 256, 110},  {"iq2_s", 256, 82},   {"iq4_xs", 256, 136},
    {"i8", 1, 1},         {"i16", 1, 2},        {"i32", 1, 4},        {"i64", 1, 8},
    {"f64", 1, 8},        {"iq1_m", 256, 56},   {"bf16", 1, 2},       {"q4_0_4_4", 0, 0},
    {"q4_0_4_8", 0, 0},   {"q4_0_8_8", 0, 0},   {"tq1_0", 256, 54},   {"tq2_0", 256, 66},
    {"iq4_nl_4_4", 0, 0}, {"iq4_nl_4_8", 0, 0}, {"iq4_nl_8_8", 0, 0}, {"mxfp4", 32, 17},
    {"nvfp4", 64, 36},    {"q1_0", 128, 18},    {"q2_0", 64, 18},
}};

const TypeRow* row_of(GgufTensorType type) {
    const auto number = static_cast<std::uint32_t>(type);
    if (number >= kTypes.size() || kTypes[number].block_elements == 0) return nullptr;
    return &kTypes[number];
}

// The product of the dimensions, or nullopt where it (zeros aside, as later sizes are derived from
// parts of it) does not fit 63 bits.
std::optional<std::uint64_t> count_elements(std::span<const std::int64_t> shape) {
    std::uint64_t product = 1;
    bool empty = false;
    for (const std::int64_t dimension : shape) {
        if (dimension == 0) {
            empty = true;
            continue;
        }
        const auto factor = static_cast<std::uint64_t>(dimension);
        if (product > std::numeric_limits<std::int64_t>::max() / factor) return std::nullopt;
        product *= factor;
    }
    return empty ? 0 : product;
}

}  // namespace

std::string_view to_string(GgufTensorType type) {
    const TypeRow* row = row_of(type);
    return row == nullptr ? "unknown" : row->name;
}

std::uint32_t block_elements(GgufTensorType type) {
    const TypeRow* row = row_of(type);
    return row == nullptr ? 0 : row->block_elements;
}

std::uint32_t block_bytes(GgufTensorType type) {
    const TypeRow* row = row_of(type);
    return row == nullptr ? 0 : row->block_bytes;
}

std::string_view why_no_type(std::uint32_t number) {
    if (number >= kTypes.size()) return "is none that this version knows";
    if (kTypes[number].block_elements == 0) return "was removed from ggml";
    return {};
}

Result<std::uint64_t> tensor_bytes(GgufTensorType type, std::span<const std::int64_t> shape) {
    const TypeRow* row = row_of(type);
    if (row == nullptr) {
        const auto number = static_cast<std::uint32_t>(type);
        return fail(ErrorCode::kInvalidArgument, "tensor type {} {}", number, why_no_type(number));
    }
    if (shape.size() > kTensorDimensionsMax) {
        return fail(
            ErrorCode::kInvalidArgument,
            "{} dimensions, the most are {}",
            shape.size(),
            kTensorDimensionsMax
        );
    }
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (shape[i] < 0) {
            return fail(ErrorCode::kInvalidArgument, "dimension {} is {}, negative", i, shape[i]);
        }
    }
    const std::int64_t row_length = shape.empty() ? 1 : shape[0];
    if (row_length % row->block_elements != 0) {
        return fail(
            ErrorCode::kInvalidArgument,
            "row length {} is not a multiple of {}, the block size of type {}",
            row_length,
            row->block_elements,
            row->name
        );
    }
    const auto elements = count_elements(shape);
    const std::uint64_t blocks_max = std::numeric_limits<std::int64_t>::max() / row->block_bytes;
    if (!elements || *elements / row->block_elements > blocks_max) {
        return fail(ErrorCode::kInvalidArgument, "the shape's size in bytes is past 2^63");
    }
    return *elements / row->block_elements * row->block_bytes;
}

}  // namespace mullama
