#include "base/guarded.h"

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace mullama {
namespace {

using namespace std::chrono_literals;

TEST(Guarded, gives_access_through_its_lock) {
    Guarded<std::string> name("a");
    name.lock()->append("b");
    const auto& constant = name;
    EXPECT_EQ(*constant.lock(), "ab");
}

TEST(Guarded, loses_no_update_of_many_threads) {
    Guarded<int> count(0);
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 4; ++thread) {
            threads.emplace_back([&] {
                for (int i = 0; i < 1000; ++i) ++*count.lock();
            });
        }
    }
    EXPECT_EQ(*count.lock(), 4000);
}

TEST(Guarded, lock_when_waits_for_a_state) {
    Guarded<int> stage(0);
    std::jthread other([&] {
        *stage.lock_when([](int value) { return value == 1; }) = 2;
        stage.notify_all();
    });
    *stage.lock() = 1;
    stage.notify_all();
    EXPECT_EQ(*stage.lock_when([](int value) { return value == 2; }), 2);
}

TEST(Guarded, lock_when_until_ends_at_the_deadline) {
    Guarded<int> stage(0);
    const auto past = std::chrono::steady_clock::now() - 1s;
    EXPECT_EQ(*stage.lock_when_until(past, [](int value) { return value == 1; }), 0);
}

}  // namespace
}  // namespace mullama
