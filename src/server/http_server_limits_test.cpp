#include "server/http_server.h"
#include "server/test_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::server {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

HttpServerOptions with_limits(const HttpLimits& limits) {
    HttpServerOptions options;
    options.limits = limits;
    return options;
}

/// What is answered to raw bytes, by a server that closes afterwards.
ClientResponse answer_to(std::string_view bytes, const HttpLimits& limits = {}) {
    HttpServer server = serve(echo, with_limits(limits));
    TestClient client(server.address());
    client.send(bytes);
    ClientResponse response = client.receive();
    EXPECT_EQ(response.header("Connection"), "close");
    EXPECT_EQ(response.header("Content-Type"), "application/json");
    EXPECT_THAT(response.body, HasSubstr("{\"error\":\""));
    EXPECT_TRUE(client.is_closed());
    return response;
}

TEST(HttpServerLimits, does_not_ask_for_a_body_that_is_too_large) {
    HttpLimits limits;
    limits.body_bytes_max = 10;
    const ClientResponse response = answer_to(
        "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n", limits
    );
    EXPECT_EQ(response.status, 413U);
}

TEST(HttpServerLimits, refuses_what_is_malformed_or_too_large) {
    HttpLimits limits;
    limits.line_bytes_max = 200;
    limits.header_bytes_max = 1000;
    limits.body_bytes_max = 100;
    const std::string start = "GET / HTTP/1.1\r\nHost: x\r\n";
    const std::vector<std::pair<std::string, unsigned>> cases = {
        {"nonsense\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {start + "Host: y\r\n\r\n", 400},
        {start + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nx", 400},
        {start + "Content-Length: -1\r\n\r\n", 400},
        {start + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {start + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
        {start + "no colon\r\n\r\n", 400},
        {"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET x HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {start + "Content-Length: 101\r\n\r\n", 413},
        {start + "Transfer-Encoding: chunked\r\n\r\n65\r\n", 413},
        {"GET /" + std::string(250, 'x') + " HTTP/1.1\r\nHost: x\r\n\r\n", 414},
        {"GET /" + std::string(5000, 'x'), 414},
        {start + "Content-Encoding: br\r\nContent-Length: 1\r\n\r\nx", 415},
        {start + "Expect: miracles\r\n\r\n", 417},
        {start + "X: " + std::string(250, 'x') + "\r\n\r\n", 431},
        {start + "X: " + std::string(5000, 'x'), 431},
        {start + "Transfer-Encoding: gzip\r\n\r\n", 501},
        {start + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    };
    for (const auto& [bytes, status] : cases) {
        EXPECT_EQ(answer_to(bytes, limits).status, status) << bytes;
    }
}

TEST(HttpServerLimits, a_refusal_reaches_a_client_that_goes_on_sending) {
    HttpLimits limits;
    limits.body_bytes_max = 1000;
    HttpServer server = serve(echo, with_limits(limits));
    TestClient client(server.address());
    client.post(std::string(1 << 20, 'x'));
    EXPECT_EQ(client.receive().status, 413U);
}

TEST(HttpServerLimits, gives_up_on_slow_headers_and_bodies) {
    HttpLimits limits;
    limits.header_time = milliseconds(50);
    limits.read_stall_time = milliseconds(50);
    EXPECT_EQ(answer_to("GET / HTTP/1.1\r\nHo", limits).status, 408U);
    const auto response =
        answer_to("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nx", limits);
    EXPECT_EQ(response.status, 408U);
}

TEST(HttpServerLimits, a_header_that_trickles_in_ends_at_the_limit_too) {
    HttpLimits limits;
    limits.header_time = milliseconds(100);
    limits.linger_time = milliseconds(100);
    HttpServer server = serve(echo, with_limits(limits));
    TestClient client(server.address());
    client.send("GET / HTTP/1.1\r\n");
    while (client.send("X: y\r\n")) std::this_thread::sleep_for(milliseconds(5));
}

TEST(HttpServerLimits, closes_idle_connections_without_a_word) {
    HttpLimits limits;
    limits.idle_time = milliseconds(50);
    HttpServer server = serve(echo, with_limits(limits));
    TestClient client(server.address());
    client.get("/");
    EXPECT_EQ(client.receive().status, 200U);
    EXPECT_TRUE(client.is_closed());
    limits.header_time = milliseconds(50);
    HttpServer strict = serve(echo, with_limits(limits));
    EXPECT_TRUE(TestClient(strict.address()).is_closed());
}

TEST(HttpServerLimits, turns_connections_beyond_the_limit_away) {
    HttpServerOptions options;
    options.connections_max = 2;
    HttpServer server = serve(echo, options);
    TestClient first(server.address());
    TestClient second(server.address());
    for (TestClient* client : {&first, &second}) {
        client->get("/");
        EXPECT_EQ(client->receive().status, 200U);
    }
    {
        TestClient third(server.address());
        const ClientResponse busy = third.receive();
        EXPECT_EQ(busy.status, 503U);
        EXPECT_NE(busy.header("Retry-After"), "");
        EXPECT_EQ(busy.header("Connection"), "close");
        EXPECT_TRUE(third.is_closed());
    }
    first.get("/");
    EXPECT_EQ(first.receive().status, 200U);
    second.close();
    EXPECT_TRUE(eventually([&] {
        TestClient next(server.address());
        next.get("/");
        return next.receive().status == 200;
    }));
}

}  // namespace
}  // namespace mullama::server
