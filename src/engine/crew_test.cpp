#include "engine/crew.h"

#include <algorithm>
#include <atomic>
#include <stdexcept>

#include <gtest/gtest.h>

namespace mullama {
namespace {

constexpr Crew::Duration kAlways{0};

TEST(Crew, does_each_part_once) {
    Crew crew(kAlways);
    for (std::size_t round = 0; round < 2000; ++round) {
        std::vector<int> done(round % 20);
        crew.run(done.size(), 1 + round % 5, [&](std::size_t i) { ++done[i]; });
        EXPECT_EQ(std::ranges::count(done, 1), std::ssize(done));
    }
}

// Each of the two parts waits for the other, which one thread alone could not.
TEST(Crew, two_threads_work_at_the_same_time) {
    Crew crew(kAlways);
    crew.run(2, 2, [](std::size_t) {});
    std::atomic<int> there = 0;
    crew.run(2, 2, [&](std::size_t) {
        ++there;
        there.notify_all();
        for (int seen = there; seen < 2; seen = there) there.wait(seen);
    });
    EXPECT_EQ(there, 2);
}

TEST(Crew, one_thread_is_the_callers) {
    Crew crew(kAlways);
    for (int round = 0; round < 3; ++round) {
        crew.run(5, 1, [caller = std::this_thread::get_id()](std::size_t) {
            EXPECT_EQ(std::this_thread::get_id(), caller);
        });
    }
}

TEST(Crew, wakes_nobody_for_little) {
    Crew crew(std::chrono::hours(1));
    for (int round = 0; round < 3; ++round) {
        crew.run(5, 4, [caller = std::this_thread::get_id()](std::size_t) {
            EXPECT_EQ(std::this_thread::get_id(), caller);
        });
    }
}

TEST(Crew, what_a_part_throws_comes_out_when_all_have_ended) {
    Crew crew(kAlways);
    crew.run(2, 2, [](std::size_t) {});
    for (std::size_t thrower = 0; thrower < 20; ++thrower) {
        std::atomic<int> done = 0;
        const auto part = [&](std::size_t i) {
            if (i == thrower) throw std::runtime_error("a part");
            ++done;
        };
        EXPECT_THROW(crew.run(20, 3, part), std::runtime_error);
        EXPECT_EQ(done, 19);
    }
}

TEST(Crew, ends_without_having_worked) {
    const Crew crew(kAlways);
}

}  // namespace
}  // namespace mullama
