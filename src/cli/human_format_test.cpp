#include "cli/human_format.h"

#include <limits>

#include <gtest/gtest.h>

namespace mullama::cli {
namespace {

TEST(HumanFormat, durations_read_as_gos) {
    EXPECT_EQ(go_duration(0), "0s");
    EXPECT_EQ(go_duration(1), "1ns");
    EXPECT_EQ(go_duration(1'100), "1.1µs");
    EXPECT_EQ(go_duration(2'200'000), "2.2ms");
    EXPECT_EQ(go_duration(12'345'678), "12.345678ms");
    EXPECT_EQ(go_duration(1'000'000'000), "1s");
    EXPECT_EQ(go_duration(3'300'000'000), "3.3s");
    EXPECT_EQ(go_duration(1'234'567'891), "1.234567891s");
    EXPECT_EQ(go_duration(245'000'000'000), "4m5s");
    EXPECT_EQ(go_duration(245'001'000'000), "4m5.001s");
    EXPECT_EQ(go_duration(18'367'001'000'000), "5h6m7.001s");
    EXPECT_EQ(go_duration(3'600'000'000'000), "1h0m0s");
    EXPECT_EQ(go_duration(480'000'000'001), "8m0.000000001s");
    EXPECT_EQ(go_duration(-1'500'000'000), "-1.5s");
    EXPECT_EQ(go_duration(std::numeric_limits<std::int64_t>::max()), "2562047h47m16.854775807s");
    EXPECT_EQ(go_duration(std::numeric_limits<std::int64_t>::min()), "-2562047h47m16.854775808s");
}

TEST(HumanFormat, sizes_read_as_ollamas) {
    EXPECT_EQ(human_bytes(0), "0 B");
    EXPECT_EQ(human_bytes(999), "999 B");
    EXPECT_EQ(human_bytes(1'000), "1 KB");
    EXPECT_EQ(human_bytes(1'500), "1.5 KB");
    EXPECT_EQ(human_bytes(98'362'432), "98 MB");
    EXPECT_EQ(human_bytes(253'113'024), "253 MB");
    EXPECT_EQ(human_bytes(2'019'377'376), "2.0 GB");
    EXPECT_EQ(human_bytes(1'000'000'000'000), "1 TB");
}

TEST(HumanFormat, counts_read_as_ollamas) {
    EXPECT_EQ(human_number(0), "0");
    EXPECT_EQ(human_number(999), "999");
    EXPECT_EQ(human_number(12'345), "12K");
    EXPECT_EQ(human_number(134'515'008), "134.52M");
    EXPECT_EQ(human_number(26'000'000), "26M");
    EXPECT_EQ(human_number(8'030'261'312), "8.0B");
    EXPECT_EQ(human_number(2'000'000'000), "2B");
}

TEST(HumanFormat, ages_read_as_ollamas) {
    EXPECT_EQ(human_age(0), "Less than a second ago");
    EXPECT_EQ(human_age(1), "1 second ago");
    EXPECT_EQ(human_age(59), "59 seconds ago");
    EXPECT_EQ(human_age(60), "About a minute ago");
    EXPECT_EQ(human_age(120), "2 minutes ago");
    EXPECT_EQ(human_age(3'600), "About an hour ago");
    EXPECT_EQ(human_age(7'200), "2 hours ago");
    EXPECT_EQ(human_age(3 * 86'400), "3 days ago");
    EXPECT_EQ(human_age(21 * 86'400), "3 weeks ago");
    EXPECT_EQ(human_age(100 * 86'400), "3 months ago");
    EXPECT_EQ(human_age(1'000 * 86'400), "2 years ago");
    EXPECT_EQ(human_age(-3'600), "About an hour from now");
}

}  // namespace
}  // namespace mullama::cli
