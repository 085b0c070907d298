#include "llama/weight_types.h"

#include <gtest/gtest.h>

namespace mullama {
namespace {

Result<void> check(const std::string& name, GgufTensorType type) {
    GgufWriter writer;
    const std::vector<std::int64_t> shape = {256};
    std::vector<std::byte> bytes(*tensor_bytes(type, shape));
    EXPECT_TRUE(writer.add_tensor(name, type, shape, std::move(bytes)));
    const auto content = *writer.to_bytes();
    const GgufFile files[] = {*GgufFile::parse(content)};
    return check_weight_types(files);
}

TEST(WeightTypes, numbers_and_quantized_weights_are_computable) {
    for (const auto type : {GgufTensorType::kF32, GgufTensorType::kBF16, GgufTensorType::kQ4_K}) {
        EXPECT_TRUE(check("blk.0.attn_q.weight", type));
    }
}

TEST(WeightTypes, a_matrix_of_integers_is_refused_by_name) {
    const auto result = check("blk.0.attn_q.weight", GgufTensorType::kI32);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kUnsupported);
    EXPECT_EQ(
        result.error().message,
        "tensor \"blk.0.attn_q.weight\" is of type i32, which the engine cannot compute with: "
        "convert the model again"
    );
}

TEST(WeightTypes, types_of_intermediate_results_are_refused) {
    EXPECT_FALSE(check("output.weight", GgufTensorType::kQ8_1));
    EXPECT_FALSE(check("output.weight", GgufTensorType::kQ8_K));
}

TEST(WeightTypes, tables_of_indices_hold_integers) {
    EXPECT_TRUE(check("blk.0.ffn_gate_tid2eid.weight", GgufTensorType::kI32));
    EXPECT_TRUE(check("d2t", GgufTensorType::kI64));
}

}  // namespace
}  // namespace mullama
