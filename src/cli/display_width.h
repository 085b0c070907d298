#pragma once

#include <string_view>

namespace mullama::cli {

/// One character cut off the front of UTF-8 text.
struct Character {
    std::string_view bytes;
    int columns = 0;  ///< That a terminal gives it: 0 for combining marks, 2 for wide ones.
};

/// Takes the first character off `text`, which is not empty. A byte that is not UTF-8 counts as a
/// character of one column.
Character take_character(std::string_view& text);

/// Columns that a terminal gives to a text without line breaks.
int display_width(std::string_view text);

/// Chooses a locale in which the C library knows Unicode: the user's, else C.UTF-8.
/// Threads: before other threads start.
void use_unicode_locale();

}  // namespace mullama::cli
