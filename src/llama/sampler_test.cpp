#include <mullama/sampler.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <stdexcept>

#include <gtest/gtest.h>

namespace mullama {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

std::vector<float> random_logits(std::size_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0.0F, 3.0F);
    std::vector<float> logits(count);
    for (auto& logit : logits) logit = normal(random);
    return logits;
}

// The logits whose softmax is `probabilities`.
std::vector<float> logits_of(const std::vector<float>& probabilities) {
    std::vector<float> logits;
    for (const float p : probabilities) logits.push_back(std::log(p));
    return logits;
}

std::vector<Candidate> candidates_of(const std::vector<float>& logits) {
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < logits.size(); ++i) {
        candidates.push_back({static_cast<Token>(i), logits[i], 0.0F});
    }
    return candidates;
}

// The tokens that `sampler` leaves of `probabilities`.
std::set<Token> left(Sampler& sampler, const std::vector<float>& probabilities) {
    auto candidates = candidates_of(logits_of(probabilities));
    EXPECT_TRUE(sampler.apply(candidates));
    std::set<Token> tokens;
    for (const auto& candidate : candidates) {
        if (candidate.logit > -kInf) tokens.insert(candidate.token);
    }
    return tokens;
}

std::vector<Token> draw(Sampler& sampler, const std::vector<float>& logits, int count) {
    std::vector<Token> tokens;
    for (int i = 0; i < count; ++i) {
        const auto token = sampler.sample(logits);
        EXPECT_TRUE(token) << token.error().message;
        tokens.push_back(token.value_or(kNoToken));
        EXPECT_TRUE(sampler.accept(tokens.back()));
    }
    return tokens;
}

Sampler dist(std::uint32_t seed) {
    Sampler sampler;
    EXPECT_TRUE(sampler.add_dist(seed));
    return sampler;
}

Result<void> add_chooser(Sampler& sampler, int kind, std::int32_t vocab_size) {
    switch (kind) {
        case 0:
            return sampler.add_dist(1);
        case 1:
            return sampler.add_mirostat(vocab_size, 1);
        case 2:
            return sampler.add_mirostat_v2(1);
        default:
            return sampler.add_adaptive_p(0.5F, 0.9F, 1);
    }
}

TEST(Sampler, greedy_takes_the_most_likely_token) {
    Sampler sampler;
    ASSERT_TRUE(sampler.add_greedy());
    EXPECT_EQ(sampler.sample(std::vector<float>{0.0F, 3.0F, -1.0F, 2.9F}).value(), 1);
    EXPECT_EQ(sampler.sample(std::vector<float>{kNan, kNan, -1.0F, kNan}).value(), 2);
}

TEST(Sampler, draws_the_same_tokens_with_the_same_seed_and_others_with_another) {
    const auto logits = random_logits(500, 1);
    auto first = dist(7);
    auto second = dist(7);
    auto third = dist(8);
    const auto tokens = draw(first, logits, 50);
    EXPECT_EQ(tokens, draw(second, logits, 50));
    EXPECT_NE(tokens, draw(third, logits, 50));
    EXPECT_EQ(first.seed(), 7U);
}

TEST(Sampler, reset_starts_the_draw_again_also_with_a_random_seed) {
    const auto logits = random_logits(500, 1);
    auto sampler = dist(kRandomSeed);
    ASSERT_TRUE(sampler.seed());
    EXPECT_NE(*sampler.seed(), kRandomSeed);
    const auto tokens = draw(sampler, logits, 30);
    sampler.reset();
    EXPECT_EQ(tokens, draw(sampler, logits, 30));
    auto again = dist(*sampler.seed());
    EXPECT_EQ(tokens, draw(again, logits, 30));
}

TEST(Sampler, draws_each_token_as_often_as_softmax_says) {
    const std::vector<float> probabilities = {0.4F, 0.25F, 0.15F, 0.1F, 0.06F, 0.04F};
    const auto logits = logits_of(probabilities);
    auto sampler = dist(1234);
    constexpr int kDraws = 20000;
    std::array<int, 6> counts{};
    for (const Token token : draw(sampler, logits, kDraws)) {
        ++counts.at(static_cast<std::size_t>(token));
    }
    double chi_square = 0.0;
    for (std::size_t i = 0; i < probabilities.size(); ++i) {
        const double expected = kDraws * double{probabilities[i]};
        chi_square += (counts.at(i) - expected) * (counts.at(i) - expected) / expected;
    }
    EXPECT_LT(chi_square, 20.5);  // 0.1 % of fair draws lie above, with 5 degrees of freedom
}

TEST(Sampler, top_k_keeps_exactly_the_k_best) {
    Sampler sampler;
    ASSERT_TRUE(sampler.add_top_k(3));
    EXPECT_EQ(left(sampler, {0.1F, 0.3F, 0.05F, 0.25F, 0.2F, 0.1F}), (std::set<Token>{1, 3, 4}));
    EXPECT_EQ(left(sampler, {0.5F, 0.5F}), (std::set<Token>{0, 1}));
}

TEST(Sampler, top_k_of_zero_keeps_all) {
    Sampler sampler;
    ASSERT_TRUE(sampler.add_top_k(0));
    EXPECT_EQ(left(sampler, {0.1F, 0.3F, 0.6F}).size(), 3U);
}

TEST(Sampler, top_p_keeps_the_smallest_set_that_reaches_p) {
    Sampler sampler;
    ASSERT_TRUE(sampler.add_top_p(0.7F));
    EXPECT_EQ(left(sampler, {0.1F, 0.4F, 0.15F, 0.35F}), (std::set<Token>{1, 3}));
    EXPECT_EQ(left(sampler, {0.8F, 0.1F, 0.1F}), (std::set<Token>{0}));
}

TEST(Sampler, top_p_keeps_min_keep) {
    Sampler sampler;
    ASSERT_TRUE(sampler.add_top_p(0.1F, 3));
    EXPECT_EQ(left(sampler, {0.1F, 0.4F, 0.15F, 0.35F}), (std::set<Token>{1, 2, 3}));
}

TEST(Sampler, min_p_keeps_what_is_near_the_best) {
    Sampler sampler;
    ASSERT_TRUE(sampler.add_min_p(0.3F));
    EXPECT_EQ(left(sampler, {0.5F, 0.2F, 0.16F, 0.14F}), (std::set<Token>{0, 1, 2}));
}

TEST(Sampler, typical_keeps_what_is_as_surprising_as_expected) {
    Sampler sampler;
    ASSERT_TRUE(sampler.add_typical(0.5F));
    EXPECT_EQ(left(sampler, {0.97F, 0.01F, 0.01F, 0.01F}), (std::set<Token>{0}));
}

TEST(Sampler, top_n_sigma_keeps_what_lies_within_the_deviation) {
    Sampler sampler;
    ASSERT_TRUE(sampler.add_top_n_sigma(1.0F));
    auto candidates = candidates_of({10.0F, 9.5F, 0.0F, 0.0F, 0.0F, 0.0F});
    ASSERT_TRUE(sampler.apply(candidates));
    EXPECT_GT(candidates[1].logit, -kInf);
    EXPECT_EQ(candidates[2].logit, -kInf);
}

TEST(Sampler, xtc_drops_all_but_the_last_top_choice) {
    Sampler sampler;
    ASSERT_TRUE(sampler.add_xtc(1.0F, 0.2F, 1, 3));
    EXPECT_EQ(left(sampler, {0.4F, 0.1F, 0.25F, 0.25F}).count(0), 0U);
    EXPECT_EQ(left(sampler, {0.9F, 0.05F, 0.05F}).size(), 3U);
    EXPECT_EQ(sampler.seed(), 3U);
}

TEST(Sampler, temperature_divides_the_logits) {
    Sampler sampler;
    ASSERT_TRUE(sampler.add_temperature(0.5F));
    auto candidates = candidates_of({1.0F, -2.0F});
    ASSERT_TRUE(sampler.apply(candidates));
    EXPECT_FLOAT_EQ(candidates[0].logit, 2.0F);
    EXPECT_FLOAT_EQ(candidates[1].logit, -4.0F);
}

TEST(Sampler, temperature_of_nearly_zero_leaves_the_best) {
    for (const float temperature : {0.0F, 1e-40F, 1e-7F}) {
        Sampler sampler;
        ASSERT_TRUE(sampler.add_temperature(temperature));
        EXPECT_EQ(left(sampler, {0.2F, 0.41F, 0.39F}), (std::set<Token>{1}));
    }
}

TEST(Sampler, dynamic_temperature_sharpens_certain_distributions_most) {
    Sampler sampler;
    ASSERT_TRUE(sampler.add_dynamic_temperature(1.0F, 0.5F));
    auto certain = candidates_of(logits_of({0.98F, 0.01F, 0.01F}));
    auto unsure = candidates_of(logits_of({0.34F, 0.33F, 0.33F}));
    ASSERT_TRUE(sampler.apply(certain));
    ASSERT_TRUE(sampler.apply(unsure));
    EXPECT_GT(certain[0].probability, 0.99F);
    EXPECT_LT(unsure[0].probability, 0.34F);
}

TEST(Sampler, penalties_make_accepted_tokens_less_likely) {
    Sampler sampler;
    ASSERT_TRUE(
        sampler.add_penalties({.last_n = 4, .repeat = 2.0F, .frequency = 0.5F, .presence = 0.25F})
    );
    ASSERT_TRUE(sampler.accept(0));
    ASSERT_TRUE(sampler.accept(1));
    ASSERT_TRUE(sampler.accept(1));
    auto candidates = candidates_of({4.0F, -1.0F, 4.0F});
    ASSERT_TRUE(sampler.apply(candidates));
    EXPECT_FLOAT_EQ(candidates[0].logit, 4.0F / 2.0F - 0.5F - 0.25F);
    EXPECT_FLOAT_EQ(candidates[1].logit, -1.0F * 2.0F - 1.0F - 0.25F);
    EXPECT_FLOAT_EQ(candidates[2].logit, 4.0F);
}

TEST(Sampler, penalties_forget_what_left_their_window) {
    Sampler sampler;
    ASSERT_TRUE(sampler.add_penalties({.last_n = 2, .repeat = 2.0F}));
    for (const Token token : {0, 1, 2}) ASSERT_TRUE(sampler.accept(token));
    auto candidates = candidates_of({4.0F, 4.0F, 4.0F});
    ASSERT_TRUE(sampler.apply(candidates));
    EXPECT_FLOAT_EQ(candidates[0].logit, 4.0F);
    EXPECT_FLOAT_EQ(candidates[1].logit, 2.0F);
}

TEST(Sampler, priming_counts_as_having_seen_the_prompt) {
    Sampler sampler;
    ASSERT_TRUE(sampler.add_penalties({.last_n = 2, .repeat = 2.0F}));
    ASSERT_TRUE(sampler.prime(std::vector<Token>{0, 0, 0, 1, 2}));
    auto candidates = candidates_of({4.0F, 4.0F, 4.0F});
    ASSERT_TRUE(sampler.apply(candidates));
    EXPECT_FLOAT_EQ(candidates[0].logit, 4.0F);
    EXPECT_FLOAT_EQ(candidates[2].logit, 2.0F);
}

TEST(Sampler, logit_bias_adds_and_forbids) {
    Sampler sampler;
    const std::vector<LogitBias> biases = {{0, -kInf}, {2, 1.5F}};
    ASSERT_TRUE(sampler.add_logit_bias(3, biases));
    auto candidates = candidates_of({4.0F, 4.0F, 4.0F});
    ASSERT_TRUE(sampler.apply(candidates));
    EXPECT_EQ(candidates[0].logit, -kInf);
    EXPECT_FLOAT_EQ(candidates[2].logit, 5.5F);
}

/// Ends a chain with a draw from the largest, or with the largest one.
void add_choice(Sampler& sampler, std::uint32_t seed) {
    if (seed % 2 == 0) {
        ASSERT_TRUE(sampler.add_top_k(static_cast<std::int32_t>(1 + seed % 50)));
        ASSERT_TRUE(sampler.add_dist(seed));
    } else {
        ASSERT_TRUE(sampler.add_greedy());
    }
}

/// apply() lists all tokens, sample() those that can be chosen.
void expect_choice_as_from_all(Sampler& sampler, const std::vector<float>& logits) {
    auto from_all = sampler.clone();
    ASSERT_TRUE(from_all);
    auto candidates = candidates_of(logits);
    const auto expected = from_all->apply(candidates);
    const auto drawn = sampler.sample(logits);
    ASSERT_TRUE(expected);
    ASSERT_TRUE(drawn) << drawn.error().message;
    EXPECT_EQ(*drawn, *expected);
}

TEST(Sampler, a_biased_chain_chooses_as_from_all_tokens) {
    std::mt19937 random(5);
    std::uniform_int_distribution<Token> any_token(0, 1999);
    std::uniform_real_distribution<float> any_bias(-8.0F, 8.0F);
    for (std::uint32_t seed = 0; seed < 200; ++seed) {
        SCOPED_TRACE(seed);
        const auto logits = random_logits(2000, seed);
        std::vector<LogitBias> biases = {{any_token(random), -kInf}, {any_token(random), -kInf}};
        biases.push_back(
            {static_cast<Token>(std::ranges::max_element(logits) - logits.begin()), -kInf}
        );
        for (std::uint32_t i = 0; i < seed % 9; ++i) {
            biases.push_back({any_token(random), any_bias(random)});
        }
        Sampler sampler;
        ASSERT_TRUE(sampler.add_logit_bias(2000, biases));
        add_choice(sampler, seed);
        expect_choice_as_from_all(sampler, logits);
    }
}

// Windows of up to 1,024 tokens are known by their tokens, longer ones are not.
TEST(Sampler, a_chain_with_penalties_chooses_as_from_all_tokens) {
    std::mt19937 random(6);
    std::uniform_int_distribution<Token> any_token(0, 1999);
    std::uniform_real_distribution<float> any_penalty(-3.0F, 3.0F);
    for (std::uint32_t seed = 0; seed < 200; ++seed) {
        SCOPED_TRACE(seed);
        const auto logits = random_logits(2000, seed);
        const std::int32_t last_n = seed % 10 == 0 ? 1500 : static_cast<std::int32_t>(seed % 100);
        const std::vector<LogitBias> biases = {{any_token(random), -kInf}};
        Sampler sampler;
        ASSERT_TRUE(sampler.add_logit_bias(2000, biases));
        ASSERT_TRUE(sampler.add_penalties({
            .last_n = last_n,
            .repeat = std::exp(any_penalty(random)),
            .frequency = any_penalty(random),
            .presence = any_penalty(random),
        }));
        add_choice(sampler, seed);
        std::vector<Token> prompt(seed % 7 * 40);
        for (Token& token : prompt) token = any_token(random);
        ASSERT_TRUE(sampler.prime(prompt));
        for (std::uint32_t step = 0; step < seed % 90; ++step) {
            ASSERT_TRUE(sampler.accept(any_token(random)));
        }
        if (seed % 11 == 0) sampler.reset();
        expect_choice_as_from_all(sampler, logits);
    }
}

TEST(Sampler, mirostat_holds_the_surprise_near_its_target) {
    const auto logits = random_logits(2000, 3);
    const double norm = [&] {
        double sum = 0.0;
        for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
        return std::log2(sum);
    }();
    Sampler sampler;
    ASSERT_TRUE(sampler.add_mirostat_v2(11, 3.0F, 0.1F));
    double surprise = 0.0;
    constexpr int kDraws = 500;
    for (const Token token : draw(sampler, logits, kDraws)) {
        const double logit = logits[static_cast<std::size_t>(token)];
        surprise += norm - logit / std::log(2.0);
    }
    // The paper's target holds for the narrowed distribution, so the whole one's is above.
    EXPECT_GT(surprise / kDraws, 2.5);
    EXPECT_LT(surprise / kDraws, 7.0);
}

TEST(Sampler, every_sampler_that_draws_gives_tokens_of_the_vocabulary_for_any_logits) {
    std::mt19937 random(5);
    for (int round = 0; round < 40; ++round) {
        const std::size_t vocab = 2 + random() % 400;
        auto logits = random_logits(vocab, static_cast<unsigned>(random()));
        for (auto& logit : logits) {
            const auto kind = random() % 8;
            if (kind == 0) logit = kNan;
            if (kind == 1) logit = -kInf;
            if (kind == 2) logit = kInf;
            if (kind == 3) logit = 1e30F;
        }
        logits[0] = 1.0F;
        for (int kind = 0; kind < 4; ++kind) {
            Sampler sampler;
            ASSERT_TRUE(sampler.add_top_k(static_cast<std::int32_t>(random() % 300)));
            ASSERT_TRUE(sampler.add_typical(0.9F));
            ASSERT_TRUE(sampler.add_top_p(0.9F));
            ASSERT_TRUE(sampler.add_min_p(0.01F));
            ASSERT_TRUE(sampler.add_xtc(0.5F, 0.1F, 1, 1));
            ASSERT_TRUE(sampler.add_temperature(0.7F));
            ASSERT_TRUE(add_chooser(sampler, kind, static_cast<std::int32_t>(vocab)));
            const auto token = sampler.sample(logits);
            ASSERT_TRUE(token) << token.error().message;
            EXPECT_GE(*token, 0);
            EXPECT_LT(*token, static_cast<Token>(vocab));
        }
    }
}

TEST(Sampler, picks_the_top_without_a_full_list_and_draws_as_if_it_had_one) {
    const auto logits = random_logits(20000, 9);
    Sampler quick;
    ASSERT_TRUE(quick.add_top_k(40));
    Sampler full;
    ASSERT_TRUE(full.add_temperature(1.0F));
    ASSERT_TRUE(full.add_top_k(40));
    for (auto* sampler : {&quick, &full}) {
        ASSERT_TRUE(sampler->add_top_p(0.95F));
        ASSERT_TRUE(sampler->add_dist(3));
    }
    EXPECT_EQ(draw(quick, logits, 200), draw(full, logits, 200));
}

TEST(Sampler, clone_goes_on_where_the_original_is) {
    const auto logits = random_logits(300, 2);
    Sampler sampler;
    ASSERT_TRUE(sampler.add_penalties({.last_n = 64, .repeat = 1.3F}));
    ASSERT_TRUE(sampler.add_xtc(0.5F, 0.05F, 1, 4));
    ASSERT_TRUE(sampler.add_mirostat(300, 5));
    draw(sampler, logits, 20);
    auto copy = sampler.clone();
    ASSERT_TRUE(copy);
    EXPECT_EQ(copy->size(), 3U);
    EXPECT_EQ(copy->seed(), 5U);
    EXPECT_EQ(draw(sampler, logits, 50), draw(*copy, logits, 50));
}

TEST(Sampler, clone_of_adaptive_p_survives_the_choice_it_waited_for) {
    const auto logits = random_logits(300, 2);
    Sampler sampler;
    ASSERT_TRUE(sampler.add_adaptive_p(0.3F, 0.9F, 6));
    const auto token = sampler.sample(logits);
    ASSERT_TRUE(token);
    auto copy = sampler.clone();
    ASSERT_TRUE(copy);
    ASSERT_TRUE(copy->accept(*token));
    draw(*copy, logits, 5);
}

TEST(Sampler, tells_and_removes_the_samplers_of_its_chain) {
    Sampler sampler;
    ASSERT_TRUE(sampler.add_top_k(40));
    ASSERT_TRUE(sampler.add_top_p(0.9F));
    ASSERT_TRUE(sampler.add_dist(1));
    EXPECT_EQ(sampler.size(), 3U);
    EXPECT_EQ(sampler.name(0), "top-k");
    EXPECT_EQ(sampler.name(2), "dist");
    EXPECT_EQ(sampler.name(3), "");
    ASSERT_TRUE(sampler.remove(0));
    EXPECT_EQ(sampler.name(0), "top-p");
    ASSERT_TRUE(sampler.remove(1));
    EXPECT_EQ(sampler.seed(), std::nullopt);
    EXPECT_EQ(sampler.remove(1).error().code, ErrorCode::kInvalidArgument);
}

TEST(Sampler, appends_another_chain_with_its_memory) {
    Sampler penalties;
    ASSERT_TRUE(penalties.add_penalties({.last_n = 4, .repeat = 100.0F}));
    ASSERT_TRUE(penalties.accept(1));
    Sampler sampler;
    ASSERT_TRUE(sampler.add_top_k(2));
    ASSERT_TRUE(sampler.append(std::move(penalties)));
    ASSERT_TRUE(sampler.add_greedy());
    EXPECT_EQ(sampler.size(), 3U);
    EXPECT_EQ(sampler.sample(std::vector<float>{2.0F, 3.0F, 1.0F}).value(), 0);
}

TEST(Sampler, adds_nothing_behind_a_sampler_that_chooses) {
    Sampler sampler;
    ASSERT_TRUE(sampler.add_dist(1));
    const auto result = sampler.add_top_k(3);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message, "sampler 'dist' chooses the token: add others before it");
    EXPECT_FALSE(sampler.append(dist(1)));
    EXPECT_EQ(sampler.size(), 1U);
}

TEST(Sampler, says_what_is_wrong_with_the_logits) {
    Sampler sampler;
    ASSERT_TRUE(sampler.add_logit_bias(3, {}));
    EXPECT_EQ(sampler.sample({}).error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(
        sampler.sample(std::vector<float>(4)).error().message.find("got 4 logits"),
        std::string::npos
    );
    EXPECT_NE(
        sampler.sample(std::vector<float>(3)).error().message.find("chooses no token"),
        std::string::npos
    );
    EXPECT_EQ(sampler.accept(3).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(sampler.accept(-1).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(sampler.prime(std::vector<Token>{0, 5}).error().code, ErrorCode::kInvalidArgument);
}

TEST(Sampler, tells_a_model_without_numbers_from_samplers_that_exclude_all) {
    const std::vector<float> nothing(100, kNan);
    for (const bool greedy : {true, false}) {
        Sampler sampler;
        ASSERT_TRUE(greedy ? sampler.add_greedy() : sampler.add_dist(1));
        EXPECT_EQ(sampler.sample(nothing).error().code, ErrorCode::kInternal);
    }
    Sampler strict;
    const std::vector<LogitBias> biases = {{0, -kInf}, {1, -kInf}};
    ASSERT_TRUE(strict.add_logit_bias(2, biases));
    ASSERT_TRUE(strict.add_dist(1));
    const auto result = strict.sample(std::vector<float>{1.0F, 2.0F});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(result.error().message.find("no token is left"), std::string::npos);
}

TEST(Sampler, refuses_numbers_out_of_range_and_stays_as_it_was) {
    Sampler sampler;
    EXPECT_EQ(sampler.add_top_p(1.5F).error().message, "top_p is 1.5: it must be between 0 and 1");
    EXPECT_EQ(
        sampler.add_temperature(-1.0F).error().message,
        "temperature is -1: it must be a number of at least 0"
    );
    EXPECT_EQ(
        sampler.add_penalties({.repeat = 0.0F}).error().message,
        "repeat_penalty is 0: it must be a number above 0"
    );
    EXPECT_EQ(
        sampler.add_penalties({.frequency = kNan}).error().message,
        "frequency_penalty is nan: it must be a finite number"
    );
    EXPECT_FALSE(sampler.add_top_p(kNan));
    EXPECT_FALSE(sampler.add_min_p(-0.1F));
    EXPECT_FALSE(sampler.add_typical(2.0F));
    EXPECT_FALSE(sampler.add_top_n_sigma(kInf));
    EXPECT_FALSE(sampler.add_xtc(2.0F, 0.1F));
    EXPECT_FALSE(sampler.add_temperature(kInf));
    EXPECT_FALSE(sampler.add_dynamic_temperature(1.0F, -1.0F));
    EXPECT_FALSE(sampler.add_penalties({.last_n = -1, .repeat = 2.0F}));
    EXPECT_FALSE(sampler.add_mirostat(0, 1));
    EXPECT_FALSE(sampler.add_mirostat(10, 1, 5.0F, 0.1F, 1));
    EXPECT_FALSE(sampler.add_mirostat_v2(1, -1.0F));
    EXPECT_FALSE(sampler.add_adaptive_p(1.5F));
    EXPECT_FALSE(sampler.add_adaptive_p(0.5F, 1.0F));
    EXPECT_FALSE(sampler.add_logit_bias(3, std::vector<LogitBias>{{3, 1.0F}}));
    EXPECT_FALSE(sampler.add_logit_bias(3, std::vector<LogitBias>{{0, kInf}}));
    EXPECT_FALSE(sampler.add_logit_bias(3, std::vector<LogitBias>{{0, kNan}}));
    EXPECT_EQ(sampler.size(), 0U);
}

}  // namespace
}  // namespace mullama
