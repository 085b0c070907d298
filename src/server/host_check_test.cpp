#include "server/host_check.h"

#include <gtest/gtest.h>

namespace mullama::server {
namespace {

TEST(HostCheck, allows_names_and_addresses_of_this_machine) {
    for (const char* host : {
             "",
             "localhost",
             "LocalHost:11434",
             "127.0.0.1",
             "127.8.9.10:80",
             "0.0.0.0:11434",
             "10.1.2.3",
             "172.16.0.1",
             "172.31.255.255:1",
             "192.168.178.2",
             "[::1]:11434",
             "[::1]",
             "::1",
             "[::]:80",
             "[fd00::1]",
             "[::ffff:127.0.0.1]:80",
             "desk",
             "DESK:11434",
             "app.localhost",
             "nas.local:11434",
             "host.docker.internal",
         }) {
        EXPECT_TRUE(host_allowed(host, "Desk")) << host;
    }
}

TEST(HostCheck, refuses_all_else) {
    for (const char* host : {
             "example.com",
             "example.com:11434",
             "8.8.8.8",
             "172.32.0.1",
             "172.15.0.1",
             "192.169.0.1",
             "127.0.0.1.example.com",
             "localhost.example.com",
             "mylocalhost",
             "notlocal",
             "desk.example.com",
             "[2001:db8::1]:80",
             "[::ffff:8.8.8.8]",
             "[::1",
             "127.0.0.1@example.com",
             "0x7f.1",
             "2130706433",
         }) {
        EXPECT_FALSE(host_allowed(host, "desk")) << host;
    }
}

TEST(HostCheck, an_unknown_machine_name_allows_nothing_more) {
    EXPECT_TRUE(host_allowed("", ""));
    EXPECT_FALSE(host_allowed("desk", ""));
}

TEST(HostCheck, answers_403_without_a_body) {
    Request request;
    request.headers = {Header{"host", "example.com"}};
    const std::optional<Response> refused = refuse_foreign_host(request, "desk");
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->status, 403U);
    EXPECT_EQ(refused->body, "");
    request.headers[0].value = "desk:1";
    EXPECT_FALSE(refuse_foreign_host(request, "desk"));
    request.headers.clear();
    EXPECT_FALSE(refuse_foreign_host(request, "desk"));
}

TEST(HostCheck, answers_options_with_204) {
    const std::optional<Response> answer = answer_options(Request{.method = "OPTIONS"});
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 204U);
    EXPECT_EQ(answer->body, "");
    EXPECT_FALSE(answer_options(Request{.method = "POST"}));
}

TEST(HostCheck, knows_the_machines_name) {
    EXPECT_TRUE(host_allowed(machine_name(), machine_name()));
}

}  // namespace
}  // namespace mullama::server
