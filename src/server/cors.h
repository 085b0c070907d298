#pragma once

#include "server/http_response.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mullama::server {

/// Which pages in browsers may call this server: cross-origin resource sharing.
///
/// Allowed are the configured origins, http and https on localhost, 127.0.0.1 and 0.0.0.0 with any
/// port, pages of desktop programs (app://, file://, tauri://, vscode-webview://, vscode-file://),
/// browser extensions (chrome-extension://, moz-extension://, safari-web-extension://), and a
/// page's own server.
/// Immutable, thread-safe.
/// Source: the Fetch standard, "CORS protocol"; the lists are Ollama's.
class Cors {
  public:
    /// `origins` are allowed too: "https://example.com", one '*' in each standing for any text, or
    /// "*" for all.
    explicit Cors(std::vector<std::string> origins = {});

    /// Whether pages of this origin may call.
    bool allows(std::string_view origin) const;

    /// What is to be answered at once: 403 to a page of another origin, 204 to a preflight. Nothing
    /// where the request is to be served, as those that come from no page are.
    std::optional<Response> answer(const Request& request) const;

    /// The fields that the answer to a request that is served needs; none where it comes from no
    /// page.
    Headers headers(const Request& request) const;

  private:
    Response preflight(const Request& request) const;

    std::vector<std::string> origins_;
    bool allows_all_ = false;
};

}  // namespace mullama::server
