#pragma once

#include "server/tls_files.h"

#include <chrono>
#include <cstddef>
#include <string>

namespace mullama::server {

/// What a peer may send and how long it may take.
struct HttpLimits {
    /// Longest request target and longest header field, in bytes: 414 and 431 beyond.
    std::size_t line_bytes_max = 8 * 1024;
    /// Request line and all header fields together, in bytes: 431 beyond.
    std::size_t header_bytes_max = 64 * 1024;
    /// A body, before and after its content encoding is undone, in bytes: 413 beyond.
    std::size_t body_bytes_max = 64 * 1024 * 1024;

    /// From a request's first byte to the end of its header: 408 beyond.
    std::chrono::milliseconds header_time{10'000};
    /// Without a request on an open connection: closed beyond.
    std::chrono::milliseconds idle_time{60'000};
    /// Without a further byte of a body: 408 beyond.
    std::chrono::milliseconds read_stall_time{30'000};
    /// Without the peer taking a byte of an answer: closed beyond, and the handler destroyed.
    std::chrono::milliseconds write_stall_time{30'000};
    /// Waiting for the peer to close after the last answer, so that it is not lost.
    std::chrono::milliseconds linger_time{2'000};
};

/// How an HttpServer listens and serves.
struct HttpServerOptions {
    /// "host:port", "[::1]:port" or "unix:/path". Port 0 picks a free one; no host means all IPv4
    /// addresses. A Unix socket can be reached by its owner only.
    std::string address = "127.0.0.1:0";
    /// Where both are named, TLS is spoken in place of plain HTTP.
    TlsFiles tls = {};
    /// Threads that handlers and sockets share, >= 1.
    int threads = 2;
    /// Open connections, >= 1; a further one is answered with 503 and closed.
    std::size_t connections_max = 1024;
    /// SO_SNDBUF, in bytes: what the kernel takes for a peer that does not read. Small, so that
    /// slow readers are felt; 0 leaves it to the kernel, which takes megabytes. Below 64 KiB fewer
    /// than two packets of the loopback interface fit in, and each waits for an acknowledgement
    /// that the peer delays: 8 MiB then take seconds in place of milliseconds.
    int send_buffer_bytes = 128 * 1024;
    /// Limits of each connection.
    HttpLimits limits = {};
};

}  // namespace mullama::server
