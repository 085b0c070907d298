#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mullama {

/// Finds stop strings in text that comes in pieces, and gives the text before them.
///
/// The stop string that is complete first wins; of those complete at the same byte, the longest.
/// Text is held back only while it could still become part of a stop string, so that none is ever
/// given out, not even in part; and what is given out does not depend on how the text is cut.
/// Valid UTF-8 in whole characters gives valid UTF-8, if the stop strings are valid too.
/// Threads: thread-compatible.
/// Source:  Knuth, Morris, Pratt, "Fast Pattern Matching in Strings", 1977, once per stop string.
class StopMatcher {
  public:
    /// None of `stops` is empty.
    explicit StopMatcher(std::vector<std::string> stops);

    /// Takes the next piece and gives the text that is safe to give; nothing after a match.
    std::string push(std::string_view piece);

    /// Ends the text: gives what was held back. Nothing after a match.
    std::string flush();

    /// The stop string that was found; empty as long as there is none.
    const std::string& match() const { return match_; }

  private:
    struct Pattern {
        std::string text;
        std::vector<std::size_t> borders;  // [i]: longest proper prefix that ends text[0..i]
        std::size_t matched = 0;           // longest prefix that ends what was pushed
    };

    static std::vector<std::size_t> borders_of(std::string_view text);
    static void advance(Pattern& pattern, char byte);
    const Pattern* longest_complete() const;
    std::size_t longest_begun() const;

    std::vector<Pattern> patterns_;
    std::string held_;
    std::string match_;
};

}  // namespace mullama
