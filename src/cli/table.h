#pragma once

#include <string>
#include <vector>

namespace mullama::cli {

/// Lines of left-aligned columns, four spaces between them and `indent` before the first.
std::string render_table(const std::vector<std::vector<std::string>>& rows, int indent = 0);

}  // namespace mullama::cli
