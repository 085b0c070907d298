#include "engine/prefill_pace.h"

#include <gtest/gtest.h>

namespace mullama {
namespace {

using std::chrono::milliseconds;

// Steps on a machine that takes 10 ms for the answers and `token` for each token of a prompt.
void run(PrefillPace& pace, PrefillPace::Duration token, int steps) {
    for (int i = 0; i < steps; ++i) {
        const std::int32_t prompts = i % 4 == 0 ? 0 : pace.tokens();
        pace.took(3, prompts, milliseconds(10) + prompts * token);
    }
}

TEST(PrefillPace, takes_what_fits_the_budget) {
    PrefillPace pace(256, milliseconds(100));
    EXPECT_EQ(pace.tokens(), 64) << "nothing is known yet";
    run(pace, milliseconds(3), 40);
    EXPECT_EQ(pace.tokens(), 32);
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
    pace.took(0, 1000, milliseconds(2000));
    EXPECT_EQ(pace.tokens(), 48);
    pace.took(0, 5, milliseconds(200));
    EXPECT_EQ(pace.tokens(), 48) << "a few tokens say little";
}

TEST(PrefillPace, is_not_upset_by_one_slow_step) {
    PrefillPace pace(256, milliseconds(100));
    run(pace, milliseconds(1), 40);
    pace.took(3, 96, milliseconds(400));
    EXPECT_GE(pace.tokens(), 32);
    run(pace, milliseconds(1), 20);
    EXPECT_EQ(pace.tokens(), 96);
}

TEST(PrefillPace, without_a_budget_it_is_always_the_most) {
    PrefillPace pace(256, PrefillPace::Duration::zero());
    run(pace, milliseconds(50), 40);
    EXPECT_EQ(pace.tokens(), 256);
}

}  // namespace
}  // namespace mullama
