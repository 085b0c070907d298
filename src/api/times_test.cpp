#include "api/times.h"

#include <gtest/gtest.h>

namespace mullama::api {
namespace {

TEST(Times, are_written_with_as_many_digits_as_they_need) {
    const WallTime whole{std::chrono::seconds(1'769'862'896)};
    EXPECT_EQ(format_rfc3339(whole), "2026-01-31T12:34:56Z");
    EXPECT_EQ(
        format_rfc3339(whole + std::chrono::nanoseconds(123'400'000)), "2026-01-31T12:34:56.1234Z"
    );
    EXPECT_EQ(unix_seconds(whole + std::chrono::milliseconds(999)), 1'769'862'896);
}

TEST(Times, are_read_with_fractions_and_offsets) {
    EXPECT_EQ(parse_rfc3339("2026-01-31T12:34:56Z"), 1'769'862'896);
    EXPECT_EQ(parse_rfc3339("2026-01-31T12:34:56.123456789Z"), 1'769'862'896);
    EXPECT_EQ(parse_rfc3339("2026-01-31T14:34:56.1+02:00"), 1'769'862'896);
    EXPECT_EQ(parse_rfc3339("2026-01-31T07:04:56-05:30"), 1'769'862'896);
    EXPECT_EQ(parse_rfc3339("2318-09-01T00:00:00Z"), 11'002'780'800);
}

TEST(Times, that_are_none_are_nothing) {
    for (const char* text :
         {"",
          "now",
          "2026-01-31",
          "2026-01-31T12:34:56",
          "2026-01-31T12:34:56+x",
          "2026-01-31T12:34:56Z and more",
          "2026-01-31T12:34:56+02:00x"}) {
        EXPECT_EQ(parse_rfc3339(text), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace mullama::api
