#include "server/cors.h"

#include <algorithm>
#include <array>
#include <utility>

namespace mullama::server {
namespace {

constexpr std::array<std::string_view, 3> kLocalHosts = {"localhost", "127.0.0.1", "0.0.0.0"};

constexpr std::array<std::string_view, 8> kProgramSchemes = {
    "app://",
    "file://",
    "tauri://",
    "vscode-webview://",
    "vscode-file://",
    "chrome-extension://",
    "moz-extension://",
    "safari-web-extension://",
};

constexpr std::string_view kMethods = "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS";
constexpr std::string_view kRequestHeaders =
    "Authorization, Content-Type, User-Agent, Accept, X-Requested-With, OpenAI-Beta, x-api-key, "
    "anthropic-version, anthropic-beta";
constexpr std::string_view kStainless = "x-stainless-";
constexpr std::string_view kMaxAgeSeconds = "43200";

bool is_port(std::string_view text) {
    const auto is_digit = [](char letter) { return letter >= '0' && letter <= '9'; };
    return !text.empty() && text.size() <= 5 && std::ranges::all_of(text, is_digit);
}

bool is_local_page(std::string_view origin) {
    const std::size_t scheme_end = origin.find("://");
    if (scheme_end == std::string_view::npos) return false;
    const std::string_view scheme = origin.substr(0, scheme_end);
    if (scheme != "http" && scheme != "https") return false;
    const std::string_view rest = origin.substr(scheme_end + 3);
    const std::size_t colon = rest.find(':');
    if (colon != std::string_view::npos && !is_port(rest.substr(colon + 1))) return false;
    return std::ranges::find(kLocalHosts, rest.substr(0, colon)) != kLocalHosts.end();
}

bool matches(std::string_view origin, std::string_view pattern) {
    const std::size_t star = pattern.find('*');
    if (star == std::string_view::npos) return origin == pattern;
    return origin.size() >= pattern.size() - 1 && origin.starts_with(pattern.substr(0, star)) &&
           origin.ends_with(pattern.substr(star + 1));
}

bool is_own_page(const Request& request, std::string_view origin) {
    const std::string host(request.header("Host").value_or(""));
    return !host.empty() && (origin == "http://" + host || origin == "https://" + host);
}

std::string_view trim(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

bool is_stainless(std::string_view name) {
    const auto is_name_letter = [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= '0' && letter <= '9') || letter == '-';
    };
    return equals_ignoring_case(name.substr(0, kStainless.size()), kStainless) &&
           std::ranges::all_of(name, is_name_letter);
}

/// The list is fixed but for x-stainless-*, of which those that are asked for are named: a list has
/// no wildcard for a part of a name.
std::string allowed_headers(std::string_view asked) {
    std::string allowed(kRequestHeaders);
    while (!asked.empty()) {
        const std::size_t comma = std::min(asked.find(','), asked.size());
        const std::string_view name = trim(asked.substr(0, comma));
        if (is_stainless(name)) allowed.append(", ").append(name);
        asked.remove_prefix(std::min(comma + 1, asked.size()));
    }
    return allowed;
}

}  // namespace

Cors::Cors(std::vector<std::string> origins)
    : origins_(std::move(origins)),
      allows_all_(std::ranges::find(origins_, "*") != origins_.end()) {}

bool Cors::allows(std::string_view origin) const {
    if (allows_all_ || is_local_page(origin)) return true;
    const auto has_scheme = [&](std::string_view scheme) { return origin.starts_with(scheme); };
    const auto is_matched = [&](std::string_view pattern) { return matches(origin, pattern); };
    return std::ranges::any_of(kProgramSchemes, has_scheme) ||
           std::ranges::any_of(origins_, is_matched);
}

std::optional<Response> Cors::answer(const Request& request) const {
    const std::string_view origin = request.header("Origin").value_or("");
    if (origin.empty() || is_own_page(request, origin)) return std::nullopt;
    if (!allows(origin)) return Response{.status = 403};
    if (request.method == "OPTIONS") return preflight(request);
    return std::nullopt;
}

Headers Cors::headers(const Request& request) const {
    const std::string_view origin = request.header("Origin").value_or("");
    if (origin.empty() || is_own_page(request, origin) || !allows(origin)) return {};
    if (allows_all_) return {Header{"Access-Control-Allow-Origin", "*"}};
    return {Header{"Access-Control-Allow-Origin", std::string(origin)}, Header{"Vary", "Origin"}};
}

Response Cors::preflight(const Request& request) const {
    Response response{.status = 204, .headers = headers(request)};
    const auto asked = request.header("Access-Control-Request-Headers").value_or("");
    response.headers.push_back({"Access-Control-Allow-Methods", std::string(kMethods)});
    response.headers.push_back({"Access-Control-Allow-Headers", allowed_headers(asked)});
    response.headers.push_back({"Access-Control-Max-Age", std::string(kMaxAgeSeconds)});
    return response;
}

}  // namespace mullama::server
