#include "engine/draft_pace.h"

#include <numeric>

#include <gtest/gtest.h>

namespace mullama {
namespace {

using Counts = std::vector<std::int32_t>;
using Draft = DraftPace::Draft;
using Duration = DraftPace::Duration;

constexpr Duration kStep{0.010};

/// A machine where each guess adds `more` to a step of kStep.
void teach_times(DraftPace& pace, Duration more) {
    for (int i = 0; i < 50; ++i) {
        pace.took({.answers = 1, .duration = kStep});
        pace.took({.answers = 2, .duration = kStep});
        for (const std::int32_t drafted : {1, 2, 4, 8, 16}) {
            pace.took(
                {.answers = 1,
                 .drafted = drafted,
                 .accepted = drafted,
                 .duration = kStep + drafted * more}
            );
        }
    }
}

void teach_chance(DraftPace& pace, bool right) {
    for (int i = 0; i < 200; ++i) {
        for (std::int32_t match = 0; match <= kNgramMax; ++match) pace.was(match, right);
    }
}

TEST(DraftPace, verifies_nothing_before_it_knows_a_step_without) {
    DraftPace pace;
    const std::vector<Draft> drafts = {{.match = 8, .tokens = 16}};
    EXPECT_EQ(pace.plan(drafts, 1, 16), Counts{0});
    pace.took({.answers = 1, .duration = kStep});
    EXPECT_GT(pace.plan(drafts, 1, 16)[0], 0);
    EXPECT_EQ(pace.plan(drafts, 2, 16), Counts{0});
}

TEST(DraftPace, takes_all_that_is_right_and_cheap) {
    DraftPace pace;
    teach_times(pace, kStep * 0.1);
    teach_chance(pace, true);
    EXPECT_EQ(pace.plan(std::vector<Draft>{{.match = 2, .tokens = 12}}, 1, 16), Counts{12});
    EXPECT_EQ(pace.plan(std::vector<Draft>{{.match = 2, .tokens = 12}}, 1, 5), Counts{5});
}

TEST(DraftPace, takes_none_where_a_token_costs_as_much_as_a_step) {
    DraftPace pace;
    teach_times(pace, kStep);
    teach_chance(pace, true);
    EXPECT_EQ(pace.plan(std::vector<Draft>{{.match = 8, .tokens = 16}}, 1, 16), Counts{0});
}

TEST(DraftPace, takes_none_where_guesses_are_wrong_and_some_when_they_are_right_again) {
    DraftPace pace;
    teach_times(pace, kStep * 0.2);
    teach_chance(pace, false);
    const std::vector<Draft> drafts = {{.match = 8, .tokens = 16}};
    EXPECT_EQ(pace.plan(drafts, 1, 16), Counts{0});
    teach_chance(pace, true);
    EXPECT_EQ(pace.plan(drafts, 1, 16), Counts{16});
}

TEST(DraftPace, prefers_the_longer_match) {
    DraftPace pace;
    teach_times(pace, kStep * 0.1);
    const std::vector<Draft> drafts = {{.match = 2, .tokens = 16}, {.match = 8, .tokens = 16}};
    const Counts counts = pace.plan(drafts, 2, 6);
    EXPECT_EQ(counts[0], 0);
    EXPECT_EQ(counts[1], 6);
}

TEST(DraftPace, gives_each_no_more_than_it_has) {
    DraftPace pace;
    teach_times(pace, kStep * 0.01);
    teach_chance(pace, true);
    const std::vector<Draft> drafts = {{.match = 8, .tokens = 3}, {}, {.match = 8, .tokens = 4}};
    pace.took({.answers = 3, .duration = kStep});
    EXPECT_EQ(pace.plan(drafts, 3, 16), (Counts{3, 0, 4}));
    EXPECT_EQ(pace.plan({}, 3, 16), Counts{});
}

TEST(DraftPace, tries_again_after_a_while_what_was_slow_once) {
    DraftPace pace;
    pace.took({.answers = 1, .duration = kStep});
    pace.took({.answers = 1, .drafted = 4, .accepted = 4, .duration = kStep * 50});
    teach_chance(pace, true);
    const std::vector<Draft> drafts = {{.match = 8, .tokens = 4}};
    EXPECT_EQ(pace.plan(drafts, 1, 16), Counts{0});
    for (int i = 0; i < 3000; ++i) pace.took({.answers = 1, .duration = kStep});
    EXPECT_EQ(pace.plan(drafts, 1, 16), Counts{4});
}

TEST(DraftPace, loses_no_more_than_its_credit_and_a_hundredth) {
    DraftPace pace;
    teach_chance(pace, true);
    constexpr int kSteps = 5000;
    const std::vector<Draft> drafts = {{.match = 8, .tokens = 4}};
    double steps = 0.0;  // the time that they take, in steps without guesses
    for (int i = 0; i < kSteps; ++i) {
        const std::int32_t drafted = pace.plan(drafts, 1, 16)[0];
        const double time = drafted > 0 ? 1.0 + 0.5 * drafted : 1.0;
        pace.took({.answers = 1, .drafted = drafted, .duration = time * kStep});
        steps += time;
    }
    EXPECT_LE(steps, kSteps * 1.01 + 3.0 + 2.0);
    EXPECT_GE(steps, kSteps + 10.0) << "it tries again and again";
}

}  // namespace
}  // namespace mullama
