#include "cli/word_wrap.h"

#include "cli/display_width.h"

#include <fmt/format.h>

namespace mullama::cli {
namespace {

constexpr int kColumnsMin = 10;
constexpr int kMargin = 5;

}  // namespace

void WordWrap::break_line(std::string& out) {
    // A word longer than a line stays where it is and goes on in the next one.
    if (word_columns_ >= line_columns_) {
        out += "\n";
        word_.clear();
        word_columns_ = 0;
    } else {
        if (word_columns_ > 0) out += fmt::format("\x1b[{}D", word_columns_);
        out += "\x1b[K\n" + word_;
    }
    line_columns_ = word_columns_;
}

std::string WordWrap::push(std::string_view text) {
    if (columns_ < kColumnsMin) return std::string(text);
    std::string out;
    while (!text.empty()) {
        Character character = take_character(text);
        if (character.bytes == "\n" || character.bytes == "\r") {
            out += character.bytes;
            line_columns_ = 0;
            word_columns_ = 0;
            word_.clear();
            continue;
        }
        bool is_space = character.bytes == " " || character.bytes == "\t";
        if (line_columns_ + character.columns > columns_ - kMargin) {
            if (is_space) {
                // The break stands in for the space.
                out += "\n";
                line_columns_ = 0;
                word_columns_ = 0;
                word_.clear();
                continue;
            }
            break_line(out);
        }
        out += character.bytes;
        line_columns_ += character.columns;
        // A line may break behind a space, and before or behind a wide character.
        if (is_space || character.columns >= 2) {
            word_.clear();
            word_columns_ = 0;
        } else {
            word_ += character.bytes;
            word_columns_ += character.columns;
        }
    }
    return out;
}

}  // namespace mullama::cli
