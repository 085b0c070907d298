#pragma once

#include <mullama/result.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace mullama::server {

/// A socket that listens, TCP or Unix. Its destructor closes it and removes the socket's file.
/// Threads: thread-compatible.
class ListenSocket {
  public:
    /// Listens on "host:port", "[::1]:port" or "unix:/path"; see HttpServerOptions. A socket's file
    /// that nobody listens on any more is replaced. `send_buffer_bytes` is what accepted sockets
    /// take over as SO_SNDBUF; 0 for the system's own.
    /// Errors: those of HttpServer::listen().
    static Result<ListenSocket> open(std::string_view address, int send_buffer_bytes);

    ListenSocket(ListenSocket&& other) noexcept;
    ListenSocket& operator=(ListenSocket&& other) noexcept;
    ~ListenSocket();

    /// AF_INET, AF_INET6 or AF_UNIX.
    int family() const { return family_; }
    /// Gives the descriptor away; the file is still removed here.
    int release();

    /// Where it listens, as HttpServer::address() gives it.
    const std::string& address() const { return address_; }
    /// The port, or 0.
    std::uint16_t port() const { return port_; }
    /// Whether only this machine can reach it.
    bool is_loopback() const { return is_loopback_; }

  private:
    explicit ListenSocket(int family) : family_(family) {}

    static Result<ListenSocket> open_tcp(std::string_view address, int send_buffer_bytes);
    static Result<ListenSocket> open_unix(std::string_view path, int send_buffer_bytes);
    void read_name();

    int family_;
    int fd_ = -1;
    std::string address_;
    std::uint16_t port_ = 0;
    bool is_loopback_ = false;
    std::string path_;
};

/// Whether the peer of a connected socket is on this machine: a loopback address or a Unix socket.
bool peer_is_loopback(int fd);

}  // namespace mullama::server
