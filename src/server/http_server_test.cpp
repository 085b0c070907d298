#include "server/http_server.h"

#include "server/test_client.h"

#include <stdexcept>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace mullama::server {
namespace {

using ::testing::HasSubstr;

TEST(HttpServer, answers_whole) {
    HttpServer server = serve(echo);
    TestClient client(server.address());
    client.get("/a%20b/c?d=%20e");
    const ClientResponse response = client.receive();
    EXPECT_EQ(response.status, 200U);
    EXPECT_EQ(response.body, "GET /a b/c?d=%20e ");
    EXPECT_EQ(response.header("Content-Type"), "text/plain");
    EXPECT_EQ(response.header("Content-Length"), "18");
    EXPECT_THAT(response.header("Date"), HasSubstr(" GMT"));
    EXPECT_EQ(response.header("Connection"), "");
}

TEST(HttpServer, tells_where_it_listens) {
    HttpServer server = serve(echo);
    EXPECT_NE(server.port(), 0);
    EXPECT_EQ(server.address(), fmt::format("127.0.0.1:{}", server.port()));
    EXPECT_TRUE(server.is_loopback());
    HttpServerOptions open;
    open.address = ":0";
    EXPECT_FALSE(serve(echo, open).is_loopback());
}

TEST(HttpServer, refuses_addresses_that_cannot_be) {
    HttpServer server = serve(echo);
    const std::vector<std::pair<std::string, ErrorCode>> cases = {
        {"nonsense", ErrorCode::kInvalidArgument},
        {"host:", ErrorCode::kInvalidArgument},
        {"::1:80", ErrorCode::kInvalidArgument},
        {"127.0.0.1:http", ErrorCode::kInvalidArgument},
        {"unix:", ErrorCode::kInvalidArgument},
        {"unix:" + std::string(200, 'x'), ErrorCode::kInvalidArgument},
        {"name.invalid:80", ErrorCode::kNotFound},
        {server.address(), ErrorCode::kUnavailable},
        {"unix:/nowhere/at/all", ErrorCode::kIo},
    };
    for (const auto& [address, code] : cases) {
        HttpServerOptions options;
        options.address = address;
        const Result<HttpServer> refused = HttpServer::listen(options, echo);
        ASSERT_FALSE(refused) << address;
        EXPECT_EQ(refused.error().code, code) << refused.error().message;
    }
}

TEST(HttpServer, keeps_connections_open) {
    HttpServer server = serve(echo);
    TestClient client(server.address());
    for (int i = 0; i < 3; ++i) {
        client.post(fmt::format("body {}", i));
        EXPECT_EQ(client.receive().body, fmt::format("POST /? body {}", i));
    }
    client.send("\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(client.receive().header("Connection"), "close");
    EXPECT_TRUE(client.is_closed());
}

TEST(HttpServer, answers_pipelined_requests_in_order) {
    HttpServer server = serve(echo);
    TestClient client(server.address());
    std::string requests;
    for (int i = 0; i < 50; ++i) {
        requests += fmt::format("POST /{} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", i);
    }
    client.send(requests);
    for (int i = 0; i < 50; ++i) EXPECT_EQ(client.receive().body, fmt::format("POST /{}? abc", i));
}

TEST(HttpServer, answers_head_without_a_body) {
    HttpServer server = serve(echo);
    TestClient client(server.address());
    client.send("HEAD /x HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(client.receive(false).header("Content-Length"), "9");
    client.get("/y");
    EXPECT_EQ(client.receive().body, "GET /y? ");
}

TEST(HttpServer, reads_chunked_requests_and_ignores_their_trailers) {
    HttpServer server = serve([](const Request& request, ResponseWriter& writer) -> Task<void> {
        const bool has_trailer = request.header("X-Trailer").has_value();
        const Response response{.body = request.body + (has_trailer ? " trailer" : "")};
        auto sending = writer.send(response);
        co_await std::move(sending);
    });
    TestClient client(server.address());
    client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    client.send("5;name=value\r\ndefgh\r\n0\r\nX-Trailer: 1\r\n\r\n");
    EXPECT_EQ(client.receive().body, "abcdefgh");
    client.get("/");
    EXPECT_EQ(client.receive().status, 200U);
}

TEST(HttpServer, asks_for_a_body_that_is_held_back) {
    HttpServer server = serve(echo);
    TestClient client(server.address());
    client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    EXPECT_EQ(client.receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("held");
    EXPECT_EQ(client.receive().body, "POST /? held");
}

TEST(HttpServer, serves_http_1_0_without_chunks) {
    HttpServer server = serve(echo);
    TestClient client(server.address());
    client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(client.receive().header("Connection"), "keep-alive");
    client.send("GET / HTTP/1.0\r\n\r\n");
    const ClientResponse last = client.receive();
    EXPECT_EQ(last.header("Connection"), "close");
    EXPECT_EQ(last.body, "GET /? ");
    EXPECT_TRUE(client.is_closed());
}

TEST(HttpServer, streams_to_http_1_0_until_it_closes) {
    Feed feed;
    HttpServer server = serve([&](const Request&, ResponseWriter& writer) {
        return send_stream(feed.reader(), writer);
    });
    TestClient client(server.address());
    client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    feed.push("one ");
    feed.push("two");
    feed.end();
    const ClientResponse response = client.receive();
    EXPECT_EQ(response.header("Transfer-Encoding"), "");
    EXPECT_EQ(response.header("Connection"), "close");
    EXPECT_EQ(response.body, "one two");
}

TEST(HttpServer, answers_500_where_the_handler_throws_or_says_nothing) {
    HttpServer server = serve([](const Request& request, ResponseWriter&) -> Task<void> {
        if (request.path == "/throw") throw std::runtime_error("secret");
        co_return;
    });
    TestClient client(server.address());
    for (const char* path : {"/throw", "/nothing"}) {
        client.get(path);
        const ClientResponse response = client.receive();
        EXPECT_EQ(response.status, 500U);
        EXPECT_EQ(response.body, "{\"error\":\"internal error\"}");
    }
}

TEST(HttpServer, a_handler_that_throws_before_it_is_a_coroutine_gives_500) {
    HttpServer server = serve([](const Request&, ResponseWriter&) -> Task<void> {
        throw std::runtime_error("secret");
    });
    TestClient client(server.address());
    client.get("/");
    EXPECT_EQ(client.receive().status, 500U);
}

TEST(HttpServer, cuts_an_answer_that_the_handler_does_not_end) {
    HttpServer server = serve([](const Request& request, ResponseWriter& writer) -> Task<void> {
        const ResponseHead head;
        auto beginning = writer.begin(head);
        co_await std::move(beginning);
        auto writing = writer.write("half");
        co_await std::move(writing);
        if (request.path == "/throw") throw std::runtime_error("secret");
    });
    for (const char* path : {"/throw", "/return"}) {
        TestClient client(server.address());
        client.get(path);
        const ClientResponse response = client.receive();
        EXPECT_EQ(response.status, 200U);
        EXPECT_EQ(response.body, "half");
        EXPECT_FALSE(response.complete);
    }
}

TEST(HttpServer, allows_one_answer_a_request) {
    HttpServer server = serve([](const Request&, ResponseWriter& writer) -> Task<void> {
        const Response response{.body = "first"};
        const ResponseHead head;
        auto early = writer.write("x");
        EXPECT_FALSE(co_await std::move(early));
        auto sending = writer.send(response);
        EXPECT_TRUE(co_await std::move(sending));
        auto again = writer.send(response);
        EXPECT_FALSE(co_await std::move(again));
        auto beginning = writer.begin(head);
        EXPECT_FALSE(co_await std::move(beginning));
        auto ending = writer.end();
        EXPECT_FALSE(co_await std::move(ending));
    });
    TestClient client(server.address());
    for (int i = 0; i < 2; ++i) {
        client.get("/");
        EXPECT_EQ(client.receive().body, "first");
    }
}

TEST(HttpServer, says_whether_the_peer_is_on_this_machine) {
    HttpServer server = serve([](const Request& request, ResponseWriter& writer) -> Task<void> {
        const Response response{.body = request.peer_is_loopback ? "here" : "elsewhere"};
        auto sending = writer.send(response);
        co_await std::move(sending);
    });
    TestClient client(server.address());
    client.get("/");
    EXPECT_EQ(client.receive().body, "here");
}

TEST(HttpServer, serves_on_a_unix_socket) {
    const std::string path = ::testing::TempDir() + fmt::format("mullama_{}.sock", getpid());
    HttpServerOptions options;
    options.address = "unix:" + path;
    {
        HttpServer server = serve(echo, options);
        EXPECT_EQ(server.address(), options.address);
        EXPECT_EQ(server.port(), 0);
        EXPECT_TRUE(server.is_loopback());
        struct stat status{};
        ASSERT_EQ(stat(path.c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777U, 0600U);
        TestClient client(server.address());
        client.get("/x");
        EXPECT_EQ(client.receive().body, "GET /x? ");
        const Result<HttpServer> second = HttpServer::listen(options, echo);
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().code, ErrorCode::kUnavailable) << second.error().message;
        client.get("/y");
        EXPECT_EQ(client.receive().body, "GET /y? ");
    }
    EXPECT_NE(access(path.c_str(), F_OK), 0) << "the server removes its socket";
}

}  // namespace
}  // namespace mullama::server
