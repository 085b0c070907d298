#include "api/duration.h"

#include <gtest/gtest.h>

namespace mullama::api {
namespace {

using namespace std::chrono_literals;

std::string problem(std::string_view text) {
    const auto parsed = parse_go_duration(text);
    return parsed ? format_go_duration(*parsed) : parsed.error().message;
}

TEST(Duration, is_read_as_go_does) {
    EXPECT_EQ(*parse_go_duration("5m"), 5min);
    EXPECT_EQ(*parse_go_duration("1.5h"), 90min);
    EXPECT_EQ(*parse_go_duration("-1s"), -1s);
    EXPECT_EQ(*parse_go_duration("1h15m30.5s"), 1h + 15min + 30500ms);
    EXPECT_EQ(*parse_go_duration("0"), 0s);
    EXPECT_EQ(*parse_go_duration("100ms"), 100ms);
    EXPECT_EQ(*parse_go_duration("99999999h"), std::chrono::nanoseconds::max());
}

TEST(Duration, that_is_none_is_refused_in_gos_words) {
    EXPECT_EQ(problem("300"), "time: missing unit in duration \"300\"");
    EXPECT_EQ(problem(""), "time: invalid duration \"\"");
    EXPECT_EQ(problem("-"), "time: invalid duration \"-\"");
    EXPECT_EQ(problem("abc"), "time: invalid duration \"abc\"");
    EXPECT_EQ(problem("1.2.3s"), "time: invalid duration \"1.2.3s\"");
    EXPECT_EQ(problem("5 m"), "time: unknown unit \" m\" in duration \"5 m\"");
    EXPECT_EQ(problem("3d"), "time: unknown unit \"d\" in duration \"3d\"");
}

TEST(Duration, is_written_as_go_does) {
    EXPECT_EQ(format_go_duration(0s), "0s");
    EXPECT_EQ(format_go_duration(90min), "1h30m0s");
    EXPECT_EQ(format_go_duration(5min + 1500ms), "5m1.5s");
    EXPECT_EQ(format_go_duration(250ms), "250ms");
    EXPECT_EQ(format_go_duration(-2s), "-2s");
}

TEST(KeepAlive, takes_seconds_and_durations) {
    const auto read = [](std::string_view text) { return parse_keep_alive(*parse_json(text)); };
    EXPECT_EQ(*read("300"), 300s);
    EXPECT_EQ(*read("0.5"), 500ms);
    EXPECT_EQ(*read("-1"), -1s);
    EXPECT_EQ(*read("\"5m\""), 5min);
    EXPECT_EQ(*read("1e30"), std::chrono::nanoseconds::max());
    EXPECT_EQ(read("\"300\"").error().message, "time: missing unit in duration \"300\"");
    EXPECT_EQ(read("true").error().message, "Unsupported type: 'bool'");
    EXPECT_EQ(*parse_keep_alive_text("300"), 300s);
    EXPECT_EQ(*parse_keep_alive_text("-1"), -1s);
    EXPECT_EQ(*parse_keep_alive_text("10m"), 10min);
    EXPECT_FALSE(parse_keep_alive_text("soon"));
}

}  // namespace
}  // namespace mullama::api
