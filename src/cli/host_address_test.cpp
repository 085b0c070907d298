#include "cli/host_address.h"

#include <gtest/gtest.h>

namespace mullama::cli {
namespace {

std::string listen(std::string_view text) {
    const auto address = parse_host(text);
    return address ? address->to_listen() : address.error().message;
}

std::string call(std::string_view text) {
    const auto address = parse_host(text);
    return address ? address->to_call() : address.error().message;
}

TEST(HostAddress, fills_in_what_is_left_out_as_ollama_does) {
    EXPECT_EQ(listen(""), "127.0.0.1:11434");
    EXPECT_EQ(listen("example.com"), "example.com:11434");
    EXPECT_EQ(listen("1.2.3.4:99"), "1.2.3.4:99");
    EXPECT_EQ(listen(":99"), "0.0.0.0:99");
    EXPECT_EQ(listen("http://1.2.3.4"), "1.2.3.4:80");
    EXPECT_EQ(listen("https://1.2.3.4/path"), "1.2.3.4:443");
    EXPECT_EQ(listen("https://1.2.3.4:99"), "1.2.3.4:99");
    EXPECT_EQ(listen("[::1]:99"), "[::1]:99");
    EXPECT_EQ(listen("::1"), "[::1]:11434");
    EXPECT_EQ(listen("[::1]"), "[::1]:11434");
    EXPECT_EQ(listen(" \"1.2.3.4\" "), "1.2.3.4:11434");
    EXPECT_EQ(listen("unix:/tmp/s"), "unix:/tmp/s");
}

TEST(HostAddress, of_all_interfaces_is_called_on_this_machine) {
    EXPECT_EQ(call("0.0.0.0"), "http://127.0.0.1:11434");
    EXPECT_EQ(call("[::]:99"), "http://[::1]:99");
    EXPECT_EQ(call("https://example.com"), "https://example.com:443");
    EXPECT_EQ(call("unix:/tmp/s"), "http://localhost");
}

TEST(HostAddress, may_be_one_of_this_machine) {
    for (const char* text : {"", "localhost:1", "127.0.0.2", "[::1]", "0.0.0.0", "unix:/tmp/s"}) {
        EXPECT_TRUE(parse_host(text)->is_here()) << text;
    }
    EXPECT_FALSE(parse_host("192.168.0.7")->is_here());
    EXPECT_FALSE(parse_host("https://example.com")->is_here());
}

TEST(HostAddress, a_port_is_a_number) {
    EXPECT_EQ(listen("a:b"), "'a:b' is no address: the port is a number from 0 to 65535");
    EXPECT_EQ(listen("a:99999"), "'a:99999' is no address: the port is a number from 0 to 65535");
}

}  // namespace
}  // namespace mullama::cli
