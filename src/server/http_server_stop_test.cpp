#include "server/http_server.h"
#include "server/test_client.h"

#include <atomic>
#include <optional>

#include <gtest/gtest.h>

namespace mullama::server {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

/// A server whose handlers stream a feed.
class Stopping : public ::testing::Test {
  protected:
    Stopping() {
        server_.emplace(serve([this](const Request& request, ResponseWriter& writer) {
            return request.path == "/feed" ? stream(writer) : echo(request, writer);
        }));
    }

    Task<void> stream(ResponseWriter& writer) {
        ++begun_;
        return send_stream(feed_.reader(), writer);
    }

    /// A client whose stream has begun.
    TestClient streaming_client() {
        TestClient client(server_->address());
        client.get("/feed");
        client.receive_until("\r\n\r\n");
        return client;
    }

    Feed feed_;
    std::atomic<int> begun_ = 0;
    std::optional<HttpServer> server_;
};

TEST_F(Stopping, closes_idle_connections_at_once) {
    TestClient used(server_->address());
    used.get("/");
    EXPECT_EQ(used.receive().status, 200U);
    TestClient fresh(server_->address());
    server_->stop(hours(1));
    server_->join();
    EXPECT_TRUE(used.is_closed());
    EXPECT_TRUE(fresh.is_closed());
}

TEST_F(Stopping, lets_a_running_stream_finish) {
    TestClient client = streaming_client();
    server_->stop(hours(1));
    feed_.push("last words");
    feed_.end();
    EXPECT_EQ(client.receive_chunk(), "last words");
    EXPECT_EQ(client.receive_chunk(), "");
    EXPECT_TRUE(client.is_closed());
    server_->join();
}

TEST_F(Stopping, says_close_in_answers_made_while_it_stops) {
    std::atomic<bool> begun = false;
    HttpServer server = serve([&](const Request&, ResponseWriter& writer) -> Task<void> {
        EventStream stream = feed_.reader();
        begun = true;
        co_await stream.next_async(writer.executor());
        const Response response{.body = "done"};
        auto sending = writer.send(response);
        co_await std::move(sending);
    });
    TestClient idle(server.address());
    idle.get("/");
    ASSERT_TRUE(eventually([&] { return begun.load(); }));
    TestClient witness(server.address());
    server.stop(hours(1));
    EXPECT_TRUE(witness.is_closed()) << "it has begun to stop";
    feed_.push("go");
    const ClientResponse response = idle.receive();
    EXPECT_EQ(response.body, "done");
    EXPECT_EQ(response.header("Connection"), "close");
    server.join();
}

TEST_F(Stopping, destroys_what_still_runs_at_the_deadline) {
    TestClient client = streaming_client();
    server_->stop(milliseconds(50));
    server_->join();
    EXPECT_TRUE(feed_.cancelled());
    EXPECT_TRUE(client.is_closed());
}

TEST_F(Stopping, a_second_call_shortens_the_time) {
    TestClient client = streaming_client();
    server_->stop(hours(10'000'000));
    server_->stop(milliseconds(0));
    server_->stop(hours(1));
    server_->join();
    EXPECT_TRUE(feed_.cancelled());
}

TEST_F(Stopping, takes_no_more_connections) {
    const std::string address = server_->address();
    server_->stop(hours(1));
    server_->join();
    HttpServerOptions options;
    options.address = address;
    HttpServer next = serve(echo, options);
    TestClient client(address);
    client.get("/next");
    EXPECT_EQ(client.receive().body, "GET /next? ");
}

TEST_F(Stopping, the_destructor_stops_at_once) {
    TestClient client = streaming_client();
    server_.reset();
    EXPECT_TRUE(feed_.cancelled());
    EXPECT_TRUE(client.is_closed());
}

TEST_F(Stopping, a_handler_may_stop_the_server) {
    HttpServer* self = nullptr;
    HttpServer server = serve([&](const Request& request, ResponseWriter& writer) {
        self->stop(hours(1));
        return echo(request, writer);
    });
    self = &server;
    TestClient client(server.address());
    client.get("/");
    EXPECT_EQ(client.receive().status, 200U);
    server.join();
}

TEST_F(Stopping, many_threads_may_stop_and_join) {
    TestClient client = streaming_client();
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([this] {
            server_->stop(milliseconds(10));
            server_->join();
        });
    }
    threads.clear();
    EXPECT_TRUE(feed_.cancelled());
}

}  // namespace
}  // namespace mullama::server
