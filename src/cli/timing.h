#pragma once

#include <mullama/types.h>

#include <cstdint>
#include <string>

namespace mullama::cli {

/// What one answer took.
struct Timing {
    std::int64_t total_ns = 0;  ///< From the question to the end of the answer, loading included.
    std::int64_t load_ns = 0;
    Usage usage;
};

/// Ollama's eight lines for --verbose; lines about what did not happen are left out.
/// Source: Metrics.Summary() in Ollama's api/types.go.
std::string timing_lines(const Timing& timing);

/// One line: how many tokens, how fast.
std::string speed_line(const Usage& usage);

}  // namespace mullama::cli
