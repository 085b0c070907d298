#include "api/json_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>

namespace mullama::api {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct LineBreak {
    std::string_view bytes;
    std::string_view escape;
};

/// The characters beyond ASCII that end a line.
constexpr std::array<LineBreak, 3> kLineBreaks = {{
    {"\xC2\x85", "\\u0085"},
    {"\xE2\x80\xA8", "\\u2028"},
    {"\xE2\x80\xA9", "\\u2029"},
}};

/// The one at the front of `text`; null where there is none.
const LineBreak* line_break_at(std::string_view text) {
    const auto found = std::ranges::find_if(kLineBreaks, [&](const LineBreak& each) {
        return text.starts_with(each.bytes);
    });
    return found == kLineBreaks.end() ? nullptr : &*found;
}

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool continues(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80;
}

/// Bytes of the UTF-8 character at the front of `text`; 0 where there is none.
std::size_t character_bytes(std::string_view text) {
    const auto first = static_cast<unsigned char>(text[0]);
    std::size_t bytes = 0;
    unsigned char low = 0x80;  // of the second byte
    unsigned char high = 0xBF;
    if (first >= 0xC2 && first <= 0xDF) {
        bytes = 2;
    } else if (first >= 0xE0 && first <= 0xEF) {
        bytes = 3;
        if (first == 0xE0) low = 0xA0;
        if (first == 0xED) high = 0x9F;
    } else if (first >= 0xF0 && first <= 0xF4) {
        bytes = 4;
        if (first == 0xF0) low = 0x90;
        if (first == 0xF4) high = 0x8F;
    }
    if (bytes == 0 || text.size() < bytes) return 0;
    const auto second = static_cast<unsigned char>(text[1]);
    if (second < low || second > high) return 0;
    for (std::size_t i = 2; i < bytes; ++i) {
        if (!continues(text[i])) return 0;
    }
    return bytes;
}

void append_escape(std::string& to, char c) {
    constexpr std::string_view kHex = "0123456789abcdef";
    switch (c) {
        case '"':
            to += "\\\"";
            return;
        case '\\':
            to += "\\\\";
            return;
        case '\n':
            to += "\\n";
            return;
        case '\r':
            to += "\\r";
            return;
        case '\t':
            to += "\\t";
            return;
        default:
            to += "\\u00";
            to += kHex[static_cast<unsigned char>(c) >> 4];
            to += kHex[static_cast<unsigned char>(c) & 0xFU];
    }
}

}  // namespace

void write_bytes(JsonWriter& out, std::string_view text) {
    out.begin_array();
    for (const char byte : text) out.value(int{static_cast<unsigned char>(byte)});
    out.end_array();
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const bool is_ascii = static_cast<unsigned char>(text[0]) < 0x80;
        const std::size_t bytes = is_ascii ? 1 : character_bytes(text);
        if (bytes == 0) return false;
        text.remove_prefix(bytes);
    }
    return true;
}

std::string one_line(std::string_view json) {
    std::string line;
    bool in_string = false;
    while (!json.empty()) {
        const char c = json.front();
        const LineBreak* line_break = line_break_at(json);
        const bool is_escape = in_string && c == '\\';
        const std::size_t bytes = line_break != nullptr ? line_break->bytes.size()
                                  : is_escape           ? std::min<std::size_t>(json.size(), 2)
                                                        : 1;
        if (line_break != nullptr) {
            line += line_break->escape;
        } else if (in_string || !is_space(c)) {
            line += json.substr(0, bytes);
        }
        if (c == '"') in_string = !in_string;
        json.remove_prefix(bytes);
    }
    return line;
}

void append_json_string(std::string& to, std::string_view text) {
    to.reserve(to.size() + text.size() + 2);
    to += '"';
    std::size_t plain = 0;  // from here to i nothing needs a change
    for (std::size_t i = 0; i < text.size();) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\') {
            ++i;
            continue;
        }
        const std::size_t bytes = byte < 0x80 ? 0 : character_bytes(text.substr(i));
        const LineBreak* line_break = bytes > 0 ? line_break_at(text.substr(i)) : nullptr;
        if (bytes > 0 && line_break == nullptr) {
            i += bytes;
            continue;
        }
        to += text.substr(plain, i - plain);
        if (line_break != nullptr) {
            to += line_break->escape;
        } else if (byte < 0x80) {
            append_escape(to, text[i]);
        } else {
            to += kReplacement;
        }
        i += std::max<std::size_t>(bytes, 1);
        plain = i;
    }
    to += text.substr(plain);
    to += '"';
}

JsonWriter& JsonWriter::open(char bracket) {
    separate();
    text_ += bracket;
    needs_comma_ = false;
    return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
    text_ += bracket;
    needs_comma_ = true;
    return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
    separate();
    append_json_string(text_, name);
    text_ += ':';
    needs_comma_ = false;
    return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
    separate();
    append_json_string(text_, text);
    return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json) {
    separate();
    text_ += json;
    return *this;
}

template <typename T>
JsonWriter& JsonWriter::real(T number) {
    if (!std::isfinite(number)) return null();
    std::array<char, 32> digits{};
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    return raw({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

JsonWriter& JsonWriter::value(double number) {
    return real(number);
}

JsonWriter& JsonWriter::value(float number) {
    return real(number);
}

void JsonWriter::separate() {
    if (needs_comma_) text_ += ',';
    needs_comma_ = true;
}

}  // namespace mullama::api
