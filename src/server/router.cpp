#include "server/router.h"

#include "server/access.h"

#include <utility>

namespace mullama::server {
namespace {

// In plain text as Ollama does, but for Anthropic's clients, which read JSON only.
Response refusal(std::string_view path, unsigned status, std::string text) {
    if (is_anthropics(path)) return dialect_error(path, status, text);
    Response response;
    response.status = status;
    response.content_type = "text/plain; charset=utf-8";
    response.body = std::move(text);
    return response;
}

}  // namespace

void Router::add(std::string_view method, std::string_view pattern, RouteHandler handler) {
    const std::size_t star = pattern.find('*');
    const bool open = star != std::string_view::npos;
    routes_.push_back({
        std::string(method),
        std::string(pattern.substr(0, star)),
        std::string(open ? pattern.substr(star + 1) : ""),
        open,
        std::move(handler),
    });
}

std::optional<std::string_view> Router::match(const Route& route, std::string_view path) {
    if (!route.open) {
        if (path == route.before) return "";
        return std::nullopt;
    }
    const std::size_t ends = route.before.size() + route.after.size();
    if (path.size() <= ends || !path.starts_with(route.before) || !path.ends_with(route.after)) {
        return std::nullopt;
    }
    const std::string_view between = path.substr(route.before.size(), path.size() - ends);
    const bool crosses = !route.after.empty() && between.find('/') != std::string_view::npos;
    return crosses ? std::nullopt : std::optional(between);
}

std::vector<RouteName> Router::routes() const {
    std::vector<RouteName> names;
    for (const Route& route : routes_) {
        names.push_back({route.method, route.before + (route.open ? "*" : "") + route.after});
    }
    return names;
}

std::string_view Router::method_of(const Request& request) {
    return request.method == "HEAD" ? std::string_view("GET") : request.method;
}

std::optional<std::size_t> Router::find(const Request& request) const {
    const std::string_view method = method_of(request);
    for (std::size_t i = 0; i < routes_.size(); ++i) {
        if (routes_[i].method == method && match(routes_[i], request.path)) return i;
    }
    return std::nullopt;
}

Task<void> Router::handle(const Request& request, ResponseWriter& writer) const {
    const std::string_view method = method_of(request);
    std::string allowed;
    for (const Route& route : routes_) {
        const std::optional<std::string_view> rest = match(route, request.path);
        if (!rest) continue;
        if (route.method == method) {
            co_await route.handler(request, writer, *rest);
            co_return;
        }
        if (!allowed.empty()) allowed += ", ";
        allowed += route.method;
    }
    Response response = refusal(request.path, 404, "404 page not found");
    if (!allowed.empty()) {
        response = refusal(request.path, 405, "405 method not allowed");
        response.headers.push_back({"Allow", allowed});
    }
    co_await writer.send(response);
}

}  // namespace mullama::server
