#include "engine/prefill_pace.h"

#include <utility>

#include <gtest/gtest.h>

namespace mullama {
namespace {

using std::chrono::milliseconds;

// A step of prompts beside answers, which take 10 ms themselves.
PrefillPace::Step mixed(std::int32_t prompts, PrefillPace::Duration token) {
    return {.answers = 3, .prompts = prompts, .duration = milliseconds(10) + prompts * token};
}

PrefillPace::Step answers() {
    return {.answers = 3, .duration = milliseconds(10)};
}

PrefillPace::Step alone(std::int32_t prompts, PrefillPace::Duration token) {
    return {.prompts = prompts, .duration = prompts * token};
}

// Steps on a machine that takes `token` for each token of a prompt.
void run(PrefillPace& pace, PrefillPace::Duration token, int steps) {
    for (int i = 0; i < steps; ++i) {
        pace.took(i % 4 == 0 ? answers() : mixed(pace.tokens(), token));
    }
}

// Steps with prompts on a machine that takes `apart` for each token of a prompt in a step of its
// own, and `beside` in the answers' step. Gives how many of them were apart.
int run_either(
    PrefillPace& pace, PrefillPace::Duration apart, PrefillPace::Duration beside, int steps
) {
    int count = 0;
    for (int i = 0; i < steps; ++i) {
        pace.took(answers());
        const std::int32_t prompts = pace.tokens();
        PrefillPace::Step step = pace.apart() ? alone(prompts, apart) : mixed(prompts, beside);
        step.apart = pace.apart();
        count += step.apart ? 1 : 0;
        pace.took(step);
    }
    return count;
}

TEST(PrefillPace, takes_what_fits_the_budget) {
    PrefillPace pace(256, milliseconds(100));
    EXPECT_EQ(pace.tokens(), 48) << "nothing is known yet";
    run(pace, milliseconds(5), 40);
    EXPECT_EQ(pace.tokens(), 16);
    run(pace, milliseconds(1), 40);
    EXPECT_EQ(pace.tokens(), 96);
}

TEST(PrefillPace, stays_between_the_least_and_the_most) {
    PrefillPace pace(100, milliseconds(100));
    run(pace, milliseconds(50), 40);
    EXPECT_EQ(pace.tokens(), PrefillPace::kLeast);
    run(pace, PrefillPace::Duration(1e-6), 80);
    EXPECT_EQ(pace.tokens(), 100);
    PrefillPace narrow(8, milliseconds(100));
    EXPECT_EQ(narrow.tokens(), 8);
    run(narrow, milliseconds(50), 40);
    EXPECT_EQ(narrow.tokens(), 8);
}

TEST(PrefillPace, learns_from_prompts_that_are_read_alone) {
    PrefillPace pace(256, milliseconds(100));
    pace.took(alone(1000, milliseconds(2)));
    EXPECT_EQ(pace.tokens(), 48);
    pace.took(alone(5, milliseconds(40)));
    EXPECT_EQ(pace.tokens(), 48) << "a few tokens say little";
}

TEST(PrefillPace, is_not_upset_by_one_slow_step) {
    PrefillPace pace(256, milliseconds(100));
    run(pace, milliseconds(1), 40);
    pace.took(mixed(96, milliseconds(4)));
    EXPECT_GE(pace.tokens(), 32);
    run(pace, milliseconds(1), 20);
    EXPECT_EQ(pace.tokens(), 96);
}

TEST(PrefillPace, prompts_have_steps_of_their_own_where_that_is_faster) {
    PrefillPace pace(256, milliseconds(100));
    EXPECT_FALSE(pace.apart()) << "nothing is known";
    pace.took(mixed(48, milliseconds(5)));
    EXPECT_FALSE(pace.apart()) << "64 tokens take three times the budget";
    pace.took(alone(500, milliseconds(1)));
    EXPECT_GE(run_either(pace, milliseconds(1), milliseconds(2), 48), 43);
    EXPECT_EQ(pace.tokens(), 96);
}

TEST(PrefillPace, prompts_stay_beside_answers_where_that_is_faster) {
    PrefillPace pace(256, milliseconds(100));
    pace.took(alone(500, milliseconds(1)));
    run_either(pace, milliseconds(1), PrefillPace::Duration(0.0005), 10);
    EXPECT_LE(run_either(pace, milliseconds(1), PrefillPace::Duration(0.0005), 480), 40);
    EXPECT_EQ(pace.tokens(), PrefillPace::kBeside);
}

TEST(PrefillPace, a_machine_that_computes_the_most_in_the_budget_mixes) {
    PrefillPace pace(256, milliseconds(100));
    pace.took(alone(500, PrefillPace::Duration(0.0002)));
    const auto token = PrefillPace::Duration(0.0003);
    EXPECT_EQ(run_either(pace, PrefillPace::Duration(0.0002), token, 100), 0);
    EXPECT_EQ(pace.tokens(), 256);
}

TEST(PrefillPace, the_slower_way_is_tried_again) {
    PrefillPace pace(256, milliseconds(100));
    pace.took(alone(500, milliseconds(1)));
    EXPECT_GT(run_either(pace, milliseconds(1), milliseconds(2), 100), 85);
    run_either(pace, milliseconds(1), PrefillPace::Duration(0.0005), 500);
    EXPECT_LT(run_either(pace, milliseconds(1), PrefillPace::Duration(0.0005), 100), 15);
    run_either(pace, milliseconds(1), milliseconds(2), 500);
    EXPECT_GT(run_either(pace, milliseconds(1), milliseconds(2), 100), 85);
}

TEST(PrefillPace, tokens_that_take_longer_by_and_by_are_not_taken_for_a_slower_way) {
    PrefillPace pace(256, milliseconds(100));
    pace.took(alone(500, milliseconds(1)));
    run_either(pace, milliseconds(1), PrefillPace::Duration(0.0015), 60);
    for (int i = 0; i < 200; ++i) {
        const auto token = milliseconds(1) * (1 + i * 0.005);
        run_either(pace, token, token * 1.5, 1);
    }
    EXPECT_GE(run_either(pace, milliseconds(2), milliseconds(3), 48), 43);
}

TEST(PrefillPace, a_step_of_their_own_may_exceed_the_budget_by_so_much) {
    for (const auto& [token_ms, tokens] :
         {std::pair(0.5, 192), {1.0, 96}, {1.4, 96}, {1.7, 64}, {3.8, 64}, {4.1, 16}}) {
        PrefillPace pace(256, milliseconds(100));
        const PrefillPace::Duration token = milliseconds(1) * token_ms;
        pace.took(alone(500, token));
        run_either(pace, token, token * 1.4, 20);
        EXPECT_EQ(pace.tokens(), tokens) << token_ms;
        EXPECT_EQ(pace.apart(), tokens >= PrefillPace::kTile) << token_ms;
    }
}

TEST(PrefillPace, prompts_that_slowed_down_have_steps_of_their_own_again) {
    PrefillPace pace(256, milliseconds(100));
    pace.took(alone(500, milliseconds(2)));
    run_either(pace, milliseconds(2), milliseconds(3), 20);
    run_either(pace, milliseconds(6), milliseconds(7), 20);
    EXPECT_FALSE(pace.apart());
    run_either(pace, milliseconds(2), milliseconds(3), 20);
    EXPECT_TRUE(pace.apart());
}

TEST(PrefillPace, without_a_budget_it_is_always_the_most) {
    PrefillPace pace(256, PrefillPace::Duration::zero());
    run(pace, milliseconds(50), 40);
    EXPECT_EQ(pace.tokens(), 256);
}

}  // namespace
}  // namespace mullama
