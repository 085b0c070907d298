#pragma once

#include "server/http_response.h"

#include <cstddef>
#include <ctime>
#include <string>
#include <string_view>

namespace mullama::server {

/// How the end of a body is told.
enum class Framing {
    kNone,        ///< There is no body, as after 204.
    kLength,      ///< By Content-Length.
    kChunked,     ///< By the chunk of length 0.
    kUntilClose,  ///< By closing the connection, for HTTP/1.0.
};

/// What becomes of the connection after the answer.
enum class Persistence {
    kDefault,    ///< Stays open, as HTTP/1.1 takes for granted.
    kKeepAlive,  ///< Stays open, told to an HTTP/1.0 client that asked for it.
    kClose,      ///< Is closed.
};

/// The lines before a body.
struct HeadFraming {
    Framing framing = Framing::kLength;
    std::size_t length = 0;  ///< Of the body, for kLength.
    Persistence persistence = Persistence::kDefault;
    std::time_t now = 0;  ///< For the Date field.
};

/// Whether a status has no body: 1xx, 204 and 304.
bool has_no_body(unsigned status);

/// The text of a response's status line and fields, with the empty line after them. Control
/// characters in values become spaces; fields whose name is no token are left out.
std::string format_head(const ResponseHead& head, const HeadFraming& framing);

/// One chunk of a chunked body; `bytes` is not empty.
/// Source: RFC 9112, section 7.1.
std::string format_chunk(std::string_view bytes);

/// The body of an error made by the transport: {"error":"<message>"}.
std::string format_error(std::string_view message);

}  // namespace mullama::server
