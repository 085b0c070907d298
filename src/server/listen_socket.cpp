#include "server/listen_socket.h"

#include "base/error.h"

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace mullama::server {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr int kBacklog = 1024;

/// Between probes for peers whose machine has gone without a word; the ninth unanswered one ends
/// the connection.
constexpr int kKeepAliveSeconds = 15;

struct HostPort {
    std::string host;
    std::string port;
};

std::optional<HostPort> split(std::string_view address) {
    const std::size_t colon = address.rfind(':');
    if (colon == std::string_view::npos || colon + 1 == address.size()) return std::nullopt;
    std::string_view host = address.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view port = address.substr(colon + 1);
    if (port.find_first_not_of("0123456789") != std::string_view::npos || port.size() > 5) {
        return std::nullopt;
    }
    return HostPort{std::string(host.empty() ? "0.0.0.0" : host), std::string(port)};
}

struct FreeAddresses {
    void operator()(addrinfo* first) const { freeaddrinfo(first); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Result<Addresses> look_up(const HostPort& where) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* first = nullptr;
    const int failed = getaddrinfo(where.host.c_str(), where.port.c_str(), &hints, &first);
    if (failed == 0) return Addresses(first);
    return fail(
        ErrorCode::kNotFound,
        "host {} has no address to listen on ({}): name an address of this machine",
        where.host,
        gai_strerror(failed)
    );
}

// "localhost" has both; clients try IPv4 where the other fails.
const addrinfo& prefer_ipv4(const Addresses& addresses) {
    for (const addrinfo* each = addresses.get(); each; each = each->ai_next) {
        if (each->ai_family == AF_INET) return *each;
    }
    return *addresses;
}

Error listen_error(std::string_view address, int error) {
    if (error == EADDRINUSE) {
        return fail(
            ErrorCode::kUnavailable,
            "{} is in use by another program: stop it or choose another address",
            address
        );
    }
    return fail(ErrorCode::kIo, "cannot listen on {}: {}", address, std::strerror(error));
}

bool is_loopback_address(const sockaddr_storage& address) {
    if (address.ss_family == AF_UNIX) return true;
    if (address.ss_family == AF_INET) {
        const auto& ipv4 = reinterpret_cast<const sockaddr_in&>(address);
        return (ntohl(ipv4.sin_addr.s_addr) >> 24) == 127;
    }
    if (address.ss_family != AF_INET6) return false;
    const in6_addr& ipv6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&ipv6)) return ipv6.s6_addr[12] == 127;
    return IN6_IS_ADDR_LOOPBACK(&ipv6);
}

void set_option(int fd, int level, int name, int value) {
    setsockopt(fd, level, name, &value, sizeof(value));
}

// Accepted sockets inherit all of it.
int open_socket(int family, int send_buffer_bytes) {
    const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return fd;
    if (family != AF_UNIX) {
        set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
        set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);  // a token does not wait for the next one
        set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
        set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveSeconds);
        set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveSeconds);
    }
    if (send_buffer_bytes > 0) set_option(fd, SOL_SOCKET, SO_SNDBUF, send_buffer_bytes);
    return fd;
}

bool somebody_listens(const sockaddr_un& name) {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return true;
    const int failed = connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof(name));
    const bool listens = failed == 0 || errno != ECONNREFUSED;
    close(fd);
    return listens;
}

bool is_socket(const char* path) {
    struct stat status{};
    return lstat(path, &status) == 0 && S_ISSOCK(status.st_mode);
}

}  // namespace

Result<ListenSocket> ListenSocket::open(std::string_view address, int send_buffer_bytes) {
    if (address.starts_with(kUnixPrefix)) {
        return open_unix(address.substr(kUnixPrefix.size()), send_buffer_bytes);
    }
    return open_tcp(address, send_buffer_bytes);
}

Result<ListenSocket> ListenSocket::open_tcp(std::string_view address, int send_buffer_bytes) {
    const std::optional<HostPort> where = split(address);
    if (!where) {
        return fail(
            ErrorCode::kInvalidArgument,
            "address {} cannot be read: write it as host:port, [::1]:port or unix:/path",
            address
        );
    }
    const Result<Addresses> addresses = look_up(*where);
    if (!addresses) return addresses.error();
    const addrinfo& chosen = prefer_ipv4(*addresses);
    ListenSocket opened(chosen.ai_family);
    opened.fd_ = open_socket(chosen.ai_family, send_buffer_bytes);
    if (opened.fd_ < 0 || bind(opened.fd_, chosen.ai_addr, chosen.ai_addrlen) != 0 ||
        ::listen(opened.fd_, kBacklog) != 0) {
        return listen_error(address, errno);
    }
    opened.read_name();
    return opened;
}

Result<ListenSocket> ListenSocket::open_unix(std::string_view path, int send_buffer_bytes) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof(name.sun_path)) {
        return fail(
            ErrorCode::kInvalidArgument,
            "unix:{} has a path of {} bytes: it needs 1 to {}",
            path,
            path.size(),
            sizeof(name.sun_path) - 1
        );
    }
    path.copy(name.sun_path, path.size());
    ListenSocket opened(AF_UNIX);
    opened.address_ = fmt::format("{}{}", kUnixPrefix, path);
    opened.is_loopback_ = true;
    if (is_socket(name.sun_path) && !somebody_listens(name)) unlink(name.sun_path);
    opened.fd_ = open_socket(AF_UNIX, send_buffer_bytes);
    // The file takes over the descriptor's mode: nobody else can connect, not for a moment.
    if (opened.fd_ < 0 || fchmod(opened.fd_, S_IRUSR | S_IWUSR) != 0 ||
        bind(opened.fd_, reinterpret_cast<const sockaddr*>(&name), sizeof(name)) != 0) {
        return listen_error(opened.address_, errno);
    }
    opened.path_ = path;
    if (::listen(opened.fd_, kBacklog) != 0) return listen_error(opened.address_, errno);
    return opened;
}

void ListenSocket::read_name() {
    sockaddr_storage name{};
    socklen_t size = sizeof(name);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&name), &size);
    char host[INET6_ADDRSTRLEN] = {};
    if (name.ss_family == AF_INET6) {
        const auto& ipv6 = reinterpret_cast<const sockaddr_in6&>(name);
        port_ = ntohs(ipv6.sin6_port);
        inet_ntop(AF_INET6, &ipv6.sin6_addr, host, sizeof(host));
        address_ = fmt::format("[{}]:{}", host, port_);
    } else {
        const auto& ipv4 = reinterpret_cast<const sockaddr_in&>(name);
        port_ = ntohs(ipv4.sin_port);
        inet_ntop(AF_INET, &ipv4.sin_addr, host, sizeof(host));
        address_ = fmt::format("{}:{}", host, port_);
    }
    is_loopback_ = is_loopback_address(name);
}

ListenSocket::ListenSocket(ListenSocket&& other) noexcept
    : family_(other.family_),
      fd_(std::exchange(other.fd_, -1)),
      address_(std::move(other.address_)),
      port_(other.port_),
      is_loopback_(other.is_loopback_),
      path_(std::exchange(other.path_, {})) {}

ListenSocket& ListenSocket::operator=(ListenSocket&& other) noexcept {
    ListenSocket moved(std::move(other));
    std::swap(family_, moved.family_);
    std::swap(fd_, moved.fd_);
    std::swap(address_, moved.address_);
    std::swap(port_, moved.port_);
    std::swap(is_loopback_, moved.is_loopback_);
    std::swap(path_, moved.path_);
    return *this;
}

ListenSocket::~ListenSocket() {
    if (fd_ >= 0) close(fd_);
    if (!path_.empty()) unlink(path_.c_str());
}

int ListenSocket::release() {
    return std::exchange(fd_, -1);
}

bool peer_is_loopback(int fd) {
    sockaddr_storage name{};
    socklen_t size = sizeof(name);
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0) return false;
    return is_loopback_address(name);
}

}  // namespace mullama::server
