#include "cli/host_address.h"

#include "base/error.h"

#include <charconv>
#include <cstdlib>
#include <optional>

#include <fmt/format.h>

namespace mullama::cli {
namespace {

constexpr std::string_view kUnix = "unix:";

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
    return port;
}

bool is_any_address(std::string_view host) {
    return host == "0.0.0.0" || host == "::" || host.empty();
}

std::string with_brackets(const std::string& host) {
    return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

}  // namespace

std::string HostAddress::to_listen() const {
    if (!socket.empty()) return std::string(kUnix) + socket;
    return fmt::format("{}:{}", with_brackets(host), port);
}

std::string HostAddress::to_call() const {
    if (!socket.empty()) return "http://localhost";
    const std::string called = host == "::" ? "::1" : is_any_address(host) ? "127.0.0.1" : host;
    return fmt::format("{}://{}:{}", tls ? "https" : "http", with_brackets(called), port);
}

bool HostAddress::is_here() const {
    return !socket.empty() || host == "localhost" || host == "::1" || host == "::" ||
           host == "0.0.0.0" || host.starts_with("127.");
}

Result<HostAddress> parse_host(std::string_view text) {
    HostAddress address;
    const std::string_view whole = text;
    while (!text.empty() && (text.front() == ' ' || text.front() == '"' || text.front() == '\'')) {
        text.remove_prefix(1);
    }
    while (!text.empty() && (text.back() == ' ' || text.back() == '"' || text.back() == '\'')) {
        text.remove_suffix(1);
    }
    if (text.starts_with(kUnix)) {
        address.socket = text.substr(kUnix.size());
        return address;
    }
    const std::size_t scheme = text.find("://");
    if (scheme != std::string_view::npos) {
        address.tls = text.substr(0, scheme) == "https";
        address.port = address.tls ? 443 : 80;
        text.remove_prefix(scheme + 3);
    }
    text = text.substr(0, text.find('/'));
    std::string_view host = text;
    std::string_view port;
    const std::size_t bracket = text.find(']');
    const std::size_t colon =
        bracket == std::string_view::npos ? text.find(':') : text.find(':', bracket);
    const bool is_bare_ipv6 = bracket == std::string_view::npos && colon != text.rfind(':');
    if (colon != std::string_view::npos && !is_bare_ipv6) {
        host = text.substr(0, colon);
        port = text.substr(colon + 1);
    }
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (!host.empty()) address.host = host;
    if (colon == 0 && !is_bare_ipv6) address.host = "0.0.0.0";
    if (port.empty()) return address;
    const std::optional<std::uint16_t> number = parse_port(port);
    if (!number) {
        return fail(
            ErrorCode::kInvalidArgument,
            "'{}' is no address: the port is a number from 0 to 65535",
            whole
        );
    }
    address.port = *number;
    return address;
}

Result<HostAddress> host_from_environment() {
    for (const char* name : {"MULLAMA_HOST", "OLLAMA_HOST"}) {
        const char* value = std::getenv(name);
        if (value != nullptr && *value != '\0') return parse_host(value);
    }
    return HostAddress();
}

}  // namespace mullama::cli
