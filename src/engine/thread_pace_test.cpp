#include "engine/thread_pace.h"

#include <functional>
#include <map>
#include <random>

#include <gtest/gtest.h>

namespace mullama {
namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;
using StepTime = std::function<double(std::int32_t threads)>;  // in milliseconds

double idle(std::int32_t threads) {
    return threads == 1 ? 10.0 : 6.0;
}

double busy(std::int32_t threads) {
    return threads == 1 ? 10.4 : 13.3;
}

// With as many other programs as cores, each barrier costs a turn of theirs.
double crowded(std::int32_t threads) {
    return threads == 1 ? 20.0 : 1600.0;
}

/// What `steps` steps of `tokens` tokens took, in milliseconds, and how many were on each number of
/// threads.
struct Took {
    double total = 0.0;
    std::map<std::int32_t, int> steps;
};

Took run(ThreadPace& pace, int steps, const StepTime& time, std::int32_t tokens = 1) {
    Took took;
    for (int i = 0; i < steps; ++i) {
        const std::int32_t threads = pace.threads();
        const double step = time(threads);
        pace.took(tokens, Milliseconds(step));
        took.total += step;
        ++took.steps[threads];
    }
    return took;
}

TEST(ThreadPace, an_idle_machine_gives_all_its_threads) {
    ThreadPace pace(2);
    EXPECT_GE(run(pace, 20000, idle).steps[2], 19990);
}

TEST(ThreadPace, one_thread_stays_one) {
    ThreadPace pace(1);
    EXPECT_EQ(run(pace, 100, [](std::int32_t) { return 1000.0; }).steps[1], 100);
}

TEST(ThreadPace, a_busy_neighbour_leaves_one_thread) {
    ThreadPace pace(2);
    run(pace, 100, idle);
    const Took took = run(pace, 1000, busy);
    EXPECT_EQ(pace.threads(), 1);
    EXPECT_LT(took.total, 1.05 * 1000 * busy(1));
}

TEST(ThreadPace, a_crowd_costs_few_of_its_steps) {
    ThreadPace pace(2);
    run(pace, 100, idle);
    const Took took = run(pace, 3000, crowded);
    EXPECT_EQ(pace.threads(), 1);
    EXPECT_LE(took.steps.at(2), 20);
    const Took later = run(pace, 3000, crowded);
    EXPECT_LE(later.steps.at(2), 3);
}

TEST(ThreadPace, all_threads_come_back_with_peace) {
    ThreadPace pace(2);
    run(pace, 100, idle);
    run(pace, 1000, busy);
    run(pace, 600, idle);
    EXPECT_EQ(pace.threads(), 2);
    EXPECT_GE(run(pace, 1000, idle).steps[2], 998);
}

TEST(ThreadPace, finds_out_that_it_began_on_a_busy_machine) {
    ThreadPace pace(2);
    run(pace, 500, busy);
    EXPECT_EQ(pace.threads(), 1);
}

TEST(ThreadPace, a_longer_context_costs_a_few_steps_once) {
    ThreadPace pace(2);
    run(pace, 100, idle);
    const StepTime long_context = [](std::int32_t threads) { return 3.0 * idle(threads); };
    EXPECT_LE(run(pace, 1000, long_context).steps[1], 4);
    EXPECT_EQ(pace.threads(), 2);
}

TEST(ThreadPace, a_context_that_grows_costs_nothing) {
    ThreadPace pace(2);
    double length = 0.0;
    const StepTime growing = [&](std::int32_t threads) {
        return idle(threads) * (1.0 + ++length / 2000.0);
    };
    EXPECT_GE(run(pace, 8000, growing).steps[2], 7990);
}

TEST(ThreadPace, steps_that_are_held_up_on_any_threads_cost_few_trials) {
    ThreadPace pace(2);
    int step = 0;
    const StepTime hiccups = [&](std::int32_t threads) {
        return ++step % 8 == 3 ? 200.0 : idle(threads);
    };
    EXPECT_GE(run(pace, 2000, hiccups).steps[2], 1850);
}

// A spinning thread is put off for a turn of the neighbour's each ten steps or so; the others are
// as long as on one thread.
TEST(ThreadPace, steps_that_are_held_up_on_two_threads_leave_one) {
    ThreadPace pace(2);
    int step = 0;
    const StepTime shared_core = [&](std::int32_t threads) {
        if (threads == 1) return 12.4;
        ++step;
        if (step % 10 == 4) return 150.0;
        return step % 3 == 0 ? 11.8 : 15.9;
    };
    const Took took = run(pace, 400, shared_core);
    EXPECT_EQ(pace.threads(), 1);
    EXPECT_LT(took.total, 1.15 * 400 * 12.4);
}

TEST(ThreadPace, prompts_are_not_compared) {
    ThreadPace pace(2);
    std::mt19937 random(1);
    const StepTime any = [&](std::int32_t) { return 1.0 + static_cast<double>(random() % 1000); };
    EXPECT_EQ(run(pace, 1000, any, 512).steps[2], 1000);
}

TEST(ThreadPace, steps_of_other_lengths_are_not_compared) {
    ThreadPace pace(2);
    int fewer = 0;
    for (int i = 0; i < 100; ++i) {
        const std::int32_t tokens = 1 + i % 4;
        const StepTime by_tokens = [&](std::int32_t threads) { return tokens * idle(threads); };
        fewer += run(pace, 20, by_tokens, tokens).steps[1];
    }
    EXPECT_LE(fewer, 8);
}

TEST(ThreadPace, goes_down_in_halves) {
    ThreadPace pace(8);
    run(pace, 100, [](std::int32_t threads) { return 80.0 / threads; });
    const StepTime crowd = [](std::int32_t threads) {
        return threads == 1 ? 85.0 : 50.0 * threads;
    };
    run(pace, 100, crowd);
    EXPECT_GE(run(pace, 200, crowd).steps[1], 180);
}

TEST(ThreadPace, any_times_keep_the_threads_within_their_bounds) {
    std::mt19937 random(7);
    for (int round = 0; round < 200; ++round) {
        const auto most = static_cast<std::int32_t>(1 + random() % 9);
        ThreadPace pace(most);
        for (int i = 0; i < 500; ++i) {
            const auto tokens = static_cast<std::int32_t>(random() % 3);
            pace.took(tokens, Milliseconds(static_cast<double>(random() % 50)));
            ASSERT_GE(pace.threads(), 1);
            ASSERT_LE(pace.threads(), most);
        }
    }
}

}  // namespace
}  // namespace mullama
