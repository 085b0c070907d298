#include "llama/threads.h"

#include <thread>

#include <gtest/gtest.h>
#include <sched.h>

namespace mullama {
namespace {

TEST(Threads, there_is_at_least_one_core_and_never_more_than_cpus) {
    EXPECT_GE(available_cores(), 1);
    EXPECT_LE(available_cores(), static_cast<std::int32_t>(std::thread::hardware_concurrency()));
}

TEST(Threads, a_thread_bound_to_one_cpu_has_one_core) {
    std::int32_t cores = 0;
    std::jthread([&] {
        const int cpu = sched_getcpu();
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
        cores = available_cores();
    }).join();
    EXPECT_EQ(cores, 1);
}

}  // namespace
}  // namespace mullama
