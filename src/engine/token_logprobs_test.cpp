#include "engine/token_logprobs.h"

#include "engine/fake_decoder.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace mullama {
namespace {

TEST(TokenLogprobs, are_the_models_own_probabilities) {
    const ByteTokenizer tokenizer;
    const std::vector<float> logits = {0.0F, std::log(2.0F), std::log(5.0F), 0.0F};
    const TokenLogprobs logprobs = token_logprobs(logits, 1, 2, tokenizer);
    EXPECT_EQ(logprobs.chosen.token, 1);
    EXPECT_EQ(logprobs.chosen.piece, "\x01");
    EXPECT_NEAR(std::exp(logprobs.chosen.logprob), 2.0 / 9.0, 1e-6);
    ASSERT_EQ(logprobs.top.size(), 2U);
    EXPECT_EQ(logprobs.top[0].token, 2);
    EXPECT_NEAR(std::exp(logprobs.top[0].logprob), 5.0 / 9.0, 1e-6);
    EXPECT_EQ(logprobs.top[1].token, 1);
}

TEST(TokenLogprobs, large_logits_and_few_tokens_do_no_harm) {
    const ByteTokenizer tokenizer;
    const float low = -std::numeric_limits<float>::infinity();
    const std::vector<float> logits = {1e30F, low, 1e30F};
    const TokenLogprobs logprobs = token_logprobs(logits, 0, 20, tokenizer);
    EXPECT_NEAR(logprobs.chosen.logprob, std::log(0.5), 1e-6);
    EXPECT_EQ(logprobs.top.size(), 3U);
    EXPECT_EQ(logprobs.top[2].logprob, low);
    EXPECT_TRUE(token_logprobs(logits, 2, 0, tokenizer).top.empty());
}

TEST(TokenLogprobs, the_largest_has_a_probability) {
    const std::vector<float> logits = {1.0F, 1.0F, -50.0F};
    EXPECT_FLOAT_EQ(probability_of(logits, 0), 0.5F);
    const float infinity = std::numeric_limits<float>::infinity();
    for (const float value : {infinity, -infinity, std::numeric_limits<float>::quiet_NaN()}) {
        EXPECT_EQ(probability_of(std::vector<float>{value, value}, 0), 0.0F) << value;
    }
}

}  // namespace
}  // namespace mullama
