#include "server/request_target.h"

#include "server/http_request.h"

#include <algorithm>
#include <charconv>

namespace mullama::server {
namespace {

std::optional<char> decode_escape(std::string_view digits) {
    unsigned value = 0;
    const char* end = digits.data() + digits.size();
    if (digits.size() != 2) return std::nullopt;
    const auto [stop, error] = std::from_chars(digits.data(), end, value, 16);
    if (error != std::errc() || stop != end || value == 0) return std::nullopt;
    return static_cast<char>(value);
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        const std::optional<char> letter = decode_escape(text.substr(i + 1, 2));
        if (!letter) return std::nullopt;
        decoded += *letter;
        i += 2;
    }
    return decoded;
}

/// What follows the scheme and the host of an absolute target.
std::optional<std::string_view> strip_host(std::string_view target) {
    const std::size_t scheme_end = target.find("://");
    if (scheme_end == std::string_view::npos) return std::nullopt;
    const std::string_view scheme = target.substr(0, scheme_end);
    if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) {
        return std::nullopt;
    }
    const std::string_view rest = target.substr(scheme_end + 3);
    const std::size_t host_end = rest.find_first_of("/?");
    return host_end == std::string_view::npos ? std::string_view() : rest.substr(host_end);
}

}  // namespace

std::optional<RequestTarget> parse_request_target(std::string_view target) {
    if (target == "*") return RequestTarget{.path = "*"};
    if (!target.starts_with('/')) {
        const std::optional<std::string_view> local = strip_host(target);
        if (!local) return std::nullopt;
        target = *local;
    }
    target = target.substr(0, target.find('#'));
    const std::size_t query_start = target.find('?');
    std::optional<std::string> path = percent_decode(target.substr(0, query_start));
    if (!path) return std::nullopt;
    RequestTarget parsed{.path = path->empty() ? "/" : *std::move(path)};
    if (query_start != std::string_view::npos) parsed.query = target.substr(query_start + 1);
    return parsed;
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const std::string_view pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(pair.size() + 1, query.size()));
        const std::size_t equals = pair.find('=');
        if (pair.substr(0, equals) != name) continue;
        if (equals == std::string_view::npos) return std::string();
        std::string value(pair.substr(equals + 1));
        std::ranges::replace(value, '+', ' ');
        return percent_decode(value);
    }
    return std::nullopt;
}

}  // namespace mullama::server
