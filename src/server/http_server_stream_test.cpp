#include "server/http_server.h"
#include "server/test_client.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace mullama::server {
namespace {

TEST(HttpServerStream, sends_chunk_by_chunk) {
    Feed feed;
    HttpServer server = serve([&](const Request&, ResponseWriter& writer) {
        return send_stream(feed.reader(), writer);
    });
    TestClient client(server.address());
    client.get("/");
    const std::string head = client.receive_until("\r\n\r\n");
    EXPECT_NE(head.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
    for (int i = 0; i < 20; ++i) {
        const std::string text = fmt::format("token {}", i);
        feed.push(text);
        EXPECT_EQ(client.receive_chunk(), text) << "each comes before the next is made";
    }
    feed.end();
    EXPECT_EQ(client.receive_chunk(), "");
}

TEST(HttpServerStream, keeps_the_connection_open_afterwards) {
    std::deque<Feed> feeds(3);
    std::size_t next = 0;
    HttpServer server = serve([&](const Request&, ResponseWriter& writer) {
        return send_stream(feeds[next++].reader(), writer);
    });
    TestClient client(server.address());
    for (Feed& feed : feeds) {
        client.get("/");
        feed.push("a");
        feed.push("b");
        feed.end();
        const ClientResponse response = client.receive();
        EXPECT_EQ(response.body, "ab");
        EXPECT_TRUE(response.complete);
    }
}

TEST(HttpServerStream, answers_head_without_chunks) {
    Feed feed;
    feed.push("a");
    feed.end();
    HttpServer server = serve([&](const Request& request, ResponseWriter& writer) {
        return request.method == "HEAD" ? send_stream(feed.reader(), writer)
                                        : echo(request, writer);
    });
    TestClient client(server.address());
    client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(client.receive(false).header("Transfer-Encoding"), "chunked");
    client.get("/");
    EXPECT_EQ(client.receive().body, "GET /? ");
}

TEST(HttpServerStream, two_hundred_streams_at_once) {
    constexpr int kStreams = 200;
    constexpr int kTokens = 50;
    std::deque<Feed> feeds(kStreams);
    HttpServer server = serve([&](const Request& request, ResponseWriter& writer) {
        const auto number = static_cast<std::size_t>(std::stoi(request.path.substr(1)));
        return send_stream(feeds[number].reader(), writer);
    });
    std::vector<TestClient> clients;
    clients.reserve(kStreams);
    for (int i = 0; i < kStreams; ++i) {
        clients.emplace_back(server.address());
        clients.back().get(fmt::format("/{}", i));
    }
    for (int token = 0; token < kTokens; ++token) {
        for (Feed& feed : feeds) feed.push(fmt::format("{} ", token));
    }
    for (Feed& feed : feeds) feed.end();
    std::string expected;
    for (int token = 0; token < kTokens; ++token) expected += fmt::format("{} ", token);
    for (TestClient& client : clients) {
        const ClientResponse response = client.receive();
        EXPECT_TRUE(response.complete);
        EXPECT_EQ(response.body, expected);
    }
}

TEST(HttpServerStream, two_hundred_clients_that_vanish_end_two_hundred_streams) {
    constexpr int kStreams = 200;
    std::deque<Feed> feeds(kStreams);
    std::atomic<std::size_t> begun = 0;
    HttpServer server = serve([&](const Request&, ResponseWriter& writer) {
        return send_stream(feeds[begun++].reader(), writer);
    });
    {
        std::vector<TestClient> clients;
        clients.reserve(kStreams);
        for (int i = 0; i < kStreams; ++i) clients.emplace_back(server.address()).get("/");
        ASSERT_TRUE(eventually([&] { return begun == kStreams; }));
    }
    const auto is_cancelled = [](const Feed& feed) { return feed.cancelled(); };
    EXPECT_TRUE(eventually([&] { return std::ranges::all_of(feeds, is_cancelled); }));
}

/// Pings every few milliseconds while `feed` is silent.
Handler pinging(Feed& feed) {
    return [&feed](const Request&, ResponseWriter& writer) -> Task<void> {
        Pings pings{.head = {.content_type = "text/event-stream"}, .bytes = ": ping\n\n"};
        pings.interval = std::chrono::milliseconds(10);
        writer.ping(pings);
        EventStream stream = feed.reader();
        const std::optional<Event> event = co_await stream.next_async(writer.executor());
        if (!event) {
            const Response response{.status = 404, .body = "none"};
            auto sending = writer.send(response);
            EXPECT_EQ(co_await std::move(sending), !writer.has_begun());
            auto ending = writer.end();
            co_await std::move(ending);
            co_return;
        }
        auto beginning = writer.begin(pings.head);
        EXPECT_TRUE(co_await std::move(beginning));
        auto writing = writer.write(event->text);
        EXPECT_TRUE(co_await std::move(writing));
        auto ending = writer.end();
        EXPECT_TRUE(co_await std::move(ending));
    };
}

TEST(HttpServerPings, begin_an_answer_that_is_long_in_coming) {
    Feed feed;
    HttpServer server = serve(pinging(feed));
    TestClient client(server.address());
    client.get("/");
    EXPECT_NE(client.receive_until("\r\n\r\n").find("text/event-stream"), std::string::npos);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(client.receive_chunk(), ": ping\n\n");
    feed.push("here");
    std::string chunk = client.receive_chunk();
    while (chunk == ": ping\n\n") chunk = client.receive_chunk();
    EXPECT_EQ(chunk, "here");
    EXPECT_EQ(client.receive_chunk(), "");
}

TEST(HttpServerPings, do_not_touch_an_answer_that_is_quick) {
    Feed feed;
    feed.end();
    HttpServer server = serve(pinging(feed));
    TestClient client(server.address());
    client.get("/");
    const ClientResponse response = client.receive();
    if (response.status == 404U) {
        EXPECT_EQ(response.body, "none");
    } else {
        EXPECT_TRUE(response.complete) << "this machine was slow: a ping was first";
    }
}

TEST(HttpServerPings, many_texts_and_pings_do_not_mix) {
    Feed feed;
    HttpServer server = serve([&](const Request&, ResponseWriter& writer) -> Task<void> {
        Pings pings{.bytes = "ping"};
        pings.interval = std::chrono::milliseconds(1);
        writer.ping(pings);
        auto streaming = send_stream(feed.reader(), writer);
        co_await std::move(streaming);
    });
    TestClient client(server.address());
    client.get("/");
    client.receive_until("\r\n\r\n");
    std::vector<std::string> texts;
    for (int i = 0; i < 200; ++i) {
        feed.push(fmt::format("text {}", i));
        std::string chunk = client.receive_chunk();
        while (chunk == "ping") chunk = client.receive_chunk();
        ASSERT_EQ(chunk, fmt::format("text {}", i));
        if (i % 10 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    feed.end();
    std::string last = client.receive_chunk();
    while (last == "ping") last = client.receive_chunk();
    EXPECT_EQ(last, "");
}

}  // namespace
}  // namespace mullama::server
