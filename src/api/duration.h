#pragma once

#include "api/json.h"
#include <mullama/result.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace mullama::api {

/// Reads a duration as Go writes them: "5m", "1.5h", "-1s", "1h15m30.5s", "0". Too long ones become
/// the longest.
/// Errors: kInvalidArgument, in the words of Go's time.ParseDuration.
/// Source: pkg.go.dev/time#ParseDuration.
Result<std::chrono::nanoseconds> parse_go_duration(std::string_view text);

/// Writes a duration so: "1h15m30.5s".
std::string format_go_duration(std::chrono::nanoseconds duration);

/// Reads a request's keep_alive: seconds, or a duration as text; below 0 = for ever.
/// Errors: kInvalidArgument: as above, and "Unsupported type: '...'".
Result<std::chrono::nanoseconds> parse_keep_alive(const json::value& value);

/// A keep-alive time from the environment or a flag: as above, or seconds without a unit.
Result<std::chrono::nanoseconds> parse_keep_alive_text(std::string_view text);

}  // namespace mullama::api
