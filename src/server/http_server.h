#pragma once

#include "server/http_response.h"
#include "server/http_server_options.h"
#include <mullama/result.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace mullama::server {

/// HTTP/1.1 on one address: reads requests within limits, and gives each to the handler.
///
/// A connection's requests are served one after the other, pipelined ones too. A peer that goes is
/// noticed at once, also while the handler waits on something else; the handler's coroutine is then
/// destroyed. A peer that has shut down only its sending side counts as gone too, as with Go's
/// net/http and nginx, unless its whole answer (send() or end()) is on the way already.
///
/// Malformed requests are answered here, in JSON ({"error":"..."}), and the connection is closed:
/// 400 not HTTP; 408 too slow; 413, 414, 415, 431 too large or an unknown content encoding;
/// 417, 501, 505 an unknown expectation, transfer encoding or version.
/// Threads: thread-safe.
class HttpServer {
  public:
    /// Listens, and serves at once on threads of its own. `handler` is copied.
    /// Errors: kInvalidArgument: the address cannot be read. kNotFound: the host has no address.
    ///         kUnavailable: the address is in use. kIo: the system refuses. Those of Tls::load().
    static Result<HttpServer> listen(const HttpServerOptions& options, Handler handler);

    /// Takes over the server; the other can then only be destroyed or assigned to.
    HttpServer(HttpServer&&) noexcept;
    /// As above; the server that was here is stopped.
    HttpServer& operator=(HttpServer&&) noexcept;
    /// Stops at once and joins.
    ~HttpServer();

    /// Where it listens: "127.0.0.1:11434", "[::1]:11434" or "unix:/path".
    const std::string& address() const;
    /// The port; 0 for a Unix socket.
    std::uint16_t port() const;
    /// Whether only this machine can reach it: a loopback address or a Unix socket.
    bool is_loopback() const;

    /// Begins to stop, and returns: takes no more connections, closes idle ones, says "Connection:
    /// close" in answers, and destroys the handlers that still run after `grace`. A second call can
    /// only shorten the time.
    /// Threads: any, those of handlers too.
    void stop(std::chrono::milliseconds grace);

    /// Waits until the server has stopped.
    /// Threads: any but those of handlers.
    void join();

  private:
    class Impl;
    explicit HttpServer(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

}  // namespace mullama::server
