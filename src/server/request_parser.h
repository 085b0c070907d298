#pragma once

#include "server/http_request.h"
#include "server/http_server_options.h"
#include "server/refusal.h"

#include <memory>
#include <string>

namespace mullama::server {

/// Reads one request from bytes as they come. No sockets and no clock.
///
/// Call parse_head() until it gives no kMore, then parse_body() likewise, then take(). After
/// kRefused only refusal() is of use.
/// Threads: thread-compatible.
/// Source: RFC 9112.
class RequestParser {
  public:
    /// Drops empty lines before a request, which some clients send after a body.
    /// Source: RFC 9112, section 2.2.
    static void skip_empty_lines(std::string& input);

    /// What came of the bytes that were there.
    enum class Progress {
        kMore,     ///< Further bytes are needed.
        kDone,     ///< The head, or the body, is complete.
        kRefused,  ///< See refusal().
    };

    explicit RequestParser(const HttpLimits& limits);
    ~RequestParser();
    RequestParser(const RequestParser&) = delete;
    RequestParser& operator=(const RequestParser&) = delete;

    /// Takes what belongs to the head from the front of `input`.
    Progress parse_head(std::string& input);

    /// Takes what belongs to the body from the front of `input`, and undoes its encodings at the
    /// end.
    Progress parse_body(std::string& input);

    /// Why the request is refused.
    const Refusal& refusal() const;

    /// The request, once.
    Request take();

    // Known when the head is complete.

    /// Whether the client waits for "100 Continue" before it sends the body.
    bool expects_continue() const;
    /// Whether the client wants the connection to stay open.
    bool keeps_alive() const;
    /// Whether it is HTTP/1.0.
    bool is_http_1_0() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mullama::server
