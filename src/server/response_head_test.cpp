#include "server/response_head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ResponseHead, has_its_lines_in_order) {
    const ResponseHead head{404, "text/plain", {Header{"X-One", "1"}, Header{"X-Two", "2"}}};
    const HeadFraming framing{.length = 12, .persistence = Persistence::kClose, .now = 784111777};
    EXPECT_EQ(
        format_head(head, framing),
        "HTTP/1.1 404 Not Found\r\n"
        "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
        "Content-Type: text/plain\r\n"
        "Content-Length: 12\r\n"
        "Connection: close\r\n"
        "X-One: 1\r\n"
        "X-Two: 2\r\n"
        "\r\n"
    );
}

TEST(ResponseHead, tells_how_the_body_ends) {
    const auto format = [](Framing framing) {
        return format_head(ResponseHead{}, HeadFraming{.framing = framing});
    };
    EXPECT_THAT(format(Framing::kChunked), HasSubstr("Transfer-Encoding: chunked\r\n"));
    for (Framing framing : {Framing::kNone, Framing::kUntilClose, Framing::kChunked}) {
        EXPECT_THAT(format(framing), Not(HasSubstr("Content-Length")));
    }
    EXPECT_THAT(format(Framing::kLength), HasSubstr("Content-Length: 0\r\n"));
}

TEST(ResponseHead, a_value_cannot_become_a_line) {
    const ResponseHead head{
        200,
        "a\r\nEvil: 1",
        {Header{"X", "b\r\n\r\nEvil"}, Header{"Y\r\nEvil", "1"}, Header{"", ""}}
    };
    const std::string text = format_head(head, {});
    EXPECT_THAT(text, HasSubstr("Content-Type: a  Evil: 1\r\n"));
    EXPECT_THAT(text, HasSubstr("X: b    Evil\r\n"));
    EXPECT_THAT(text, Not(HasSubstr("\nEvil")));
    EXPECT_THAT(text, Not(HasSubstr("\n: ")));
}

TEST(ResponseHead, keeps_the_transports_fields_to_itself) {
    const ResponseHead head{
        200,
        "",
        {Header{"content-length", "x7"}, Header{"TRANSFER-ENCODING", "x"}, Header{"Connection", "x"}
        }
    };
    EXPECT_THAT(format_head(head, {.length = 3}), Not(HasSubstr("x")));
    EXPECT_THAT(format_head(head, {}), Not(HasSubstr("x")));
}

TEST(ResponseHead, an_unknown_status_has_a_reason_too) {
    EXPECT_THAT(format_head({.status = 599}, {}), HasSubstr("HTTP/1.1 599 Status\r\n"));
}

TEST(ResponseHead, some_statuses_have_no_body) {
    EXPECT_TRUE(has_no_body(204));
    EXPECT_TRUE(has_no_body(304));
    EXPECT_FALSE(has_no_body(200));
    EXPECT_FALSE(has_no_body(403));
}

TEST(Chunk, has_its_length_in_hexadecimal) {
    EXPECT_EQ(format_chunk(std::string(26, 'x')), "1a\r\n" + std::string(26, 'x') + "\r\n");
}

}  // namespace
}  // namespace mullama::server
