#include "llama/host_memory.h"

#include "tests/support/scratch_dir.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace mullama {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;

/// A machine of 64 MiB, 48 of them free, and 8 MiB of swap.
class HostMemoryTest : public testing::Test {
  protected:
    HostMemoryTest() {
        write(
            "proc/meminfo",
            "MemTotal:       65536 kB\nMemFree:        1024 kB\nMemAvailable:   49152 kB\n"
            "HugePages_Total:       0\nSwapTotal:      8192 kB\nSwapFree:       8192 kB\n"
        );
    }

    void write(const std::string& name, const std::string& text) const {
        const std::filesystem::path file = scratch_.path() / name;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file) << text;
    }

    HostMemory read() const { return host_memory(scratch_.path()); }

  private:
    test::ScratchDir scratch_;
};

TEST_F(HostMemoryTest, is_the_machines) {
    EXPECT_EQ(read().total, 64 * kMiB);
    EXPECT_EQ(read().free, 56 * kMiB);
    write("proc/self/cgroup", "0::/user.slice/app\n");
    write("sys/fs/cgroup/user.slice/app/memory.max", "max\n");
    EXPECT_EQ(read().total, 64 * kMiB) << "a group without a limit";
}

TEST_F(HostMemoryTest, is_what_the_group_or_one_above_it_allows) {
    write("proc/self/cgroup", "0::/user.slice/app\n");
    write("sys/fs/cgroup/user.slice/app/memory.max", "33554432\n");
    write("sys/fs/cgroup/user.slice/app/memory.current", "12582912\n");
    write("sys/fs/cgroup/user.slice/app/memory.stat", "anon 8388608\nfile 4194304\n");
    EXPECT_EQ(read().total, 32 * kMiB);
    EXPECT_EQ(read().free, 24 * kMiB) << "what is cached can be had";
    write("sys/fs/cgroup/user.slice/memory.max", "16777216\n");
    write("sys/fs/cgroup/user.slice/memory.current", "20971520\n");
    EXPECT_EQ(read().total, 16 * kMiB);
    EXPECT_EQ(read().free, 0U);
}

TEST_F(HostMemoryTest, in_a_container_is_what_the_root_group_allows) {
    write("proc/self/cgroup", "4:memory:/docker/0123\n0::/docker/0123\n");
    write("sys/fs/cgroup/memory/memory.limit_in_bytes", "8388608\n");
    write("sys/fs/cgroup/memory/memory.usage_in_bytes", "6291456\n");
    write("sys/fs/cgroup/memory/memory.stat", "cache 0\ntotal_cache 2097152\n");
    EXPECT_EQ(read().total, 8 * kMiB);
    EXPECT_EQ(read().free, 4 * kMiB);
}

TEST_F(HostMemoryTest, of_a_system_that_does_not_tell_is_0) {
    const HostMemory memory = host_memory("/nowhere");
    EXPECT_EQ(memory.total, 0U);
    EXPECT_EQ(memory.free, 0U);
}

}  // namespace
}  // namespace mullama
