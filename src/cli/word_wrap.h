#pragma once

#include <string>
#include <string_view>

namespace mullama::cli {

/// Breaks streamed text into lines at spaces. Each character is shown as soon as it is there; where
/// a word turns out not to fit, it is taken back and put on the next line.
/// Threads: thread-compatible.
class WordWrap {
  public:
    /// Lines get `columns - 5` columns at most. Below 10 columns nothing is wrapped.
    explicit WordWrap(int columns) : columns_(columns) {}

    /// What to write to the terminal for the next piece of UTF-8 text: the text, with line breaks
    /// and cursor movements (ECMA-48 CUB and EL) in it.
    std::string push(std::string_view text);

  private:
    void break_line(std::string& out);

    int columns_;
    int line_columns_ = 0;
    int word_columns_ = 0;
    std::string word_;  ///< What has been shown of the word under the cursor.
};

}  // namespace mullama::cli
