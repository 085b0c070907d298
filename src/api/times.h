#pragma once

#include "api/answer.h"

#include <cstdint>
#include <string>

namespace mullama::api {

/// "2026-01-31T12:34:56.123456789Z".
/// Source: RFC 3339, with nanoseconds as Go writes them.
std::string format_rfc3339(WallTime time);

/// Seconds since 1970.
std::int64_t unix_seconds(WallTime time);

}  // namespace mullama::api
