#include "cli/quote.h"

#include "cli/display_width.h"

#include <fmt/format.h>

namespace mullama::cli {
namespace {

std::string escaped_byte(char byte) {
    switch (byte) {
        case '\n':
            return "\\n";
        case '\r':
            return "\\r";
        case '\t':
            return "\\t";
        case '"':
            return "\\\"";
        case '\\':
            return "\\\\";
        default:
            return fmt::format("\\x{:02X}", static_cast<unsigned char>(byte));
    }
}

bool is_plain(std::string_view character) {
    unsigned char lead = static_cast<unsigned char>(character[0]);
    if (character.size() > 1) return true;
    return lead >= 0x20 && lead < 0x7F && lead != '"' && lead != '\\';
}

}  // namespace

std::string quote(std::string_view bytes) {
    std::string text = "\"";
    while (!bytes.empty()) {
        std::string_view character = take_character(bytes).bytes;
        text += is_plain(character) ? std::string(character) : escaped_byte(character[0]);
    }
    return text + "\"";
}

}  // namespace mullama::cli
