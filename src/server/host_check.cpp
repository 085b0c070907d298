#include "server/host_check.h"

#include <algorithm>
#include <array>
#include <climits>
#include <cstdint>

#include <arpa/inet.h>
#include <unistd.h>

namespace mullama::server {
namespace {

/// A host without its port and, where it is an IPv6 address, without its brackets.
std::string_view strip_port(std::string_view host) {
    if (host.starts_with('[')) {
        const std::size_t end = host.find(']');
        return end == std::string_view::npos ? host : host.substr(1, end - 1);
    }
    const std::size_t colon = host.find(':');
    const bool is_bare_ipv6 = colon != host.rfind(':');
    return is_bare_ipv6 ? host : host.substr(0, colon);
}

bool is_local_ipv4(std::uint32_t address) {
    const std::uint32_t first = address >> 24;
    return address == 0 || first == 127 || first == 10 || address >> 20 == 0xAC1 ||
           address >> 16 == 0xC0A8;
}

std::uint32_t ipv4_at(const unsigned char* bytes) {
    return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
           std::uint32_t{bytes[2]} << 8 | std::uint32_t{bytes[3]};
}

bool is_local_address(const std::string& host) {
    in_addr ipv4{};
    if (inet_pton(AF_INET, host.c_str(), &ipv4) == 1) return is_local_ipv4(ntohl(ipv4.s_addr));
    in6_addr ipv6{};
    if (inet_pton(AF_INET6, host.c_str(), &ipv6) != 1) return false;
    if (IN6_IS_ADDR_V4MAPPED(&ipv6)) return is_local_ipv4(ipv4_at(ipv6.s6_addr + 12));
    const bool is_unique_local = (ipv6.s6_addr[0] & 0xFE) == 0xFC;
    return IN6_IS_ADDR_LOOPBACK(&ipv6) || IN6_IS_ADDR_UNSPECIFIED(&ipv6) || is_unique_local;
}

bool ends_with_ignoring_case(std::string_view text, std::string_view end) {
    return text.size() >= end.size() &&
           equals_ignoring_case(text.substr(text.size() - end.size()), end);
}

}  // namespace

std::string machine_name() {
    std::array<char, HOST_NAME_MAX + 1> name{};
    return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

bool host_allowed(std::string_view host, std::string_view hostname) {
    const std::string_view name = strip_port(host);
    if (name.empty() || equals_ignoring_case(name, "localhost")) return true;
    if (equals_ignoring_case(name, hostname)) return true;
    constexpr std::array<std::string_view, 3> kLocalEnds = {".localhost", ".local", ".internal"};
    const auto ends_name = [&](std::string_view end) { return ends_with_ignoring_case(name, end); };
    return std::ranges::any_of(kLocalEnds, ends_name) || is_local_address(std::string(name));
}

std::optional<Response> refuse_foreign_host(const Request& request, std::string_view hostname) {
    if (host_allowed(request.header("Host").value_or(""), hostname)) return std::nullopt;
    return Response{.status = 403};
}

std::optional<Response> answer_options(const Request& request) {
    if (request.method != "OPTIONS") return std::nullopt;
    return Response{.status = 204};
}

}  // namespace mullama::server
