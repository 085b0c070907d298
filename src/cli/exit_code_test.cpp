#include "cli/exit_code.h"

#include <gtest/gtest.h>

namespace mullama::cli {
namespace {

TEST(ExitCode, tells_usage_not_found_and_failure_apart) {
    EXPECT_EQ(exit_code_for(ErrorCode::kInvalidArgument), ExitCode::kUsage);
    EXPECT_EQ(exit_code_for(ErrorCode::kNotFound), ExitCode::kNotFound);
    EXPECT_EQ(exit_code_for(ErrorCode::kCorrupt), ExitCode::kFailure);
    EXPECT_EQ(exit_code_for(ErrorCode::kInternal), ExitCode::kFailure);
    EXPECT_EQ(exit_code_for(ErrorCode::kCancelled), ExitCode::kInterrupted);
}

TEST(ExitCode, an_error_is_one_line_that_cannot_steer_the_terminal) {
    EXPECT_EQ(error_line({ErrorCode::kIo, "it broke"}), "Error: it broke\n");
    EXPECT_EQ(error_line({ErrorCode::kIo, "two\nlines \x1b[2J"}), "Error: two lines  [2J\n");
    EXPECT_EQ(error_line({ErrorCode::kIo, "naïve"}), "Error: naïve\n");
}

}  // namespace
}  // namespace mullama::cli
