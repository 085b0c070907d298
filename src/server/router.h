#pragma once

#include "server/http_response.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mullama::server {

/// What answers one path. `rest` is what stands in the place of the pattern's '*'; empty without.
/// The references live as long as the task, `rest` as long as the request.
using RouteHandler =
    std::function<Task<void>(const Request&, ResponseWriter&, std::string_view rest)>;

/// A path that a router knows, as add() was given it.
struct RouteName {
    std::string method;
    std::string pattern;

    friend bool operator==(const RouteName&, const RouteName&) = default;
};

/// Finds who answers a request, by method and path.
/// Threads: thread-compatible while routes are added, then thread-safe.
class Router {
  public:
    /// `pattern` is a whole path, or has a '*' for any text that is not empty; without '/' in it
    /// where something follows the '*'. The first that matches answers. HEAD is answered by GET's
    /// handler.
    void add(std::string_view method, std::string_view pattern, RouteHandler handler);

    /// Answers 404 for a path that nobody has, and 405 with Allow for a method that it lacks; both
    /// in plain text as Ollama does, below /v1/messages in Anthropic's form.
    Task<void> handle(const Request& request, ResponseWriter& writer) const;

    /// All routes, in the order they were added.
    std::vector<RouteName> routes() const;

    /// Which of them answers a request; nothing where none does.
    std::optional<std::size_t> find(const Request& request) const;

  private:
    struct Route {
        std::string method;
        std::string before;  // the '*', or all of it
        std::string after;
        bool open = false;  // has a '*'
        RouteHandler handler;
    };

    /// The method of the route that answers; HEAD is GET's.
    static std::string_view method_of(const Request& request);
    /// What stands for the '*'; nothing where the path is another one.
    static std::optional<std::string_view> match(const Route& route, std::string_view path);

    std::vector<Route> routes_;
};

}  // namespace mullama::server
