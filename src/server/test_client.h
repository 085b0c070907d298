#pragma once

#include "engine/stream.h"
#include "server/http_server.h"
#include <mullama/event_stream.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace mullama::server {

/// Waits until `holds()`, for as long as a test may take. Gives whether it came to hold.
template <typename Holds>
bool eventually(Holds holds) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!holds()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

/// An answer as a client sees it.
struct ClientResponse {
    unsigned status = 0;  ///< 0 where the connection ended before the head.
    std::string head = {};
    std::string body = {};
    bool complete = false;  ///< The body ended as its framing says.

    /// A field's value, or empty.
    std::string header(std::string_view name) const;
};

/// One connection to a server, over plain sockets. Throws where it cannot be made, and where the
/// server neither sends nor closes for a minute.
class TestClient {
  public:
    /// Connects. `receive_buffer_bytes` is SO_RCVBUF; 0 for the system's own.
    explicit TestClient(const std::string& address, int receive_buffer_bytes = 0);
    TestClient(TestClient&& other) noexcept;
    TestClient& operator=(TestClient&&) = delete;
    ~TestClient();

    /// Sends; gives whether all was taken.
    bool send(std::string_view text);
    /// A GET of `path`.
    bool get(std::string_view path);
    /// A POST of `body` to "/", with further header lines, each ending with CRLF.
    bool post(std::string_view body, std::string_view header_lines = "");

    /// Reads the next answer; `has_body` is false for HEAD.
    ClientResponse receive(bool has_body = true);
    /// Reads up to and including `end`.
    std::string receive_until(std::string_view end);
    /// Reads the payload of one chunk; empty for the last one or at the end.
    std::string receive_chunk();
    /// Whether the server closes without another byte.
    bool is_closed();

    /// Closes the sending side only.
    void finish_sending();
    /// Closes in the ordinary way.
    void close();
    /// Closes with a reset.
    void reset();

  private:
    bool receive_more();
    bool receive_bytes(std::size_t count, std::string& into);
    void receive_body(ClientResponse& response);

    int fd_ = -1;
    std::string received_;
};

/// Serves with `handler`; throws where that does not work.
HttpServer serve(Handler handler, const HttpServerOptions& options = {});

/// A stream that a test fills, in the place of an engine.
class Feed {
  public:
    Feed();
    /// The reader's end, once.
    EventStream reader() { return EventStream(stream_); }
    void push(std::string text);
    void end();
    /// Whether the reader has gone.
    bool cancelled() const { return stream_->abandoned(); }

  private:
    std::shared_ptr<Stream> stream_;
};

/// Counts its destructions.
class Guard {
  public:
    explicit Guard(std::atomic<int>& destroyed) : destroyed_(destroyed) {}
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() { ++destroyed_; }

  private:
    std::atomic<int>& destroyed_;
};

/// Sends all texts of `stream` as chunks.
Task<void> send_stream(EventStream stream, ResponseWriter& writer);

/// Answers with "METHOD path?query body".
Task<void> echo(const Request& request, ResponseWriter& writer);

}  // namespace mullama::server
