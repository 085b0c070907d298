#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mullama::server {

/// A request target in its parts.
struct RequestTarget {
    std::string path = {};   ///< Percent-decoded; begins with '/' or is "*".
    std::string query = {};  ///< As sent, without the '?'.
};

/// Reads a target in origin form ("/a?b"), absolute form ("http://host/a?b") or "*". Nothing where
/// it is none of these, or where a '%' is not followed by two hexadecimal digits or stands for NUL.
/// Source: RFC 9112, section 3.2.
std::optional<RequestTarget> parse_request_target(std::string_view target);

/// The first value of a name in a query ("a=1&b=2"), decoded; empty where it stands there without
/// one. Nothing where it does not stand there, or where its escapes are broken.
/// Source: url.spec.whatwg.org, "application/x-www-form-urlencoded parsing".
std::optional<std::string> query_value(std::string_view query, std::string_view name);

}  // namespace mullama::server
