#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mullama::server {

/// One header field.
struct Header {
    std::string name = {};
    std::string value = {};

    friend bool operator==(const Header&, const Header&) = default;
};

/// Header fields in the order they came or go.
using Headers = std::vector<Header>;

/// Whether two ASCII texts are equal but for upper and lower case.
bool equals_ignoring_case(std::string_view left, std::string_view right);

/// A request that has come in whole, its body decoded.
struct Request {
    std::string method = "GET";     ///< As sent; methods are case-sensitive.
    std::string path = "/";         ///< Percent-decoded, without the query; "*" for `OPTIONS *`.
    std::string query = {};         ///< What follows the '?', as sent; empty for none.
    Headers headers = {};           ///< As sent; fields of a chunked body's trailer are left out.
    std::string body = {};          ///< Without transfer and content encoding.
    bool peer_is_loopback = false;  ///< From this machine: a loopback address or a Unix socket.
    bool is_of_batch = false;       ///< A line of a batch, for which nobody waits.

    /// The value of the first field of this name, whatever the case of its letters; valid as long
    /// as `headers` is not changed.
    std::optional<std::string_view> header(std::string_view name) const;
};

}  // namespace mullama::server
