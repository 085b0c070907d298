#pragma once

#include "server/refusal.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace mullama::server {

/// Undoes the content encoding of `body`, in place: "gzip" (several members too), "zstd" (several
/// frames, windows of up to 8 MiB), or none ("identity" or empty).
/// Gives a refusal, and leaves `body` as it may be: 413 where it would grow beyond `bytes_max`,
/// 400 where it is broken, 415 for another encoding or more than one.
/// Threads: thread-safe.
/// Source: RFC 1952; RFC 8878; RFC 9659 for the window.
std::optional<Refusal> decode_content(
    std::string_view encoding, std::string& body, std::size_t bytes_max
);

}  // namespace mullama::server
