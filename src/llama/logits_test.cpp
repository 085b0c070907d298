#include "llama/logits.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace mullama {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

std::vector<float> random_logits(std::size_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0.0F, 5.0F);
    std::vector<float> logits(count);
    for (auto& logit : logits) logit = normal(random);
    return logits;
}

std::vector<Token> ids(const std::vector<llama_token_data>& candidates) {
    std::vector<Token> tokens;
    for (const auto& candidate : candidates) tokens.push_back(candidate.id);
    return tokens;
}

std::vector<Token> reference_top(const std::vector<float>& logits, std::size_t count) {
    std::vector<Token> tokens(logits.size());
    for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<Token>(i);
    std::ranges::stable_sort(tokens, [&](Token a, Token b) {
        return logits[static_cast<std::size_t>(a)] > logits[static_cast<std::size_t>(b)];
    });
    tokens.resize(std::min(count, tokens.size()));
    return tokens;
}

TEST(Argmax, finds_the_largest_at_every_place) {
    for (const std::size_t count : {1U, 2U, 15U, 16U, 17U, 255U, 256U, 257U, 1000U}) {
        for (std::size_t place = 0; place < count; ++place) {
            auto logits = random_logits(count, 1);
            logits[place] = 1000.0F;
            EXPECT_EQ(argmax(logits), static_cast<Token>(place)) << count;
        }
    }
}

TEST(Argmax, takes_the_first_of_equals) {
    std::vector<float> logits(2000, 1.0F);
    EXPECT_EQ(argmax(logits), 0);
    logits[700] = logits[701] = logits[1500] = 2.0F;
    EXPECT_EQ(argmax(logits), 700);
}

TEST(Argmax, ignores_nan_and_finds_nothing_in_nothing_but_nan) {
    std::vector<float> logits(700, kNan);
    EXPECT_EQ(argmax(logits), kNoToken);
    logits[650] = -3.0F;
    EXPECT_EQ(argmax(logits), 650);
    EXPECT_EQ(argmax(std::vector<float>(10, -kInf)), kNoToken);
    EXPECT_EQ(argmax({}), kNoToken);
}

TEST(Argmax, lets_infinity_win) {
    std::vector<float> logits = {1.0F, kInf, 2.0F};
    EXPECT_EQ(argmax(logits), 1);
}

TEST(FillCandidates, lists_all_tokens_and_removes_what_has_no_order) {
    std::vector<llama_token_data> candidates;
    fill_candidates(std::vector<float>{1.5F, kNan, kInf, -kInf}, candidates);
    EXPECT_EQ(ids(candidates), (std::vector<Token>{0, 1, 2, 3}));
    EXPECT_EQ(candidates[0].logit, 1.5F);
    EXPECT_EQ(candidates[1].logit, -kInf);
    EXPECT_TRUE(std::isfinite(candidates[2].logit));
    EXPECT_EQ(candidates[3].logit, -kInf);
}

TEST(FillTop, gives_the_same_as_sorting_everything) {
    std::vector<llama_token_data> candidates;
    for (const std::size_t vocab : {1U, 40U, 300U, 5000U, 50000U}) {
        const auto logits = random_logits(vocab, static_cast<unsigned>(vocab));
        for (const std::size_t count : {1U, 2U, 40U, 64U, 200U, 1024U}) {
            fill_top(logits, count, candidates);
            EXPECT_EQ(ids(candidates), reference_top(logits, count)) << vocab << " " << count;
        }
    }
}

TEST(FillTop, copes_with_equal_logits) {
    std::vector<llama_token_data> candidates;
    fill_top(std::vector<float>(3000, 1.0F), 5, candidates);
    EXPECT_EQ(ids(candidates), (std::vector<Token>{0, 1, 2, 3, 4}));
}

TEST(FillTop, leaves_nan_out) {
    auto logits = random_logits(3000, 5);
    for (std::size_t i = 0; i < logits.size(); i += 2) logits[i] = kNan;
    std::vector<llama_token_data> candidates;
    fill_top(logits, 40, candidates);
    ASSERT_EQ(candidates.size(), 40U);
    for (const auto& candidate : candidates) EXPECT_EQ(candidate.id % 2, 1);
    fill_top(std::vector<float>(3000, kNan), 40, candidates);
    EXPECT_TRUE(candidates.empty());
}

}  // namespace
}  // namespace mullama
