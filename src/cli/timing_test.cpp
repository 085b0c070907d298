#include "cli/timing.h"

#include <gtest/gtest.h>

namespace mullama::cli {
namespace {

Timing example() {
    Timing timing;
    timing.total_ns = 1'234'567'891;
    timing.load_ns = 123'456'789;
    timing.usage.prompt_tokens = 38;
    timing.usage.prompt_ns = 152'000'000;
    timing.usage.completion_tokens = 24;
    timing.usage.decode_ns = 960'000'000;
    return timing;
}

TEST(Timing, prints_ollamas_eight_lines) {
    EXPECT_EQ(
        timing_lines(example()),
        "total duration:       1.234567891s\n"
        "load duration:        123.456789ms\n"
        "prompt eval count:    38 token(s)\n"
        "prompt eval duration: 152ms\n"
        "prompt eval rate:     250.00 tokens/s\n"
        "eval count:           24 token(s)\n"
        "eval duration:        960ms\n"
        "eval rate:            25.00 tokens/s\n"
    );
}

TEST(Timing, leaves_out_what_did_not_happen) {
    Timing timing;
    timing.total_ns = 5'000'000;
    EXPECT_EQ(timing_lines(timing), "total duration:       5ms\n");
}

TEST(Timing, says_how_many_tokens_and_how_fast) {
    EXPECT_EQ(speed_line(example().usage), "24 tokens, 25.00 tokens/s");
    Usage none;
    EXPECT_EQ(speed_line(none), "0 tokens");
}

}  // namespace
}  // namespace mullama::cli
