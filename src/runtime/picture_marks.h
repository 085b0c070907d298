#pragma once

#include <mullama/types.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mullama {

/// A stretch of a rendered prompt.
struct MarkedText {
    std::string_view text = {};               ///< What goes before the picture.
    std::optional<std::size_t> picture = {};  ///< Unset in the last stretch.
};

/// Texts that stand for pictures while a conversation goes through its template. They hold a number
/// drawn once per process, so that no client can write one.
/// Threads: immutable, thread-safe.
class PictureMarks {
  public:
    static const PictureMarks& instance();

    /// Puts a mark before a message's text for each of its images. They count through all messages,
    /// from 0.
    std::vector<Message> put(std::span<const Message> messages) const;

    /// As many marks before a text.
    std::string put(std::string_view text, std::size_t pictures) const;

    /// Takes a text apart at its marks. At least one stretch; they borrow from `text`.
    std::vector<MarkedText> split(std::string_view text) const;

    /// `text` for people: with "[img-0]" and so on in place of the marks.
    std::string shown(std::string_view text) const;

  private:
    PictureMarks();

    std::string begin_;
};

}  // namespace mullama
