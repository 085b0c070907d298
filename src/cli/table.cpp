#include "cli/table.h"

#include "cli/display_width.h"

#include <algorithm>

namespace mullama::cli {
namespace {

constexpr std::size_t kGap = 4;

std::vector<std::size_t> column_widths(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], static_cast<std::size_t>(display_width(row[i])));
        }
    }
    return widths;
}

}  // namespace

std::string render_table(const std::vector<std::vector<std::string>>& rows, int indent) {
    std::vector<std::size_t> widths = column_widths(rows);
    std::string text;
    for (const auto& row : rows) {
        text.append(static_cast<std::size_t>(indent), ' ');
        for (std::size_t i = 0; i < row.size(); ++i) {
            text += row[i];
            if (i + 1 == row.size()) break;
            text.append(widths[i] + kGap - static_cast<std::size_t>(display_width(row[i])), ' ');
        }
        text += '\n';
    }
    return text;
}

}  // namespace mullama::cli
