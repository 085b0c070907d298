#include "llama/product_times.h"

#include <cmath>

#include <gtest/gtest.h>

namespace mullama {
namespace {

bool is_time(double seconds) {
    return std::isfinite(seconds) && seconds > 0.0;
}

TEST(ProductTimes, tell_of_weights_in_both_forms_or_not_at_all) {
    for (const GgufTensorType type :
         {GgufTensorType::kQ4_0, GgufTensorType::kQ4_K, GgufTensorType::kQ8_0}) {
        const auto times = time_repacking(type, 1);
        if (!times) continue;  // this CPU has no other kernels for it
        EXPECT_TRUE(is_time(times->plain.prompt)) << to_string(type);
        EXPECT_TRUE(is_time(times->plain.token)) << to_string(type);
        EXPECT_TRUE(is_time(times->repacked.prompt)) << to_string(type);
        EXPECT_TRUE(is_time(times->repacked.token)) << to_string(type);
    }
}

TEST(ProductTimes, there_are_none_for_weights_that_have_one_form) {
    EXPECT_FALSE(time_repacking(GgufTensorType::kF32, 1));
    EXPECT_FALSE(time_repacking(GgufTensorType::kQ8_K, 1));
    EXPECT_FALSE(time_repacking(static_cast<GgufTensorType>(1000), 1));
}

}  // namespace
}  // namespace mullama
