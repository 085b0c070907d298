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
        for (GuessKind kind = 0; kind < kGuessKinds; ++kind) pace.was(kind, right);
    }
}

/// So many tokens that go on where so many others were the same.
Draft guess(const DraftPace& pace, std::int32_t match, std::int32_t tokens) {
    Draft draft;
    for (; tokens > 0; --tokens) draft.push_back(pace.chance(kind_of_match(match++)));
    return draft;
}

TEST(DraftPace, verifies_nothing_before_it_knows_a_step_without) {
    DraftPace pace;
    const std::vector<Draft> drafts = {guess(pace, 8, 16)};
    EXPECT_EQ(pace.plan(drafts, 1, 16), Counts{0});
    pace.took({.answers = 1, .duration = kStep});
    EXPECT_GT(pace.plan(drafts, 1, 16)[0], 0);
    EXPECT_EQ(pace.plan(drafts, 2, 16), Counts{0});
}

TEST(DraftPace, takes_all_that_is_right_and_cheap) {
    DraftPace pace;
    teach_times(pace, kStep * 0.1);
    teach_chance(pace, true);
    EXPECT_EQ(pace.plan(std::vector<Draft>{guess(pace, 2, 12)}, 1, 16), Counts{12});
    EXPECT_EQ(pace.plan(std::vector<Draft>{guess(pace, 2, 12)}, 1, 5), Counts{5});
}

TEST(DraftPace, takes_none_where_a_token_costs_as_much_as_a_step) {
    DraftPace pace;
    teach_times(pace, kStep);
    teach_chance(pace, true);
    EXPECT_EQ(pace.plan(std::vector<Draft>{guess(pace, 8, 16)}, 1, 16), Counts{0});
}

TEST(DraftPace, takes_none_where_guesses_are_wrong_and_some_when_they_are_right_again) {
    DraftPace pace;
    teach_times(pace, kStep * 0.2);
    teach_chance(pace, false);
    EXPECT_EQ(pace.plan(std::vector<Draft>{guess(pace, 8, 16)}, 1, 16), Counts{0});
    teach_chance(pace, true);
    EXPECT_EQ(pace.plan(std::vector<Draft>{guess(pace, 8, 16)}, 1, 16), Counts{16});
}

TEST(DraftPace, prefers_the_longer_match) {
    DraftPace pace;
    teach_times(pace, kStep * 0.1);
    const std::vector<Draft> drafts = {guess(pace, 2, 16), guess(pace, 8, 16)};
    const Counts counts = pace.plan(drafts, 2, 6);
    EXPECT_EQ(counts[0], 0);
    EXPECT_EQ(counts[1], 6);
}

TEST(DraftPace, gives_each_no_more_than_it_has) {
    DraftPace pace;
    teach_times(pace, kStep * 0.01);
    teach_chance(pace, true);
    const std::vector<Draft> drafts = {guess(pace, 8, 3), {}, guess(pace, 8, 4)};
    pace.took({.answers = 3, .duration = kStep});
    EXPECT_EQ(pace.plan(drafts, 3, 16), (Counts{3, 0, 4}));
    EXPECT_EQ(pace.plan({}, 3, 16), Counts{});
}

TEST(DraftPace, tries_again_after_a_while_what_was_slow_once) {
    DraftPace pace;
    pace.took({.answers = 1, .duration = kStep});
    pace.took({.answers = 1, .drafted = 4, .accepted = 4, .duration = kStep * 50});
    teach_chance(pace, true);
    const std::vector<Draft> drafts = {guess(pace, 8, 4)};
    EXPECT_EQ(pace.plan(drafts, 1, 16), Counts{0});
    for (int i = 0; i < 3000; ++i) pace.took({.answers = 1, .duration = kStep});
    EXPECT_EQ(pace.plan(drafts, 1, 16), Counts{4});
}

TEST(DraftPace, loses_no_more_than_its_credit_and_a_hundredth) {
    DraftPace pace;
    teach_chance(pace, true);
    constexpr int kSteps = 5000;
    const std::vector<Draft> drafts = {guess(pace, 8, 4)};
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

/// A machine where a draft model takes `time` for a guess, and `right` of them are right.
void teach_model(DraftPace& pace, Duration time, double right) {
    for (int i = 0; i < 400; ++i) {
        pace.guessed(time);
        pace.was(kGuessKinds - 1, i % 10 < right * 10);
    }
}

TEST(DraftPace, lets_a_model_guess_where_that_is_fast_and_right) {
    struct Case {
        const char* name;
        Duration time;
        double right;
        bool pays;
    };
    for (const Case& tested :
         {Case{"fast and right", kStep * 0.1, 0.9, true},
          Case{"slow", kStep, 0.9, false},
          Case{"wrong", kStep * 0.1, 0.1, false}}) {
        DraftPace pace;
        teach_times(pace, kStep * 0.1);
        teach_model(pace, tested.time, tested.right);
        const std::vector<Draft> none(1);
        const std::vector<std::size_t> open = {0};
        EXPECT_EQ(pace.pays_to_guess(none, open, 1, 16, {}), tested.pays) << tested.name;
        EXPECT_FALSE(pace.pays_to_guess(none, open, 3, 16, {})) << "no step of three is known";
    }
}

TEST(DraftPace, lets_a_model_guess_no_further_than_it_is_likely_to_be_right) {
    DraftPace pace;
    teach_times(pace, kStep * 0.1);
    teach_model(pace, kStep * 0.1, 0.8);
    Draft draft;
    while (draft.size() < 16) {
        const std::vector<Draft> drafts = {draft};
        const Duration guessing = kStep * 0.1 * static_cast<double>(draft.size());
        if (!pace.pays_to_guess(drafts, std::vector<std::size_t>{0}, 1, 16, guessing)) break;
        draft.push_back(pace.model_chance());
    }
    EXPECT_GE(draft.size(), 2U);
    EXPECT_LE(draft.size(), 8U);
    const std::vector<Draft> unlikely = {{0.1}};
    EXPECT_FALSE(pace.pays_to_guess(unlikely, std::vector<std::size_t>{0}, 1, 16, kStep * 0.1));
}

TEST(DraftPace, lets_a_model_read_what_the_answer_is_long_enough_for) {
    DraftPace pace;
    EXPECT_FALSE(pace.pays_to_read(100, false, 10, 1000, 1)) << "no step is known";
    teach_times(pace, kStep * 0.1);
    EXPECT_TRUE(pace.pays_to_read(100, false, 10, 1000, 1)) << "on credit";
    EXPECT_FALSE(pace.pays_to_read(100, false, 10, 1, 1)) << "it ends soon";
    pace.read(100, 1, kStep * 10);
    EXPECT_FALSE(pace.pays_to_read(100, false, 10, 1000, 1)) << "it has gained nothing";
    EXPECT_TRUE(pace.pays_to_read(100, true, 10, 1000, 1)) << "it goes on";
    for (int i = 0; i < 50; ++i) {
        pace.took(
            {.answers = 1,
             .drafted = 2,
             .accepted = 2,
             .duration = kStep * 1.2,
             .guessing = kStep * 0.2}
        );
    }
    EXPECT_TRUE(pace.pays_to_read(100, false, 10, 1000, 1));
    EXPECT_FALSE(pace.pays_to_read(100, false, 10, 5, 1)) << "it ends soon";
    EXPECT_FALSE(pace.pays_to_read(10000, false, 10, 10000, 1));
    EXPECT_TRUE(pace.pays_to_read(10000, false, 5000, 10000, 1));
}

TEST(DraftPace, loses_no_more_by_a_model_that_guesses_wrong) {
    DraftPace pace;
    constexpr int kSteps = 5000;
    double steps = 0.0;
    for (int i = 0; i < kSteps; ++i) {
        Draft draft;
        Duration guessing{};
        const std::vector<std::size_t> open = {0};
        while (draft.size() < 4 &&
               pace.pays_to_guess(std::vector<Draft>{draft}, open, 1, 16, guessing)) {
            guessing += kStep * 0.3;
            pace.guessed(kStep * 0.3);
            draft.push_back(pace.chance(kGuessKinds - 1));
        }
        const std::int32_t drafted = pace.plan(std::vector<Draft>{draft}, 1, 16, guessing)[0];
        const Duration time = drafted > 0 ? kStep * (1.0 + 0.5 * drafted) : kStep;
        pace.took({.answers = 1, .drafted = drafted, .duration = time, .guessing = guessing});
        if (!draft.empty()) pace.was(kGuessKinds - 1, false);
        steps += (time + guessing) / kStep;
    }
    EXPECT_LE(steps, kSteps * 1.01 + 8.0);
    EXPECT_GE(steps, kSteps + 3.0) << "it tries again and again";
}

}  // namespace
}  // namespace mullama
