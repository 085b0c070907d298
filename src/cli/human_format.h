#pragma once

#include <cstdint>
#include <string>

/// Numbers as Ollama prints them.
namespace mullama::cli {

/// A time span as Go prints one, for example "1m2.5s", "12.345ms", "0s".
/// Source: Duration.String() of Go's package time.
std::string go_duration(std::int64_t duration_ns);

/// A size in decimal units, for example "98 MB", "1.5 GB", "12 B".
std::string human_bytes(std::int64_t size_bytes);

/// A count of parameters, for example "134.52M", "8B", "1.2B".
std::string human_number(std::uint64_t count);

/// How long ago, for example "3 days ago", "About a minute ago"; `age_s` below 0 is the future.
std::string human_age(std::int64_t age_s);

}  // namespace mullama::cli
