#include "server/http_server.h"
#include "server/test_client.h"

#include <atomic>

#include <gtest/gtest.h>

namespace mullama::server {
namespace {

/// Handlers that wait for a feed, and count how many of them have begun and gone.
class Waiting : public ::testing::Test {
  protected:
    Handler handler() {
        return [this](const Request& request, ResponseWriter& writer) {
            return wait(request, writer);
        };
    }

    Task<void> wait(const Request& request, ResponseWriter& writer) {
        if (request.path == "/quick") {
            auto echoing = echo(request, writer);
            co_await std::move(echoing);
            co_return;
        }
        const Guard guard(destroyed_);
        EventStream stream = feed_.reader();
        ++begun_;
        const std::optional<Event> event = co_await stream.next_async(writer.executor());
        ++answered_;
        const Response response{.body = event ? event->text : ""};
        auto sending = writer.send(response);
        co_await std::move(sending);
    }

    bool has_begun() {
        return eventually([this] { return begun_ == 1; });
    }
    bool was_destroyed() {
        return eventually([this] { return destroyed_ == 1; });
    }

    Feed feed_;
    std::atomic<int> begun_ = 0;
    std::atomic<int> answered_ = 0;
    std::atomic<int> destroyed_ = 0;
};

TEST_F(Waiting, goes_on_where_the_peer_stays) {
    HttpServer server = serve(handler());
    TestClient client(server.address());
    client.get("/");
    ASSERT_TRUE(has_begun());
    feed_.push("here");
    EXPECT_EQ(client.receive().body, "here");
}

TEST_F(Waiting, is_destroyed_when_the_peer_closes) {
    HttpServer server = serve(handler());
    TestClient client(server.address());
    client.get("/");
    ASSERT_TRUE(has_begun());
    client.close();
    EXPECT_TRUE(was_destroyed());
    EXPECT_TRUE(feed_.cancelled());
    EXPECT_EQ(answered_, 0);
}

TEST_F(Waiting, is_destroyed_when_the_peer_resets) {
    HttpServer server = serve(handler());
    TestClient client(server.address());
    client.get("/");
    ASSERT_TRUE(has_begun());
    client.reset();
    EXPECT_TRUE(was_destroyed());
    EXPECT_EQ(answered_, 0);
}

TEST_F(Waiting, is_destroyed_when_the_peer_closes_its_sending_side) {
    HttpServer server = serve(handler());
    TestClient client(server.address());
    client.get("/");
    ASSERT_TRUE(has_begun());
    client.finish_sending();
    EXPECT_TRUE(was_destroyed());
    EXPECT_TRUE(client.is_closed());
}

TEST_F(Waiting, is_destroyed_when_the_peer_closes_on_a_connection_that_was_used_before) {
    HttpServer server = serve(handler());
    TestClient client(server.address());
    for (int i = 0; i < 3; ++i) {
        client.get("/quick");
        EXPECT_EQ(client.receive().status, 200U);
    }
    client.get("/");
    ASSERT_TRUE(has_begun());
    client.close();
    EXPECT_TRUE(was_destroyed());
}

TEST_F(Waiting, is_destroyed_when_the_peer_closes_behind_pipelined_requests) {
    HttpServer server = serve(handler());
    TestClient client(server.address());
    client.get("/");
    ASSERT_TRUE(has_begun());
    client.get("/quick");
    client.get("/quick");
    client.close();
    EXPECT_TRUE(was_destroyed());
    EXPECT_EQ(answered_, 0);
}

TEST_F(Waiting, is_not_disturbed_by_pipelined_requests) {
    HttpServer server = serve(handler());
    TestClient client(server.address());
    client.get("/");
    ASSERT_TRUE(has_begun());
    for (int i = 0; i < 10; ++i) client.get("/quick");
    // What is sent is seen before the answer is made: another connection is served meanwhile.
    TestClient other(server.address());
    other.get("/quick");
    EXPECT_EQ(other.receive().status, 200U);
    feed_.push("first");
    EXPECT_EQ(client.receive().body, "first");
    for (int i = 0; i < 10; ++i) EXPECT_EQ(client.receive().body, "GET /quick? ");
}

TEST_F(Waiting, is_not_disturbed_by_more_than_is_read_ahead) {
    HttpServerOptions options;
    options.limits.header_bytes_max = 16 * 1024;
    HttpServer server = serve(handler(), options);
    TestClient client(server.address());
    client.get("/");
    ASSERT_TRUE(has_begun());
    constexpr int kRequests = 2000;
    std::string requests;
    for (int i = 0; i < kRequests; ++i) requests += "GET /quick HTTP/1.1\r\nHost: x\r\n\r\n";
    client.send(requests);
    feed_.push("first");
    EXPECT_EQ(client.receive().body, "first");
    for (int i = 0; i < kRequests; ++i) ASSERT_EQ(client.receive().status, 200U) << i;
    EXPECT_EQ(destroyed_, 1);
}

TEST_F(Waiting, is_destroyed_on_a_reset_behind_more_than_is_read_ahead) {
    HttpServerOptions options;
    options.limits.header_bytes_max = 16 * 1024;
    HttpServer server = serve(handler(), options);
    TestClient client(server.address());
    client.get("/");
    ASSERT_TRUE(has_begun());
    client.send(std::string(100'000, 'x'));
    client.reset();
    EXPECT_TRUE(was_destroyed());
    EXPECT_EQ(answered_, 0);
}

TEST(HttpServerPeer, a_whole_answer_reaches_a_peer_that_has_half_closed) {
    HttpServer server = serve([](const Request&, ResponseWriter& writer) -> Task<void> {
        const Response response{.body = std::string(8 << 20, 'x')};
        auto sending = writer.send(response);
        co_await std::move(sending);
    });
    TestClient client(server.address());
    client.get("/");
    client.finish_sending();
    const ClientResponse response = client.receive();
    EXPECT_TRUE(response.complete);
    EXPECT_EQ(response.body.size(), std::size_t{8 << 20});
}

}  // namespace
}  // namespace mullama::server
