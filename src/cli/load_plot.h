#pragma once

#include "cli/load_report.h"

#include <span>
#include <string>
#include <string_view>

namespace mullama::cli {

/// An SVG picture of a load: how many of all answers came to their first token, and how many pieces
/// followed the one before, within so many milliseconds. `title` stands above.
std::string load_plot(std::span<const LoadRequest> requests, std::string_view title);

}  // namespace mullama::cli
