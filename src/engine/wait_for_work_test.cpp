#include "engine/wait_for_work.h"

#include <chrono>
#include <optional>
#include <thread>

#include <gtest/gtest.h>

namespace mullama {
namespace {

using std::chrono::milliseconds;

Clock::TimePoint in(milliseconds time) {
    return std::chrono::steady_clock::now() + time;
}

TEST(WaitForWork, work_that_comes_at_once_finds_the_threads_that_computed) {
    Bell bell;
    bool has_threads = true;
    bell.ring();
    wait_for_work(bell, std::nullopt, has_threads);
    EXPECT_TRUE(has_threads);
    wait_for_work(bell, in(milliseconds(0)), has_threads);
    EXPECT_TRUE(has_threads);
}

TEST(WaitForWork, threads_are_given_back_where_nothing_comes_for_a_moment) {
    Bell bell;
    bool has_threads = true;
    wait_for_work(bell, in(milliseconds(100)), has_threads);
    EXPECT_FALSE(has_threads);
}

TEST(WaitForWork, work_that_comes_later_is_waited_for) {
    Bell bell;
    bool has_threads = true;
    std::jthread later([&] {
        std::this_thread::sleep_for(milliseconds(50));
        bell.ring();
    });
    wait_for_work(bell, std::nullopt, has_threads);
    EXPECT_FALSE(has_threads);
}

}  // namespace
}  // namespace mullama
