#include "cli/word_wrap.h"

#include "cli/display_width.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

namespace mullama::cli {
namespace {

// What a terminal shows: plays back the text, the line breaks and the two movements that WordWrap
// uses. Wide characters are followed by an empty cell.
std::vector<std::string> shown(std::string_view out) {
    std::vector<std::vector<std::string>> lines(1);
    std::size_t column = 0;
    while (!out.empty()) {
        if (out.starts_with("\x1b[K")) {
            lines.back().resize(column);
            out.remove_prefix(3);
            continue;
        }
        if (out.starts_with("\x1b[")) {
            column -= static_cast<std::size_t>(std::stoi(std::string(out.substr(2))));
            out.remove_prefix(out.find('D') + 1);
            continue;
        }
        Character character = take_character(out);
        if (character.bytes == "\n") {
            lines.emplace_back();
            column = 0;
            continue;
        }
        std::vector<std::string>& line = lines.back();
        line.resize(std::max(line.size(), column + static_cast<std::size_t>(character.columns)));
        if (character.columns > 0) line[column] = character.bytes;
        column += static_cast<std::size_t>(character.columns);
    }
    std::vector<std::string> texts;
    for (const auto& line : lines) {
        std::string text;
        for (const std::string& cell : line) text += cell;
        texts.push_back(text);
    }
    return texts;
}

std::vector<std::string> wrapped(std::string_view text, int columns, std::size_t piece_bytes = 3) {
    WordWrap wrap(columns);
    std::string out;
    while (!text.empty()) {
        std::size_t taken = 0;
        std::string_view rest = text;
        while (taken < piece_bytes && !rest.empty()) taken += take_character(rest).bytes.size();
        out += wrap.push(text.substr(0, taken));
        text = rest;
    }
    return shown(out);
}

using Lines = std::vector<std::string>;

class Wrapping : public ::testing::Test {
  protected:
    Wrapping() { use_unicode_locale(); }
};

TEST_F(Wrapping, keeps_short_lines_as_they_are) {
    EXPECT_EQ(wrapped("one two\nthree", 80), (Lines{"one two", "three"}));
}

TEST_F(Wrapping, moves_a_word_that_does_not_fit_to_the_next_line) {
    EXPECT_EQ(wrapped("the quick brown fox", 20), (Lines{"the quick brown", "fox"}));
}

TEST_F(Wrapping, takes_back_what_was_shown_of_a_word) {
    WordWrap wrap(18);
    EXPECT_EQ(wrap.push("the quick bro"), "the quick bro");
    EXPECT_EQ(wrap.push("wn"), "\x1b[3D\x1b[K\nbrown");
}

TEST_F(Wrapping, does_not_depend_on_how_the_text_arrives) {
    std::string text = "Paris is the capital of France. It lies on the Seine, in the north.";
    for (int columns : {15, 20, 33, 80}) {
        for (std::size_t piece_bytes = 1; piece_bytes <= text.size(); ++piece_bytes) {
            EXPECT_EQ(wrapped(text, columns, piece_bytes), wrapped(text, columns, text.size()));
        }
    }
}

TEST_F(Wrapping, no_line_is_wider_than_the_terminal_minus_its_margin) {
    std::string text =
        "Donaudampfschifffahrtsgesellschaft and a few 短い日本語の文 words, très bien";
    for (int columns = 10; columns < 60; ++columns) {
        for (const std::string& line : wrapped(text, columns)) {
            EXPECT_LE(display_width(line), columns - 5) << columns << ": " << line;
        }
    }
}

TEST_F(Wrapping, loses_nothing_but_spaces_at_breaks) {
    std::string text = "Donaudampfschifffahrtsgesellschaft und 短い日本語の文 naïve words";
    auto without_spaces = [](std::string line) {
        std::erase(line, ' ');
        return line;
    };
    for (int columns = 10; columns < 60; ++columns) {
        std::string joined;
        for (const std::string& line : wrapped(text, columns)) joined += without_spaces(line);
        EXPECT_EQ(joined, without_spaces(text)) << columns;
    }
}

TEST_F(Wrapping, cuts_a_word_that_is_longer_than_a_line) {
    EXPECT_EQ(wrapped("abcdefghijklmnopqrstuvw", 15), (Lines{"abcdefghij", "klmnopqrst", "uvw"}));
}

TEST_F(Wrapping, a_space_at_the_margin_becomes_the_break) {
    EXPECT_EQ(wrapped("abcdefghij klm", 15), (Lines{"abcdefghij", "klm"}));
}

TEST_F(Wrapping, leaves_very_narrow_terminals_alone) {
    WordWrap wrap(9);
    EXPECT_EQ(wrap.push("much longer than nine columns"), "much longer than nine columns");
}

TEST_F(Wrapping, counts_columns_and_not_bytes) {
    EXPECT_EQ(wrapped("äöü äöü äöü", 20), (Lines{"äöü äöü äöü"}));
    EXPECT_EQ(wrapped("日本語日本語", 15), (Lines{"日本語日本", "語"}));
}

TEST_F(Wrapping, a_combining_mark_takes_no_column) {
    EXPECT_EQ(display_width("e\u0301"), 1);
    EXPECT_EQ(display_width("\xff\xfe"), 2) << "bytes that are not UTF-8 take one each";
    EXPECT_EQ(display_width("\xe6\x97"), 2) << "as do the pieces of a cut character";
}

}  // namespace
}  // namespace mullama::cli
