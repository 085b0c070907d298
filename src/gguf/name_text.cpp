#include "gguf/name_text.h"

#include <cstdint>

#include <fmt/format.h>

namespace mullama {
namespace {

constexpr std::size_t kQuotedBytesMax = 80;

// How a sequence that starts with `lead` goes on: how many bytes follow, and the range of the first
// of them; the others are always 80..BF.
struct Sequence {
    std::size_t following = 0;
    std::uint8_t low = 0x80;
    std::uint8_t high = 0xBF;
    bool valid = true;
};

Sequence sequence_of(std::uint8_t lead) {
    if (lead < 0x80) return {0};
    if (lead >= 0xC2 && lead <= 0xDF) return {1};
    if (lead == 0xE0) return {2, 0xA0, 0xBF};
    if (lead == 0xED) return {2, 0x80, 0x9F};
    if (lead >= 0xE1 && lead <= 0xEF) return {2};
    if (lead == 0xF0) return {3, 0x90, 0xBF};
    if (lead >= 0xF1 && lead <= 0xF3) return {3};
    if (lead == 0xF4) return {3, 0x80, 0x8F};
    return {0, 0, 0, false};
}

std::uint8_t byte_at(std::string_view text, std::size_t i) {
    return static_cast<std::uint8_t>(text[i]);
}

}  // namespace

bool is_utf8(std::string_view text) {
    std::size_t i = 0;
    while (i < text.size()) {
        const Sequence sequence = sequence_of(byte_at(text, i));
        if (!sequence.valid || text.size() - i <= sequence.following) return false;
        for (std::size_t k = 1; k <= sequence.following; ++k) {
            const std::uint8_t byte = byte_at(text, i + k);
            const std::uint8_t low = k == 1 ? sequence.low : 0x80;
            const std::uint8_t high = k == 1 ? sequence.high : 0xBF;
            if (byte < low || byte > high) return false;
        }
        i += 1 + sequence.following;
    }
    return true;
}

std::string in_quotes(std::string_view text) {
    const std::string_view shown = text.substr(0, kQuotedBytesMax);
    const bool readable = is_utf8(shown);
    std::string out = "'";
    for (std::size_t i = 0; i < shown.size(); ++i) {
        const std::uint8_t byte = byte_at(shown, i);
        if (byte < 0x20 || byte == 0x7F || (byte >= 0x80 && !readable)) {
            out += fmt::format("\\x{:02x}", byte);
        } else {
            out += shown[i];
        }
    }
    return out + (shown.size() < text.size() ? "...'" : "'");
}

std::string why_bad_name(std::string_view name, std::size_t bytes_max) {
    if (name.empty()) return "it is empty";
    if (name.size() > bytes_max) {
        return fmt::format("it has {} bytes, the most are {}", name.size(), bytes_max);
    }
    if (name.find('\0') != std::string_view::npos) return "it has a zero byte inside";
    if (!is_utf8(name)) return "it is not UTF-8";
    return {};
}

}  // namespace mullama
