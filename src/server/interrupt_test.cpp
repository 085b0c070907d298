#include "server/interrupt.h"

#include "server/running_responses.h"
#include "server/test_client.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::server {
namespace {

/// Joins the texts of a stream until it ends or is interrupted.
Task<std::string> read(
    EventStream events, std::shared_ptr<Interrupt> interrupt, Executor& executor
) {
    std::string text;
    while (true) {
        NextOrInterrupt waiting(events, interrupt.get(), executor);
        const std::optional<Event> event = co_await waiting;
        if (!event) co_return text;
        text += event->text;
        if (event->text == "two" && interrupt) interrupt->ask();
    }
}

TEST(Interrupt, without_one_all_is_read) {
    EventLoop loop;
    Feed feed;
    feed.push("one");
    feed.push("two");
    feed.end();
    EXPECT_EQ(loop.run(read(feed.reader(), nullptr, loop)), "onetwo");
    Feed other;
    other.push("one");
    other.end();
    EXPECT_EQ(loop.run(read(other.reader(), std::make_shared<Interrupt>(), loop)), "one");
}

TEST(Interrupt, ends_before_an_event_that_is_there) {
    EventLoop loop;
    Feed feed;
    feed.push("one");
    feed.push("two");
    feed.push("three");
    EXPECT_EQ(loop.run(read(feed.reader(), std::make_shared<Interrupt>(), loop)), "onetwo");
    EXPECT_TRUE(feed.cancelled());
}

TEST(Interrupt, wakes_who_waits_from_another_thread) {
    EventLoop loop;
    Feed feed;
    feed.push("one");
    const auto interrupt = std::make_shared<Interrupt>();
    const std::jthread other([&] { interrupt->ask(); });
    const std::string text = loop.run(read(feed.reader(), interrupt, loop));
    EXPECT_TRUE(text.empty() || text == "one");
    EXPECT_TRUE(interrupt->asked());
    EXPECT_TRUE(feed.cancelled());
}

TEST(Interrupt, after_the_reader_has_gone_it_does_nothing) {
    EventLoop loop;
    Feed feed;
    const auto interrupt = std::make_shared<Interrupt>();
    {
        Task<std::string> reading = read(feed.reader(), interrupt, loop);
        auto awaiting = reading.end();
        awaiting.coroutine.resume();
    }
    interrupt->ask();
    EXPECT_EQ(loop.poll(), 0U);
    EXPECT_TRUE(feed.cancelled());
}

TEST(Interrupt, an_event_at_the_same_time_does_no_harm) {
    for (int i = 0; i < 200; ++i) {
        EventLoop loop;
        Feed feed;
        const auto interrupt = std::make_shared<Interrupt>();
        const std::jthread writer([&] { feed.push("one"); });
        const std::jthread other([&] { interrupt->ask(); });
        const std::string text = loop.run(read(feed.reader(), interrupt, loop));
        EXPECT_TRUE(text.empty() || text == "one");
    }
}

TEST(RunningResponses, are_found_and_cancelled_until_they_end) {
    RunningResponses running;
    const auto interrupt = std::make_shared<Interrupt>();
    auto entry = running.add("resp_a", "{}", interrupt);
    EXPECT_EQ(running.find("resp_a"), "{}");
    EXPECT_EQ(running.cancel("resp_b"), std::nullopt);
    EXPECT_FALSE(interrupt->asked());
    EXPECT_EQ(running.cancel("resp_a"), "{}");
    EXPECT_TRUE(interrupt->asked());
    entry.reset();
    EXPECT_EQ(running.find("resp_a"), std::nullopt);
    EXPECT_EQ(running.cancel("resp_a"), std::nullopt);
}

}  // namespace
}  // namespace mullama::server
