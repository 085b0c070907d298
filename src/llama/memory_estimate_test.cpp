#include "tests/support/models.h"
#include <mullama/memory_estimate.h>

#include <filesystem>

#include <gtest/gtest.h>

namespace mullama {
namespace {

ContextOptions cells(std::int32_t count) {
    ContextOptions options;
    options.context_length = count;
    options.sequences_max = 4;
    options.outputs_max = 4;
    return options;
}

TEST(MemoryEstimate, knows_weights_and_cache_of_a_model) {
    const auto file = test::smollm2_path();
    const auto estimate = estimate_memory(file, cells(4096));
    ASSERT_TRUE(estimate) << estimate.error().message;
    const std::uint64_t size = std::filesystem::file_size(file);
    EXPECT_LT(estimate->weights_bytes, size);
    EXPECT_GT(estimate->weights_bytes, size * 9 / 10);
    // 30 layers, 3 heads of 64, keys and values of two bytes each.
    EXPECT_EQ(estimate->cache_bytes, 4096ULL * 30 * 3 * 64 * 2 * 2);
    EXPECT_GT(estimate->compute_bytes, 0U);
}

TEST(MemoryEstimate, follows_the_cells_and_their_type) {
    const auto file = test::smollm2_path();
    ContextOptions small = cells(1024);
    small.key_type = CacheType::kQ8_0;
    small.value_type = CacheType::kQ8_0;
    const std::uint64_t large = estimate_memory(file, cells(2048))->cache_bytes;
    EXPECT_EQ(estimate_memory(file, small)->cache_bytes, large / 2 * 34 / 64);
    EXPECT_EQ(estimate_memory(file, cells(0))->cache_bytes, large * 4) << "trained for 8192";
    ContextOptions two = cells(100'000);
    two.sequences_max = 2;
    EXPECT_EQ(estimate_memory(file, two)->cache_bytes, large * 8) << "no more for each";
}

TEST(MemoryEstimate, of_no_model_is_an_error) {
    const auto missing = estimate_memory("/nowhere/model.gguf", cells(1));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
}

TEST(MemoryEstimate, the_machine_has_some) {
    EXPECT_GT(machine_memory_bytes(), 64ULL << 20);
}

}  // namespace
}  // namespace mullama
