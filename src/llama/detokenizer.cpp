#include <mullama/detokenizer.h>

#include <cstddef>
#include <cstdint>

namespace mullama {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

enum class Kind : std::uint8_t { kCharacter, kInvalid, kIncomplete };

// The first character of `bytes`, or the maximal subpart of one.
struct Piece {
    std::size_t length;
    Kind kind;
};

struct Range {
    std::uint8_t low;
    std::uint8_t high;
};

std::size_t continuation_bytes(std::uint8_t lead) {
    if (lead >= 0xC2 && lead <= 0xDF) return 1;
    if (lead >= 0xE0 && lead <= 0xEF) return 2;
    if (lead >= 0xF0 && lead <= 0xF4) return 3;
    return 0;
}

// What may follow the lead byte: table 3-7 of the Unicode Standard.
Range second_byte(std::uint8_t lead) {
    if (lead == 0xE0) return {0xA0, 0xBF};
    if (lead == 0xED) return {0x80, 0x9F};
    if (lead == 0xF0) return {0x90, 0xBF};
    if (lead == 0xF4) return {0x80, 0x8F};
    return {0x80, 0xBF};
}

Piece first_piece(std::string_view bytes) {
    const auto lead = static_cast<std::uint8_t>(bytes[0]);
    if (lead < 0x80) return {1, Kind::kCharacter};
    const std::size_t following = continuation_bytes(lead);
    if (following == 0) return {1, Kind::kInvalid};
    Range range = second_byte(lead);
    for (std::size_t i = 1; i <= following; ++i) {
        if (i == bytes.size()) return {i, Kind::kIncomplete};
        const auto byte = static_cast<std::uint8_t>(bytes[i]);
        if (byte < range.low || byte > range.high) return {i, Kind::kInvalid};
        range = {0x80, 0xBF};
    }
    return {following + 1, Kind::kCharacter};
}

}  // namespace

std::string Detokenizer::push(std::string_view bytes) {
    std::string joined;
    if (!pending_.empty()) {
        joined.append(pending_).append(bytes);
        bytes = joined;
        pending_.clear();
    }
    std::string text;
    text.reserve(bytes.size());
    while (!bytes.empty()) {
        const Piece piece = first_piece(bytes);
        if (piece.kind == Kind::kIncomplete) {
            pending_ = bytes;
            break;
        }
        text += piece.kind == Kind::kCharacter ? bytes.substr(0, piece.length) : kReplacement;
        bytes.remove_prefix(piece.length);
    }
    return text;
}

std::string Detokenizer::flush() {
    if (pending_.empty()) return {};
    pending_.clear();
    return std::string(kReplacement);
}

std::string to_valid_utf8(std::string_view bytes) {
    Detokenizer detokenizer;
    std::string text = detokenizer.push(bytes);
    text += detokenizer.flush();
    return text;
}

bool is_valid_utf8(std::string_view bytes) {
    while (!bytes.empty()) {
        const Piece piece = first_piece(bytes);
        if (piece.kind != Kind::kCharacter) return false;
        bytes.remove_prefix(piece.length);
    }
    return true;
}

}  // namespace mullama
