#include "engine/stream.h"

#include <mullama/event_stream.h>
#include <mullama/task.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace mullama {
namespace {

using namespace std::chrono_literals;

Event text(std::string words) {
    Event event;
    event.text = std::move(words);
    return event;
}

Event last(FinishReason reason = FinishReason::kStop) {
    Event event;
    event.finish.emplace();
    event.finish->reason = reason;
    return event;
}

/// Counts posts and runs jobs when told.
class CountingExecutor final : public Executor {
  public:
    void post(std::function<void()> job) override {
        ++posts;
        loop.post(std::move(job));
    }

    EventLoop loop;
    int posts = 0;
};

struct Ends {
    std::shared_ptr<Stream> engine;
    EventStream reader;
};

Ends make_stream(std::size_t capacity = 8, std::function<void()> on_room = {}) {
    auto stream = std::make_shared<Stream>(capacity, std::move(on_room));
    return {stream, EventStream(stream)};
}

void wake(const std::shared_ptr<Stream>& stream) {
    Stream::wake({&stream, 1});
}

Task<std::string> read_all(EventStream& stream, Executor& executor) {
    std::string joined;
    while (auto event = co_await stream.next_async(executor)) joined += event->text;
    co_return joined;
}

TEST(EventStream, next_gives_events_and_then_nothing) {
    auto [engine, reader] = make_stream();
    engine->push(text("a"));
    engine->close(last());
    EXPECT_EQ(reader.next()->text, "a");
    EXPECT_FALSE(reader.ended());
    EXPECT_TRUE(reader.next()->finish);
    EXPECT_FALSE(reader.next());
    EXPECT_TRUE(reader.ended());
}

TEST(EventStream, try_next_and_next_for_do_not_block) {
    auto [engine, reader] = make_stream();
    EXPECT_FALSE(reader.try_next());
    EXPECT_FALSE(reader.next_for(1ms));
    EXPECT_FALSE(reader.ended());
    engine->push(text("a"));
    EXPECT_EQ(reader.next_for(0ms)->text, "a");
}

TEST(EventStream, a_blocked_reader_wakes_with_the_step_and_not_with_the_push) {
    auto [engine, reader] = make_stream();
    std::string got;
    std::jthread thread([&, &stream = reader] { got = stream.next()->text; });
    engine->push(text("a"));
    wake(engine);
    thread.join();
    EXPECT_EQ(got, "a");
}

TEST(EventStream, collect_joins_the_rest_and_keeps_a_finish_read_before) {
    auto [engine, reader] = make_stream();
    for (const char* piece : {"a", "b", "c"}) engine->push(text(piece));
    engine->close(last(FinishReason::kLength));
    EXPECT_EQ(reader.next()->text, "a");
    const auto completion = reader.collect();
    EXPECT_EQ(completion.text, "bc");
    EXPECT_EQ(completion.finish.reason, FinishReason::kLength);
    EXPECT_EQ(reader.collect().finish.reason, FinishReason::kLength);
}

TEST(EventStream, destroying_it_tells_the_engine) {
    int rung = 0;
    auto engine = std::make_shared<Stream>(4, [&] { ++rung; });
    {
        const EventStream reader(engine);
    }
    EXPECT_TRUE(engine->abandoned());
    EXPECT_EQ(rung, 1);
}

TEST(EventStream, assigning_over_it_cancels_what_was_there) {
    auto [engine, reader] = make_stream();
    auto other = make_stream();
    reader = std::move(other.reader);
    EXPECT_TRUE(engine->abandoned());
    EXPECT_FALSE(other.engine->abandoned());
}

TEST(EventStream, a_callback_gets_events_from_before_and_after) {
    CountingExecutor executor;
    auto [engine, reader] = make_stream();
    engine->push(text("a"));
    std::string got;
    reader.on_event(executor, [&](const Event& event) { got += event.text; });
    EXPECT_EQ(got, "") << "never from within on_event()";
    executor.loop.poll();
    EXPECT_EQ(got, "a");
    engine->push(text("b"));
    engine->push(text("c"));
    wake(engine);
    executor.loop.poll();
    EXPECT_EQ(got, "abc");
}

TEST(EventStream, a_step_posts_one_job_to_each_executor) {
    CountingExecutor first;
    CountingExecutor second;
    std::vector<Ends> streams;
    std::vector<std::shared_ptr<Stream>> ready;
    int called = 0;
    for (int i = 0; i < 6; ++i) {
        streams.push_back(make_stream());
        Executor& executor = i < 4 ? first : second;
        streams.back().reader.on_event(executor, [&](const Event&) { ++called; });
        streams.back().engine->push(text("a"));
        ready.push_back(streams.back().engine);
    }
    Stream::wake(ready);
    EXPECT_EQ(first.posts, 1);
    EXPECT_EQ(second.posts, 1);
    // Nothing has run yet: the jobs on their way will find the next step's events too.
    for (auto& stream : streams) stream.engine->push(text("b"));
    Stream::wake(ready);
    EXPECT_EQ(first.posts, 1);
    first.loop.poll();
    second.loop.poll();
    EXPECT_EQ(called, 12);
}

TEST(EventStream, a_callback_is_let_go_after_the_last_event) {
    CountingExecutor executor;
    auto [engine, reader] = make_stream();
    const auto captured = std::make_shared<int>(0);
    reader.on_event(executor, [captured](const Event&) {});
    engine->close(last());
    wake(engine);
    EXPECT_EQ(captured.use_count(), 2);
    executor.loop.poll();
    EXPECT_EQ(captured.use_count(), 1);
}

TEST(EventStream, a_callback_may_destroy_its_stream) {
    CountingExecutor executor;
    auto engine = std::make_shared<Stream>(8, [] {});
    auto reader = std::make_unique<EventStream>(engine);
    int called = 0;
    reader->on_event(executor, [&](const Event&) {
        ++called;
        reader.reset();
    });
    engine->push(text("a"));
    engine->push(text("b"));
    wake(engine);
    executor.loop.poll();
    EXPECT_EQ(called, 1);
    EXPECT_TRUE(engine->abandoned());
}

TEST(EventStream, a_job_that_comes_after_the_stream_has_gone_does_nothing) {
    CountingExecutor executor;
    auto engine = std::make_shared<Stream>(8, [] {});
    int called = 0;
    {
        EventStream reader(engine);
        reader.on_event(executor, [&](const Event&) { ++called; });
        engine->push(text("a"));
        wake(engine);
    }
    EXPECT_EQ(executor.loop.poll(), 1U);
    EXPECT_EQ(called, 0);
}

TEST(EventStream, what_a_callback_throws_leaves_the_executor_and_the_stream_goes_on) {
    CountingExecutor executor;
    auto [engine, reader] = make_stream();
    std::string got;
    reader.on_event(executor, [&](const Event& event) {
        if (event.text == "a") throw std::runtime_error("callback");
        got += event.text;
    });
    engine->push(text("a"));
    engine->push(text("b"));
    wake(engine);
    EXPECT_THROW(executor.loop.poll(), std::runtime_error);
    executor.loop.poll();
    EXPECT_EQ(got, "b");
}

TEST(EventStream, a_coroutine_takes_what_is_there_without_a_post) {
    CountingExecutor executor;
    auto [engine, reader] = make_stream();
    engine->push(text("a"));
    engine->close(last());
    EXPECT_EQ(executor.loop.run(read_all(reader, executor)), "a");
    EXPECT_EQ(executor.posts, 0);
}

TEST(EventStream, a_coroutine_resumes_on_its_executor) {
    EventLoop loop;
    auto [engine, reader] = make_stream(2);
    std::jthread writer([&stream = engine] {
        for (int i = 0; i < 200; ++i) {
            while (!stream->has_room()) std::this_thread::yield();
            stream->push(text("x"));
            wake(stream);
        }
        stream->close(last());
        wake(stream);
    });
    std::vector<std::thread::id> ids;
    const auto body = [](EventStream& stream, Executor& executor, std::vector<std::thread::id>& seen
                      ) -> Task<int> {
        int count = 0;
        while (auto event = co_await stream.next_async(executor)) {
            seen.push_back(std::this_thread::get_id());
            if (!event->finish) ++count;
        }
        co_return count;
    };
    EXPECT_EQ(loop.run(body(reader, loop, ids)), 200);
    EXPECT_EQ(ids, std::vector<std::thread::id>(201, std::this_thread::get_id()));
}

TEST(EventStream, a_wake_after_its_events_were_read_does_not_resume_anybody) {
    CountingExecutor executor;
    auto [engine, reader] = make_stream();
    auto task = read_all(reader, executor);
    auto begin = task.end();
    begin.await_suspend(std::noop_coroutine()).resume();
    engine->push(text("a"));
    wake(engine);
    engine->push(text("b"));
    executor.loop.poll();  // reads both
    wake(engine);          // of the second push
    executor.loop.poll();
    EXPECT_FALSE(task.done());
    engine->close(last());
    wake(engine);
    executor.loop.poll();
    EXPECT_EQ(task.take(), "ab");
}

TEST(EventStream, destroying_a_coroutine_that_awaits_takes_the_await_back) {
    CountingExecutor executor;
    auto [engine, reader] = make_stream();
    {
        auto task = read_all(reader, executor);
        // Begins the task by hand, as an awaiting coroutine would.
        auto begin = task.end();
        begin.await_suspend(std::noop_coroutine()).resume();
        engine->push(text("a"));
        wake(engine);
        EXPECT_EQ(executor.posts, 1);
    }
    EXPECT_EQ(reader.try_next()->text, "a") << "the event is still there";

    // The job of the await that was taken back must not resume one that has nothing to read.
    auto task = read_all(reader, executor);
    auto begin = task.end();
    begin.await_suspend(std::noop_coroutine()).resume();
    executor.loop.poll();
    EXPECT_FALSE(task.done());
    engine->close(last());
    wake(engine);
    executor.loop.poll();
    EXPECT_TRUE(task.done());
}

TEST(EventStream, a_stream_inside_a_destroyed_coroutine_is_cancelled) {
    EventLoop loop;
    auto engine = std::make_shared<Stream>(8, [] {});
    const auto body = [](EventStream stream, Executor& executor) -> Task<bool> {
        auto event = co_await stream.next_async(executor);
        co_return event.has_value();
    };
    {
        auto task = body(EventStream(engine), loop);
        auto begin = task.end();
        begin.await_suspend(std::noop_coroutine()).resume();
        EXPECT_FALSE(engine->abandoned());
    }
    EXPECT_TRUE(engine->abandoned());
}

TEST(EventStream, the_executor_is_not_used_after_the_stream_has_gone) {
    // The engine's thread wakes as fast as it can while readers and their executors come and go:
    // a post to a destroyed executor shows up under the sanitizers.
    for (int round = 0; round < 50; ++round) {
        auto engine = std::make_shared<Stream>(4, [] {});
        std::jthread writer([engine](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                engine->push(text("a"));
                wake(engine);
            }
        });
        EventLoop loop;
        EventStream reader(engine);
        int called = 0;
        reader.on_event(loop, [&](const Event&) { ++called; });
        while (called < round % 3) loop.poll();
    }
}

TEST(EventStream, destroying_it_waits_for_a_callback_on_another_thread) {
    for (int round = 0; round < 50; ++round) {
        EventLoop loop;
        auto engine = std::make_shared<Stream>(64, [] {});
        std::jthread runner([&] { loop.run(); });
        {
            std::vector<int> owned;
            EventStream reader(engine);
            reader.on_event(loop, [&owned](const Event&) { owned.push_back(1); });
            for (int i = 0; i < 10; ++i) {
                engine->push(text("a"));
                wake(engine);
            }
        }
        loop.stop();
    }
}

}  // namespace
}  // namespace mullama
