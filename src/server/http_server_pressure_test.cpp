#include "server/http_server.h"
#include "server/test_client.h"

#include <atomic>

#include <gtest/gtest.h>

namespace mullama::server {
namespace {

using std::chrono::milliseconds;

/// Streams without end, and counts what the kernel has taken.
struct Flood {
    std::atomic<std::size_t> bytes_written = 0;
    std::atomic<int> destroyed = 0;

    Handler handler() {
        return [this](const Request& request, ResponseWriter& writer) {
            return request.path == "/flood" ? flood(writer) : echo(request, writer);
        };
    }

    Task<void> flood(ResponseWriter& writer) {
        const Guard guard(destroyed);
        const std::string text(1000, 'x');
        const ResponseHead head;
        auto beginning = writer.begin(head);
        co_await std::move(beginning);
        while (true) {
            auto writing = writer.write(text);
            if (!co_await std::move(writing)) co_return;
            bytes_written += text.size();
        }
    }
};

TEST(HttpServerPressure, a_client_that_never_reads_pauses_itself_and_nobody_else) {
    Flood flood;
    HttpServerOptions options;
    options.limits.write_stall_time = milliseconds(500);
    HttpServer server = serve(flood.handler(), options);
    TestClient lazy(server.address(), 4096);
    lazy.get("/flood");
    ASSERT_TRUE(eventually([&] { return flood.bytes_written > 0; }));
    TestClient other(server.address());
    bool served_all = true;
    EXPECT_TRUE(eventually([&] {
        other.get("/x");
        served_all = served_all && other.receive().status == 200;
        return flood.destroyed == 1;
    })) << "it is dropped";
    EXPECT_TRUE(served_all);
    EXPECT_LT(flood.bytes_written, std::size_t{1 << 20}) << "the kernel's buffers are small";
}

TEST(HttpServerPressure, a_client_that_goes_amid_a_flood_ends_it) {
    Flood flood;
    HttpServer server = serve(flood.handler());
    TestClient client(server.address());
    client.get("/flood");
    for (int i = 0; i < 100; ++i) ASSERT_EQ(client.receive_until("\r\n").empty(), false);
    client.close();
    EXPECT_TRUE(eventually([&] { return flood.destroyed == 1; }));
}

TEST(HttpServerPressure, a_client_that_goes_while_a_write_waits_ends_it) {
    Flood flood;
    HttpServer server = serve(flood.handler());
    TestClient client(server.address(), 4096);
    client.get("/flood");
    std::size_t before = 0;
    ASSERT_TRUE(eventually([&] {
        const std::size_t now = flood.bytes_written;
        const bool waits = now > 0 && now == before;
        before = now;
        std::this_thread::sleep_for(milliseconds(20));
        return waits;
    }));
    client.close();
    EXPECT_TRUE(eventually([&] { return flood.destroyed == 1; }));
}

}  // namespace
}  // namespace mullama::server
