#include "server/request_parser.h"

#include <string>

#include <gtest/gtest.h>

namespace mullama::server {
namespace {

using Progress = RequestParser::Progress;

/// Parses bytes that come in pieces of `piece` bytes. Gives the last progress.
Progress parse(
    RequestParser& parser, std::string_view bytes, std::size_t piece, std::string& rest
) {
    Progress progress = Progress::kMore;
    bool in_body = false;
    while (!bytes.empty() || !in_body) {
        rest += bytes.substr(0, piece);
        bytes.remove_prefix(std::min(piece, bytes.size()));
        if (!in_body) {
            progress = parser.parse_head(rest);
            in_body = progress == Progress::kDone;
        }
        if (in_body) progress = parser.parse_body(rest);
        if (progress != Progress::kMore || bytes.empty()) break;
    }
    rest += bytes;
    return progress;
}

constexpr std::string_view kLength =
    "POST /a%20b?c HTTP/1.1\r\nHost: x\r\nX-Key:  value \r\nContent-Length: 5\r\n\r\nhelloGET";
constexpr std::string_view kChunked =
    "POST /a%20b?c HTTP/1.1\r\nhost: x\r\nx-key: value\r\nTransfer-Encoding: Chunked\r\n\r\n"
    "2\r\nhe\r\n3;e=\"f\"\r\nllo\r\n0\r\nX-Late: 1\r\n\r\nGET";

TEST(RequestParser, reads_requests_however_they_are_cut) {
    for (std::string_view bytes : {kLength, kChunked}) {
        for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
            RequestParser parser({});
            std::string rest;
            ASSERT_EQ(parse(parser, bytes, piece, rest), Progress::kDone) << piece;
            const Request request = parser.take();
            EXPECT_EQ(request.method, "POST");
            EXPECT_EQ(request.path, "/a b");
            EXPECT_EQ(request.query, "c");
            EXPECT_EQ(request.header("X-KEY"), "value");
            EXPECT_EQ(request.header("X-Late"), std::nullopt);
            EXPECT_EQ(request.body, "hello");
            EXPECT_EQ(rest, "GET") << "what follows is left";
        }
    }
}

TEST(RequestParser, wants_more_of_every_cut) {
    for (std::string_view bytes : {kLength, kChunked}) {
        bytes.remove_suffix(3);
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            RequestParser parser({});
            std::string rest;
            EXPECT_EQ(parse(parser, bytes.substr(0, size), 1000, rest), Progress::kMore) << size;
        }
    }
}

TEST(RequestParser, refuses_the_same_however_it_is_cut) {
    HttpLimits limits;
    limits.line_bytes_max = 50;
    limits.header_bytes_max = 300;
    limits.body_bytes_max = 10;
    const std::string start = "GET / HTTP/1.1\r\nHost: x\r\n";
    const std::vector<std::pair<std::string, unsigned>> cases = {
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {start + "Bad Name: x\r\n\r\n", 400},
        {start + "Transfer-Encoding: chunked\r\n\r\n-1\r\n", 400},
        {start + "Transfer-Encoding: chunked\r\n\r\n1" + std::string(1000, ' '), 400},
        {start + "Content-Length: 11\r\n\r\n", 413},
        {start + "Transfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n8\r\n", 413},
        {"GET /" + std::string(60, 'x') + " HTTP/1.1\r\nHost: x\r\n\r\n", 414},
        {"GET /" + std::string(1000, 'x'), 414},
        {start + "X: " + std::string(60, 'x') + "\r\n\r\n", 431},
        {start + "X: " + std::string(1000, 'x'), 431},
    };
    for (const auto& [bytes, status] : cases) {
        for (std::size_t piece : {1UL, 7UL, 10'000UL}) {
            RequestParser parser(limits);
            std::string rest;
            ASSERT_EQ(parse(parser, bytes, piece, rest), Progress::kRefused) << bytes << piece;
            EXPECT_EQ(parser.refusal().status, status) << bytes << piece;
        }
    }
}

TEST(RequestParser, many_small_fields_are_too_large_together) {
    HttpLimits limits;
    limits.header_bytes_max = 1000;
    std::string bytes = "GET / HTTP/1.1\r\nHost: x\r\n";
    for (int i = 0; i < 300; ++i) bytes += "X: y\r\n";
    for (std::size_t piece : {1UL, 100UL, 10'000UL}) {
        RequestParser parser(limits);
        std::string rest;
        ASSERT_EQ(parse(parser, bytes + "\r\n", piece, rest), Progress::kRefused) << piece;
        EXPECT_EQ(parser.refusal().status, 431U);
    }
}

TEST(RequestParser, says_what_the_connection_needs_to_know) {
    struct Case {
        std::string bytes;
        bool keeps_alive;
        bool is_http_1_0;
        bool expects_continue;
    };
    const std::vector<Case> cases = {
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", true, false, false},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", false, false, false},
        {"GET / HTTP/1.0\r\n\r\n", false, true, false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true, true, false},
        {"GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\n\r\n", true, false, true},
    };
    for (const Case& tested : cases) {
        RequestParser parser({});
        std::string rest;
        ASSERT_EQ(parse(parser, tested.bytes, 1000, rest), Progress::kDone) << tested.bytes;
        EXPECT_EQ(parser.keeps_alive(), tested.keeps_alive) << tested.bytes;
        EXPECT_EQ(parser.is_http_1_0(), tested.is_http_1_0) << tested.bytes;
        EXPECT_EQ(parser.expects_continue(), tested.expects_continue) << tested.bytes;
    }
}

TEST(RequestParser, skips_empty_lines) {
    std::string input = "\r\n\r\nGET";
    RequestParser::skip_empty_lines(input);
    EXPECT_EQ(input, "GET");
}

}  // namespace
}  // namespace mullama::server
