#include "base/channel.h"

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace mullama {
namespace {

using namespace std::chrono_literals;

TEST(Channel, gives_values_in_order) {
    Channel<int> channel(4);
    EXPECT_EQ(channel.push(1), PushStatus::kPushed);
    EXPECT_EQ(channel.push(2), PushStatus::kPushed);
    EXPECT_EQ(channel.size(), 2U);
    EXPECT_EQ(channel.try_pop(), 1);
    EXPECT_EQ(channel.try_pop(), 2);
    EXPECT_EQ(channel.try_pop(), std::nullopt);
    EXPECT_FALSE(channel.ended());
}

TEST(Channel, refuses_values_beyond_its_capacity) {
    Channel<int> channel(1);
    EXPECT_TRUE(channel.has_room());
    EXPECT_EQ(channel.push(1), PushStatus::kPushed);
    EXPECT_FALSE(channel.has_room());
    EXPECT_EQ(channel.push(2), PushStatus::kFull);
    EXPECT_EQ(channel.try_pop(), 1);
    EXPECT_EQ(channel.push(3), PushStatus::kPushed);
}

TEST(Channel, tells_a_waiting_writer_once_that_there_is_room) {
    int told = 0;
    Channel<int> channel(2, [&] { ++told; });
    channel.push(1);
    channel.push(2);
    channel.try_pop();
    EXPECT_EQ(told, 0) << "nobody had found it full";

    channel.push(3);
    EXPECT_FALSE(channel.has_room());
    channel.try_pop();
    channel.try_pop();
    EXPECT_EQ(told, 1);
}

TEST(Channel, closing_leaves_what_is_there_to_be_read) {
    Channel<int> channel(4);
    channel.push(1);
    channel.close();
    EXPECT_EQ(channel.push(2), PushStatus::kClosed);
    EXPECT_FALSE(channel.ended());
    EXPECT_EQ(channel.pop(), 1);
    EXPECT_EQ(channel.pop(), std::nullopt);
    EXPECT_TRUE(channel.ended());
}

TEST(Channel, a_last_value_has_a_place_of_its_own) {
    Channel<int> channel(1);
    channel.push(1);
    channel.close(2);
    channel.close(3);
    EXPECT_EQ(channel.pop(), 1);
    EXPECT_EQ(channel.pop(), 2);
    EXPECT_EQ(channel.pop(), std::nullopt);
}

TEST(Channel, abandoning_drops_values_and_tells_the_writer) {
    int told = 0;
    Channel<std::shared_ptr<int>> channel(4, [&] { ++told; });
    const auto value = std::make_shared<int>(1);
    channel.push(value);
    channel.abandon();
    channel.abandon();
    EXPECT_EQ(value.use_count(), 1);
    EXPECT_EQ(told, 1);
    EXPECT_TRUE(channel.abandoned());
    EXPECT_TRUE(channel.has_room()) << "a writer must not wait for a reader that has gone";
    EXPECT_EQ(channel.push(value), PushStatus::kClosed);
    channel.close(value);
    EXPECT_EQ(value.use_count(), 1);
}

TEST(Channel, a_deadline_ends_the_wait) {
    Channel<int> channel(1);
    EXPECT_EQ(channel.pop_until(std::chrono::steady_clock::now() + 1ms), std::nullopt);
    channel.push(1);
    EXPECT_EQ(channel.pop_until(std::chrono::steady_clock::now()), 1);
}

TEST(Channel, carries_all_values_between_two_threads) {
    // The writer waits for room on a flag that on_room sets, as the engine does.
    Guarded<bool> room(false);
    Channel<int> channel(3, [&] {
        *room.lock() = true;
        room.notify_all();
    });
    std::jthread writer([&] {
        for (int i = 0; i < 2000; ++i) {
            while (!channel.has_room()) {
                *room.lock_when([](bool rung) { return rung; }) = false;
            }
            ASSERT_EQ(channel.push(i), PushStatus::kPushed);
            channel.wake();
        }
        channel.close();
        channel.wake();
    });
    int expected = 0;
    while (const auto value = channel.pop()) ASSERT_EQ(*value, expected++);
    EXPECT_EQ(expected, 2000);
}

}  // namespace
}  // namespace mullama
