#include "cli/quote.h"

#include <gtest/gtest.h>

namespace mullama::cli {
namespace {

TEST(Quote, keeps_text_and_escapes_what_would_break_the_line) {
    EXPECT_EQ(quote(""), "\"\"");
    EXPECT_EQ(quote(" très 短い"), "\" très 短い\"");
    EXPECT_EQ(quote("a\n\t\r\"\\"), "\"a\\n\\t\\r\\\"\\\\\"");
}

TEST(Quote, shows_control_characters_and_broken_utf8_as_bytes) {
    EXPECT_EQ(quote("\x1b[2J\x7f"), "\"\\x1B[2J\\x7F\"");
    EXPECT_EQ(quote("\xe7\x9f"), "\"\\xE7\\x9F\"");
    EXPECT_EQ(quote(std::string_view("\0", 1)), "\"\\x00\"");
}

}  // namespace
}  // namespace mullama::cli
