#pragma once

#include <string>
#include <string_view>

namespace mullama::cli {

/// Bytes between double quotes, safe to show in a terminal: line breaks and the like as "\n",
/// control characters and bytes that are not UTF-8 as "\xE2".
std::string quote(std::string_view bytes);

}  // namespace mullama::cli
