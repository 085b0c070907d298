#pragma once

#include "api/answer.h"

#include <cstdint>
#include <optional>
#include <string>

namespace mullama::api {

/// "2026-01-31T12:34:56.123456789Z".
/// Source: RFC 3339, with nanoseconds as Go writes them.
std::string format_rfc3339(WallTime time);

/// Reads such a time, or one with an offset in place of the Z: whole seconds since 1970. Nothing
/// where the text is no time.
std::optional<std::int64_t> parse_rfc3339(const std::string& text);

/// Seconds since 1970.
std::int64_t unix_seconds(WallTime time);

}  // namespace mullama::api
