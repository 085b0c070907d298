#include "engine/adapter_turns.h"

#include <gtest/gtest.h>

namespace mullama {
namespace {

using Scales = AdapterTurns::Scales;
using std::chrono::milliseconds;

const Scales kUsual;
const Scales kFirst = {1.0F, 0.0F};
const Scales kSecond = {0.0F, 1.0F};

constexpr Clock::TimePoint at(int ms) {
    return Clock::TimePoint(milliseconds(ms));
}

TEST(AdapterTurns, one_set_alone_has_all_steps) {
    AdapterTurns turns;
    const std::vector wanted = {&kUsual, &kUsual};
    for (int step = 0; step < 100; ++step) EXPECT_EQ(turns.next(wanted, step, at(step)), kUsual);
}

TEST(AdapterTurns, each_has_some_steps_in_turn) {
    AdapterTurns turns;
    const std::vector wanted = {&kFirst, &kUsual, &kSecond, &kFirst};
    const std::vector<Scales> order = {kFirst, kUsual, kSecond};
    for (std::int64_t step = 0; step < 6 * AdapterTurns::kSteps; ++step) {
        const Scales& expected = order[static_cast<std::size_t>(step / AdapterTurns::kSteps) % 3];
        EXPECT_EQ(turns.next(wanted, step, at(0)), expected) << step;
    }
}

TEST(AdapterTurns, slow_steps_are_fewer) {
    AdapterTurns turns;
    const std::vector wanted = {&kFirst, &kSecond};
    EXPECT_EQ(turns.next(wanted, 0, at(0)), kFirst);
    EXPECT_EQ(turns.next(wanted, 1, at(60)), kFirst);
    EXPECT_EQ(turns.next(wanted, 2, at(120)), kSecond);
    EXPECT_EQ(turns.next(wanted, 3, at(260)), kFirst);
}

TEST(AdapterTurns, a_set_that_nobody_wants_gives_its_turn_away) {
    AdapterTurns turns;
    EXPECT_EQ(turns.next(std::vector{&kFirst, &kSecond}, 0, at(0)), kFirst);
    EXPECT_EQ(turns.next(std::vector{&kSecond}, 1, at(0)), kSecond);
    EXPECT_EQ(turns.next(std::vector{&kFirst, &kSecond}, 2, at(0)), kSecond);
}

TEST(AdapterTurns, new_sets_do_not_go_before_those_that_wait) {
    AdapterTurns turns;
    std::vector<Scales> sets;
    for (int i = 0; i < 200; ++i) sets.push_back({static_cast<float>(i)});
    int steps = 0;
    for (std::size_t step = 0; step + 1 < sets.size(); ++step) {
        // A new one at each step, which is wanted for two.
        const std::vector<const Scales*> wanted = {&kFirst, &sets[step], &sets[step + 1]};
        const auto done = static_cast<std::int64_t>(step);
        if (turns.next(wanted, done, at(0)) == kFirst) ++steps;
    }
    EXPECT_GE(steps, 150);
}

}  // namespace
}  // namespace mullama
