#include <mullama/executor.h>
#include <mullama/task.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace mullama {
namespace {

/// Awaiting it goes on as a job of `executor`.
struct Hop {
    Executor* executor;

    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> coroutine) const {
        std::function<void()> job = [coroutine] { coroutine.resume(); };
        executor->post(std::move(job));
    }
    void await_resume() const {}
};

Task<int> number(int value) {
    co_return value;
}

Task<int> sum_of_hops(Executor& executor, int count) {
    int sum = 0;
    for (int i = 0; i < count; ++i) {
        co_await Hop{&executor};
        sum += co_await number(i);
    }
    co_return sum;
}

Task<> throws_after_hop(Executor& executor) {
    co_await Hop{&executor};
    throw std::runtime_error("from the task");
}

Task<std::string> catches(Executor& executor) {
    std::string caught;
    try {
        co_await throws_after_hop(executor);
    } catch (const std::runtime_error& error) {
        caught = error.what();
    }
    co_return caught;
}

TEST(EventLoop, runs_jobs_in_order_until_stopped) {
    EventLoop loop;
    std::vector<int> ran;
    loop.post([&] { ran.push_back(1); });
    loop.post([&] {
        ran.push_back(2);
        loop.stop();
    });
    loop.post([&] { ran.push_back(3); });
    loop.run();
    EXPECT_EQ(ran, (std::vector<int>{1, 2}));
    EXPECT_EQ(loop.poll(), 1U);
    EXPECT_EQ(ran.back(), 3);
}

TEST(EventLoop, a_stop_before_the_run_is_remembered) {
    EventLoop loop;
    loop.stop();
    loop.run();
    SUCCEED();
}

TEST(EventLoop, poll_leaves_jobs_that_come_meanwhile) {
    EventLoop loop;
    int ran = 0;
    loop.post([&] {
        ++ran;
        loop.post([&] { ++ran; });
    });
    EXPECT_EQ(loop.poll(), 1U);
    EXPECT_EQ(ran, 1);
}

TEST(EventLoop, takes_jobs_from_other_threads) {
    EventLoop loop;
    int ran = 0;
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&] {
            for (int i = 0; i < 100; ++i) {
                loop.post([&] {
                    if (++ran == 400) loop.stop();
                });
            }
        });
    }
    loop.run();
    EXPECT_EQ(ran, 400);
}

TEST(EventLoop, what_a_job_throws_leaves_run_and_the_other_jobs_stay) {
    EventLoop loop;
    bool ran = false;
    loop.post([] { throw std::runtime_error("job"); });
    loop.post([&] { ran = true; });
    EXPECT_THROW(loop.run(), std::runtime_error);
    EXPECT_EQ(loop.poll(), 1U);
    EXPECT_TRUE(ran);
}

TEST(Task, does_nothing_until_awaited) {
    bool began = false;
    const auto body = [](bool& flag) -> Task<> {
        flag = true;
        co_return;
    };
    auto task = body(began);
    EXPECT_FALSE(began);
    EventLoop loop;
    loop.run(std::move(task));
    EXPECT_TRUE(began);
}

TEST(Task, gives_its_value_through_the_loop) {
    EventLoop loop;
    EXPECT_EQ(loop.run(sum_of_hops(loop, 100)), 4950);
}

TEST(Task, passes_exceptions_on_to_who_awaits) {
    EventLoop loop;
    EXPECT_EQ(loop.run(catches(loop)), "from the task");
    EXPECT_THROW(loop.run(throws_after_hop(loop)), std::runtime_error);
}

TEST(Task, may_end_on_another_executor) {
    EventLoop loop;
    EventLoop other;
    std::jthread thread([&] { other.run(); });
    EXPECT_EQ(loop.run(sum_of_hops(other, 10)), 45);
    other.stop();
}

TEST(Task, destroying_it_destroys_what_its_body_owns) {
    const auto body = [](std::shared_ptr<int> owned, Executor& executor) -> Task<int> {
        co_await Hop{&executor};
        co_return *owned;
    };
    const auto owned = std::make_shared<int>(7);
    {
        EventLoop loop;
        auto task = body(owned, loop);
        EXPECT_EQ(owned.use_count(), 2);
    }
    EXPECT_EQ(owned.use_count(), 1);
}

TEST(WhenAll, runs_tasks_side_by_side_and_keeps_their_order) {
    EventLoop loop;
    std::vector<int> order;
    const auto body = [](Executor& executor, std::vector<int>& log, int id, int hops) -> Task<int> {
        for (int i = 0; i < hops; ++i) co_await Hop{&executor};
        log.push_back(id);
        co_return id;
    };
    std::vector<Task<int>> tasks;
    tasks.push_back(body(loop, order, 0, 3));
    tasks.push_back(body(loop, order, 1, 1));
    tasks.push_back(body(loop, order, 2, 0));
    EXPECT_EQ(loop.run(when_all(std::move(tasks))), (std::vector<int>{0, 1, 2}));
    EXPECT_EQ(order, (std::vector<int>{2, 1, 0}));
}

TEST(WhenAll, waits_for_all_before_it_throws) {
    EventLoop loop;
    bool ended = false;
    const auto slow = [](Executor& executor, bool& flag) -> Task<> {
        for (int i = 0; i < 5; ++i) co_await Hop{&executor};
        flag = true;
    };
    std::vector<Task<>> tasks;
    tasks.push_back(throws_after_hop(loop));
    tasks.push_back(slow(loop, ended));
    EXPECT_THROW(loop.run(when_all(std::move(tasks))), std::runtime_error);
    EXPECT_TRUE(ended);
}

TEST(WhenAll, of_nothing_ends_at_once) {
    EventLoop loop;
    EXPECT_TRUE(loop.run(when_all(std::vector<Task<int>>{})).empty());
}

TEST(WhenAll, gathers_tasks_of_several_threads) {
    EventLoop loop;
    EventLoop other;
    std::jthread thread([&] { other.run(); });
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 8; ++i) tasks.push_back(sum_of_hops(i % 2 == 0 ? loop : other, 20));
    const auto sums = loop.run(when_all(std::move(tasks)));
    EXPECT_EQ(sums, std::vector<int>(8, 190));
    other.stop();
}

}  // namespace
}  // namespace mullama
