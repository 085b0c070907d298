#include "gguf/tensor_type.h"

#include <gtest/gtest.h>

namespace mullama {
namespace {

std::uint64_t bytes_of(GgufTensorType type, std::vector<std::int64_t> shape) {
    const auto bytes = tensor_bytes(type, shape);
    EXPECT_TRUE(bytes) << bytes.error().message;
    return bytes.value_or(0);
}

TEST(TensorType, has_the_names_of_ggml) {
    EXPECT_EQ(to_string(GgufTensorType::kF32), "f32");
    EXPECT_EQ(to_string(GgufTensorType::kQ4_K), "q4_K");
    EXPECT_EQ(to_string(GgufTensorType::kQ2_0), "q2_0");
    EXPECT_EQ(to_string(static_cast<GgufTensorType>(4)), "unknown");
    EXPECT_EQ(to_string(static_cast<GgufTensorType>(1000)), "unknown");
}

TEST(TensorType, says_why_a_number_is_no_type) {
    EXPECT_EQ(why_no_type(0), "");
    EXPECT_EQ(why_no_type(5), "was removed from ggml");
    EXPECT_EQ(why_no_type(43), "is none that this version knows");
    EXPECT_EQ(block_elements(static_cast<GgufTensorType>(43)), 0U);
    EXPECT_EQ(block_bytes(static_cast<GgufTensorType>(38)), 0U);
}

TEST(TensorType, computes_sizes_from_blocks) {
    EXPECT_EQ(bytes_of(GgufTensorType::kF32, {3, 5}), 60U);
    EXPECT_EQ(bytes_of(GgufTensorType::kQ4_1, {64, 2}), 80U);
    EXPECT_EQ(bytes_of(GgufTensorType::kQ6_K, {512, 3}), 1260U);
    EXPECT_EQ(bytes_of(GgufTensorType::kF64, {}), 8U);
    EXPECT_EQ(bytes_of(GgufTensorType::kI8, {0, 4}), 0U);
}

TEST(TensorType, accepts_the_largest_shape_and_refuses_the_next) {
    EXPECT_EQ(bytes_of(GgufTensorType::kI8, {INT64_MAX}), std::uint64_t{INT64_MAX});
    const std::vector<std::int64_t> next = {std::int64_t{1} << 62, 2};
    EXPECT_EQ(tensor_bytes(GgufTensorType::kI8, next).error().code, ErrorCode::kInvalidArgument);
}

TEST(TensorType, a_block_of_a_quantized_row_needs_whole_blocks) {
    const std::vector<std::int64_t> shape = {128};
    EXPECT_EQ(
        tensor_bytes(GgufTensorType::kQ4_K, shape).error().message,
        "row length 128 is not a multiple of 256, the block size of type q4_K"
    );
}

}  // namespace
}  // namespace mullama
