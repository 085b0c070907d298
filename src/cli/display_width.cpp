#include "cli/display_width.h"

#include <clocale>
#include <cstring>
#include <cwchar>

#include <langinfo.h>

namespace mullama::cli {
namespace {

// Bytes of the character that starts with `lead`; 1 for a byte that starts none.
std::size_t sequence_bytes(unsigned char lead) {
    if (lead >= 0xC2 && lead <= 0xDF) return 2;
    if (lead >= 0xE0 && lead <= 0xEF) return 3;
    if (lead >= 0xF0 && lead <= 0xF4) return 4;
    return 1;
}

bool is_continuation(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

wchar_t code_point(std::string_view bytes) {
    unsigned lead = static_cast<unsigned char>(bytes[0]);
    if (bytes.size() == 1) return static_cast<wchar_t>(lead);
    unsigned value = lead & (0xFFU >> (bytes.size() + 1));
    for (char byte : bytes.substr(1)) value = (value << 6) | (static_cast<unsigned>(byte) & 0x3FU);
    return static_cast<wchar_t>(value);
}

}  // namespace

Character take_character(std::string_view& text) {
    std::size_t length = 1;
    std::size_t wanted = sequence_bytes(static_cast<unsigned char>(text[0]));
    while (length < wanted && length < text.size() && is_continuation(text[length])) ++length;
    if (length < wanted) length = 1;
    Character character{text.substr(0, length), 1};
    text.remove_prefix(length);
    bool valid =
        length == wanted && (length > 1 || static_cast<unsigned char>(character.bytes[0]) < 0x80);
    if (valid) {
        int columns = wcwidth(code_point(character.bytes));
        character.columns = columns < 0 ? 0 : columns;
    }
    return character;
}

int display_width(std::string_view text) {
    int columns = 0;
    while (!text.empty()) columns += take_character(text).columns;
    return columns;
}

void use_unicode_locale() {
    std::setlocale(LC_CTYPE, "");
    if (std::strcmp(nl_langinfo(CODESET), "UTF-8") != 0) std::setlocale(LC_CTYPE, "C.UTF-8");
}

}  // namespace mullama::cli
