#include "server/cors.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Request request_from(const std::string& origin, const std::string& method = "POST") {
    Request request{.method = method};
    request.headers = {Header{"Host", "127.0.0.1:11434"}, Header{"Origin", origin}};
    return request;
}

std::string value_of(const Headers& headers, std::string_view name) {
    const auto found = std::ranges::find(headers, name, &Header::name);
    return found == headers.end() ? "" : found->value;
}

TEST(Cors, allows_local_pages_programs_and_extensions) {
    for (const char* origin : {
             "http://localhost",
             "https://localhost",
             "http://localhost:3000",
             "https://127.0.0.1:8443",
             "http://0.0.0.0:1",
             "app://obsidian.md",
             "file://",
             "tauri://localhost",
             "vscode-webview://abc",
             "vscode-file://vscode-app",
             "chrome-extension://abc",
             "moz-extension://abc",
             "safari-web-extension://abc",
         }) {
        EXPECT_TRUE(Cors().allows(origin)) << origin;
    }
}

TEST(Cors, refuses_other_pages) {
    for (const char* origin : {
             "https://example.com",
             "http://localhost.example.com",
             "http://localhost:80.example.com",
             "http://localhost:",
             "http://localhost:1@example.com",
             "ftp://localhost",
             "localhost",
             "null",
             "http://127.0.0.1.example.com",
             "xapp://a",
         }) {
        EXPECT_FALSE(Cors().allows(origin)) << origin;
    }
}

TEST(Cors, allows_what_is_configured) {
    const Cors cors({"https://example.com", "https://*.example.org", "http://10.0.0.1:*"});
    EXPECT_TRUE(cors.allows("https://example.com"));
    EXPECT_FALSE(cors.allows("https://example.com.evil.com"));
    EXPECT_FALSE(cors.allows("http://example.com"));
    EXPECT_TRUE(cors.allows("https://a.example.org"));
    EXPECT_FALSE(cors.allows("https://example.org"));
    EXPECT_TRUE(cors.allows("http://10.0.0.1:80"));
    EXPECT_TRUE(cors.allows("http://localhost"));
    EXPECT_TRUE(Cors({"*"}).allows("https://anything.at.all"));
}

TEST(Cors, leaves_requests_alone_that_come_from_no_page_or_the_servers_own) {
    EXPECT_FALSE(Cors().answer(request_from("")));
    EXPECT_FALSE(Cors().answer(Request{}));
    Request own = request_from("http://example.com:8080");
    own.headers[0].value = "example.com:8080";
    EXPECT_FALSE(Cors().answer(own));
    EXPECT_TRUE(Cors().headers(own).empty());
    EXPECT_TRUE(Cors().headers(Request{}).empty());
}

TEST(Cors, answers_403_to_foreign_pages_whatever_they_ask) {
    for (const char* method : {"GET", "POST", "OPTIONS"}) {
        const auto refused = Cors().answer(request_from("https://example.com", method));
        ASSERT_TRUE(refused);
        EXPECT_EQ(refused->status, 403U);
        EXPECT_TRUE(refused->headers.empty());
    }
    EXPECT_TRUE(Cors().headers(request_from("https://example.com")).empty());
}

TEST(Cors, answers_preflights_of_allowed_pages) {
    Request request = request_from("http://localhost:3000", "OPTIONS");
    request.headers.push_back(
        {"Access-Control-Request-Headers", "content-type, x-stainless-os,X-Stainless-Arch, x-evil"}
    );
    const auto answer = Cors().answer(request);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 204U);
    EXPECT_EQ(value_of(answer->headers, "Access-Control-Allow-Origin"), "http://localhost:3000");
    EXPECT_EQ(value_of(answer->headers, "Vary"), "Origin");
    EXPECT_EQ(
        value_of(answer->headers, "Access-Control-Allow-Methods"),
        "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS"
    );
    const std::string allowed = value_of(answer->headers, "Access-Control-Allow-Headers");
    for (const char* name : {
             "Authorization",
             "Content-Type",
             "User-Agent",
             "Accept",
             "X-Requested-With",
             "OpenAI-Beta",
             "x-api-key",
             "anthropic-version",
             "anthropic-beta",
             "x-stainless-os",
             "X-Stainless-Arch",
         }) {
        EXPECT_THAT(allowed, HasSubstr(name));
    }
    EXPECT_THAT(allowed, Not(HasSubstr("x-evil")));
    EXPECT_NE(value_of(answer->headers, "Access-Control-Max-Age"), "");
}

TEST(Cors, marks_answers_to_allowed_pages) {
    const Headers headers = Cors().headers(request_from("app://obsidian.md"));
    EXPECT_EQ(value_of(headers, "Access-Control-Allow-Origin"), "app://obsidian.md");
    EXPECT_EQ(value_of(headers, "Vary"), "Origin");
    const Headers open = Cors({"*"}).headers(request_from("https://example.com"));
    EXPECT_EQ(value_of(open, "Access-Control-Allow-Origin"), "*");
    EXPECT_FALSE(Cors().answer(request_from("app://obsidian.md")));
}

}  // namespace
}  // namespace mullama::server
