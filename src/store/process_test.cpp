#include "store/process.h"

#include "base/error.h"

#include <csignal>

#include <gtest/gtest.h>

namespace mullama::store {
namespace {

TEST(Process, gives_the_exit_status_and_the_output) {
    Result<Captured> captured = run_captured({{"sh", "-c", "echo out; echo err >&2; exit 7"}, {}});
    ASSERT_TRUE(captured) << captured.error().message;
    EXPECT_EQ(captured->status, 7);
    EXPECT_EQ(captured->output, "out\nerr\n");
}

TEST(Process, keeps_only_the_end_of_a_long_output) {
    Result<Captured> captured = run_captured({{"sh", "-c", "seq 100000"}, {}});
    ASSERT_TRUE(captured);
    EXPECT_TRUE(captured->output.ends_with("\n100000\n"));
    EXPECT_LE(captured->output.size(), 8192);
}

TEST(Process, a_signal_ends_it_with_128_and_its_number) {
    Result<int> status = run_visibly({{"sh", "-c", "kill -TERM $$"}, {}});
    ASSERT_TRUE(status);
    EXPECT_EQ(*status, 128 + SIGTERM);
}

TEST(Process, a_missing_program_is_not_found) {
    Result<int> status = run_visibly({{"no-such-program-here"}, {}});
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::kNotFound);
    EXPECT_EQ(status.error().message, "no-such-program-here is not installed");
}

TEST(Process, adds_to_the_environment_and_overrides_it) {
    setenv("MULLAMA_TEST_VARIABLE", "old", 1);
    Command command{
        {"sh", "-c", "echo $MULLAMA_TEST_VARIABLE $MULLAMA_TEST_OTHER $HOME"},
        {"MULLAMA_TEST_VARIABLE=new", "MULLAMA_TEST_OTHER=2"},
    };
    Result<Captured> captured = run_captured(command);
    unsetenv("MULLAMA_TEST_VARIABLE");
    ASSERT_TRUE(captured);
    EXPECT_EQ(captured->output, "new 2 " + std::string(getenv("HOME")) + "\n");
}

TEST(Process, has_no_input) {
    Result<Captured> captured = run_captured({{"sh", "-c", "cat; echo end"}, {}});
    ASSERT_TRUE(captured);
    EXPECT_EQ(captured->output, "end\n");
}

TEST(Process, gives_every_byte_to_the_sink) {
    std::size_t bytes_total = 0;
    Result<int> status = run_into(
        {{"head", "-c", "3000000", "/dev/zero"}, {}},
        [&](std::span<const std::byte> bytes) {
            bytes_total += bytes.size();
            return Result<void>();
        }
    );
    ASSERT_TRUE(status);
    EXPECT_EQ(*status, 0);
    EXPECT_EQ(bytes_total, 3'000'000);
}

TEST(Process, ends_when_the_sink_has_enough) {
    Result<int> status = run_into({{"yes"}, {}}, [](std::span<const std::byte>) {
        return Result<void>(fail(ErrorCode::kExhausted, "enough"));
    });
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().message, "enough");
}

}  // namespace
}  // namespace mullama::store
