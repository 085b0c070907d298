#include "server/work_threads.h"

#include <atomic>
#include <latch>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace mullama::server {
namespace {

TEST(WorkThreads, run_jobs_side_by_side) {
    WorkThreads work(3);
    std::latch all(3);
    std::latch done(3);
    for (int i = 0; i < 3; ++i) {
        work.post([&] {
            all.arrive_and_wait();  // ends only where all three run at once
            done.count_down();
        });
    }
    done.wait();
}

Task<std::string> work_then_home(WorkThreads& work, EventLoop& home) {
    auto where = [] { return std::this_thread::get_id(); };
    Offload offload(work, home, where);
    const std::thread::id there = co_await offload;
    co_return there == std::this_thread::get_id() ? "same thread" : "other thread";
}

TEST(WorkThreads, a_coroutine_comes_back_to_its_own_executor) {
    WorkThreads work(1);
    EventLoop home;
    EXPECT_EQ(home.run(work_then_home(work, home)), "other thread");
}

TEST(WorkThreads, the_value_of_a_withdrawn_job_is_dropped) {
    auto value = std::make_shared<int>(7);
    std::weak_ptr<int> watched = value;
    std::latch begun(1);
    std::latch go_on(1);
    {
        EventLoop home;
        WorkThreads work(1);
        {
            auto give = [&, value = std::move(value)]() mutable {
                begun.count_down();
                go_on.wait();
                return std::move(value);
            };
            Offload offload(work, home, std::move(give));
            offload.await_suspend(std::noop_coroutine());
            begun.wait();
        }
        go_on.count_down();
    }
    EXPECT_TRUE(watched.expired());
}

}  // namespace
}  // namespace mullama::server
