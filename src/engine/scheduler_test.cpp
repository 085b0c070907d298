#include "engine/scheduler.h"

#include <chrono>
#include <numeric>

#include <gtest/gtest.h>

namespace mullama {
namespace {

using Grants = std::vector<std::int32_t>;

constexpr StepLimits kLimits{.batch_size = 2100, .prefill_chunk = 256, .prefill_alone = 2048};

SequenceLoad answer() {
    return {.pending = 1, .generating = true};
}

SequenceLoad prompt(std::int32_t pending, std::int64_t waited = 0) {
    return {.pending = pending, .waited = waited};
}

SequenceLoad paused(SequenceLoad load) {
    load.paused = true;
    return load;
}

Grants plan(std::vector<SequenceLoad> loads, StepLimits limits = kLimits) {
    return plan_step(loads, limits);
}

SequenceLoad with_priority(std::int64_t priority, SequenceLoad load) {
    load.priority = priority;
    return load;
}

std::size_t admit(const std::vector<std::int32_t>& cells, FreePlaces free) {
    std::vector<Claim> queue;
    for (const std::int32_t each : cells) queue.push_back({.cells = each, .turn = {}});
    return plan_admission(queue, free);
}

/// A claim on 2 cells that comes up `turn` seconds after the beginning of time.
Claim claim(std::int32_t priority, int turn) {
    return {
        .cells = 2,
        .priority = priority,
        .turn = Clock::TimePoint(std::chrono::seconds(turn)),
    };
}

std::vector<std::size_t> preempt(
    const std::vector<Claim>& running, const Claim& first, FreePlaces free
) {
    return plan_preemption(running, first, free);
}

TEST(Admission, takes_what_fits_in_order) {
    //  cells   |####____|   4 of 8 free      queue: 2, 2, 2
    EXPECT_EQ(admit({2, 2, 2}, {.sequences = 4, .kv_cells = 4}), 2U);
    EXPECT_EQ(admit({}, {.sequences = 4, .kv_cells = 4}), 0U);
}

TEST(Admission, is_bounded_by_sequences_too) {
    EXPECT_EQ(admit({1, 1, 1}, {.sequences = 2, .kv_cells = 100}), 2U);
    EXPECT_EQ(admit({1}, {.sequences = 0, .kv_cells = 100}), 0U);
}

TEST(Admission, a_large_request_is_not_overtaken_by_smaller_ones) {
    //  cells   |####____|   4 of 8 free      queue: 6, 1, 1   the 6 goes next, or it never would
    EXPECT_EQ(admit({6, 1, 1}, {.sequences = 4, .kv_cells = 4}), 0U);
}

using Places = std::vector<std::size_t>;

TEST(Preemption, is_of_those_behind_whose_turns_come_last) {
    const std::vector<Claim> running = {claim(0, 0), claim(1, 60), claim(1, 70), claim(1, 65)};
    EXPECT_EQ(preempt(running, claim(0, 20), {.sequences = 0, .kv_cells = 8}), Places{2});
    Claim larger = claim(0, 20);
    larger.cells = 4;
    EXPECT_EQ(preempt(running, larger, {.sequences = 1, .kv_cells = 0}), (Places{2, 3}));
}

TEST(Preemption, is_not_done_where_it_is_not_needed) {
    EXPECT_EQ(preempt({claim(1, 60)}, claim(0, 20), {.sequences = 1, .kv_cells = 2}), Places{});
}

TEST(Preemption, is_not_done_in_vain) {
    Claim large = claim(0, 20);
    large.cells = 5;
    const FreePlaces free = {.sequences = 1, .kv_cells = 0};
    EXPECT_EQ(preempt({claim(1, 60), claim(1, 61), claim(0, 0)}, large, free), Places{});
}

TEST(Preemption, spares_equals_and_those_that_have_waited_for_long) {
    const FreePlaces none;
    EXPECT_EQ(preempt({claim(0, 30)}, claim(0, 20), none), Places{}) << "an equal";
    EXPECT_EQ(preempt({claim(5, 10)}, claim(0, 20), none), Places{}) << "it would be next again";
    EXPECT_EQ(preempt({claim(-1, 30)}, claim(0, 20), none), Places{});
}

TEST(Plan, nothing_to_do_gives_nothing) {
    EXPECT_EQ(plan({}), Grants{});
    EXPECT_EQ(plan({prompt(0)}), (Grants{0}));
}

TEST(Plan, every_answer_gets_its_next_token) {
    //  a  >1        three answers: one token each
    //  b  >1
    //  c  >1
    EXPECT_EQ(plan({answer(), answer(), answer()}), (Grants{1, 1, 1}));
}

TEST(Plan, a_prompt_alone_takes_all_that_it_may) {
    //  a  [......... 5000 .........]        nobody waits for the step: as much as it takes
    EXPECT_EQ(plan({prompt(5000)}), (Grants{2048}));
    EXPECT_EQ(plan({prompt(100)}), (Grants{100}));
}

TEST(Plan, a_prompt_beside_answers_takes_one_chunk) {
    //  a  >1
    //  b  [......... 5000 .........]        256 at a time, so that a goes on flowing
    EXPECT_EQ(plan({answer(), prompt(5000)}), (Grants{1, 256}));
}

TEST(Plan, a_paused_answer_does_not_make_prompts_small) {
    //  a  >1 (paused)
    //  b  [......... 5000 .........]
    EXPECT_EQ(plan({paused(answer()), prompt(5000)}), (Grants{0, 2048}));
}

TEST(Plan, paused_sequences_get_nothing) {
    EXPECT_EQ(plan({paused(prompt(10)), paused(answer())}), (Grants{0, 0}));
}

TEST(Plan, short_prompts_go_first) {
    //  a  [.... 3000 ........]   2048 - 48
    //  b  [ 48 ]                 done in this step
    EXPECT_EQ(plan({prompt(3000), prompt(48)}), (Grants{2000, 48}));
    EXPECT_EQ(plan({answer(), prompt(3000), prompt(2000)}), (Grants{1, 0, 256}));
    EXPECT_EQ(plan({answer(), prompt(200), prompt(200)}), (Grants{1, 200, 56})) << "in order";
}

TEST(Plan, a_long_prompt_that_has_waited_goes_before_a_short_one) {
    //  a  [.... 3000 ........]   2960 tokens of others were computed while it waited
    //  b  [ 48 ]
    EXPECT_EQ(plan({answer(), prompt(3000, 2960), prompt(48)}), (Grants{1, 256, 0}));
    EXPECT_EQ(plan({answer(), prompt(3000, 2940), prompt(48)}), (Grants{1, 208, 48}));
}

TEST(Plan, prompts_of_a_lower_priority_go_first) {
    //  a  [ 100 ]            priority 1
    //  b  [ .... 300 ... ]   priority 0
    const std::vector<SequenceLoad> loads = {
        answer(), with_priority(1, prompt(100, 5000)), with_priority(0, prompt(300))
    };
    EXPECT_EQ(plan(loads), (Grants{1, 0, 256}));
}

// Short prompts come without end, one in each step.
TEST(Plan, no_prompt_waits_for_ever) {
    std::vector<SequenceLoad> loads = {answer(), prompt(3000)};
    std::int32_t steps = 0;
    for (; loads[1].pending > 0; ++steps) {
        ASSERT_LT(steps, 50);
        loads.push_back(prompt(250));
        const Grants granted = plan_step(loads, kLimits);
        const std::int32_t sum = std::accumulate(granted.begin() + 1, granted.end(), 0);
        for (std::size_t i = 1; i < loads.size(); ++i) {
            loads[i].pending -= granted[i];
            loads[i].waited += sum;
        }
    }
    EXPECT_GT(steps, 3000 / 256) << "the short ones went first for a while";
}

TEST(Plan, all_prompts_come_to_an_end_within_the_steps_that_their_tokens_need) {
    std::vector<SequenceLoad> loads;
    for (const std::int32_t pending : {700, 3, 256, 900, 1, 64}) loads.push_back(prompt(pending));
    loads.push_back(answer());
    const std::int32_t total = 700 + 3 + 256 + 900 + 1 + 64;
    std::int64_t step = 0;
    std::int32_t left = total;
    for (; left > 0; ++step) {
        const Grants granted = plan_step(loads, kLimits);
        for (std::size_t i = 0; i + 1 < loads.size(); ++i) {
            loads[i].pending -= granted[i];
            ASSERT_GE(loads[i].pending, 0);
            left -= granted[i];
        }
        ASSERT_EQ(granted.back(), 1);
    }
    EXPECT_EQ(step, (total + kLimits.prefill_chunk - 1) / kLimits.prefill_chunk);
}

TEST(Plan, never_exceeds_the_batch) {
    const StepLimits small{.batch_size = 8, .prefill_chunk = 256, .prefill_alone = 512};
    std::vector<SequenceLoad> loads(6, answer());
    loads.push_back(prompt(100));
    EXPECT_EQ(plan_step(loads, small), (Grants{1, 1, 1, 1, 1, 1, 2}));
    loads.insert(loads.begin(), 2, answer());
    EXPECT_EQ(plan_step(loads, small).back(), 0);
}

TEST(Plan, a_group_of_draft_tokens_is_computed_whole) {
    //  a  >1 + 4 drafted
    EXPECT_EQ(plan({{.pending = 5, .generating = true}, answer()}), (Grants{5, 1}));
}

TEST(OneKind, leaves_the_other_out) {
    const std::vector loads{answer(), prompt(900), answer()};
    Grants prompts{1, 256, 1};
    EXPECT_EQ(prompts_beside_answers(loads, prompts), 256);
    Grants answers = prompts;
    keep_one_kind(loads, prompts, true);
    EXPECT_EQ(prompts, (Grants{0, 256, 0}));
    keep_one_kind(loads, answers, false);
    EXPECT_EQ(answers, (Grants{1, 0, 1}));
    EXPECT_EQ(prompts_beside_answers(loads, prompts), 0);
    EXPECT_EQ(prompts_beside_answers(loads, answers), 0);
}

TEST(Shrink, prompts_wait_for_the_answers_beside_them) {
    Grants granted{1, 256, 1};
    EXPECT_TRUE(shrink_plan(std::vector{answer(), prompt(900), answer()}, granted));
    EXPECT_EQ(granted, (Grants{1, 0, 1}));
    EXPECT_FALSE(shrink_plan(std::vector{answer(), prompt(900), answer()}, granted));
    EXPECT_EQ(granted, (Grants{1, 0, 1}));
}

TEST(Shrink, prompts_alone_keep_half_of_their_tokens) {
    const std::vector loads{prompt(900), prompt(900)};
    Grants granted{6, 5};
    EXPECT_TRUE(shrink_plan(loads, granted));
    EXPECT_EQ(granted, (Grants{5, 0}));
    EXPECT_TRUE(shrink_plan(loads, granted));
    EXPECT_EQ(granted, (Grants{2, 0}));
    EXPECT_TRUE(shrink_plan(loads, granted));
    EXPECT_FALSE(shrink_plan(loads, granted)) << "one token is the least";
    EXPECT_EQ(granted, (Grants{1, 0}));
}

}  // namespace
}  // namespace mullama
