#pragma once

#include <string>
#include <string_view>

namespace mullama {

/// Joins the bytes of successive tokens into text that is valid UTF-8 at every moment: a character
/// is held back until its last byte is there, and bytes that are none become U+FFFD.
///
/// The text does not depend on how the bytes are cut into pushes.
/// Threads: thread-compatible.
/// Source:  "Substitution of Maximal Subparts", Unicode Standard 3.9, as in the WHATWG's decoder.
class Detokenizer {
  public:
    /// Takes the next bytes and gives the text that is complete with them, perhaps empty.
    std::string push(std::string_view bytes);

    /// Ends the text: gives U+FFFD for a character that was begun and not ended, else nothing.
    /// Afterwards it is as new.
    std::string flush();

    /// Bytes held back, 0 to 3.
    std::string_view pending() const { return pending_; }

  private:
    std::string pending_;
};

/// `bytes` as valid UTF-8, with U+FFFD for what is none.
std::string to_valid_utf8(std::string_view bytes);

/// Whether `bytes` are valid UTF-8: no overlong forms, no surrogates, nothing past U+10FFFF.
bool is_valid_utf8(std::string_view bytes);

}  // namespace mullama
