#include "store/modelfile.h"

#include "base/error.h"
#include "store/names.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace mullama::store {
namespace {

constexpr std::array<std::string_view, 11> kCommands = {
    "from",
    "license",
    "template",
    "system",
    "adapter",
    "draft",
    "renderer",
    "parser",
    "parameter",
    "message",
    "requires",
};
constexpr std::array<std::string_view, 3> kRoles = {"system", "user", "assistant"};

constexpr const char* kWrongCommand =
    "(line {}): command must be one of \"from\", \"license\", \"template\", \"system\", "
    "\"adapter\", \"draft\", \"renderer\", \"parser\", \"parameter\", \"message\", or \"requires\"";

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kSpaces = " \t\r\n";
constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kKeyLetters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

std::string_view trim(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(kSpaces);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

/// What stands between quotes, or the text where it has none; nothing where they do not end.
std::optional<std::string_view> unquote(std::string_view text) {
    for (const std::string_view quotes : {"\"\"\"", "\""}) {
        if (!text.starts_with(quotes)) continue;
        if (text.size() < 2 * quotes.size() || !text.ends_with(quotes)) return std::nullopt;
        return text.substr(quotes.size(), text.size() - 2 * quotes.size());
    }
    return text;
}

void append_utf8(std::string& out, std::uint32_t point) {
    const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (point < 0x80) return put(point);
    if (point < 0x800) {
        put(0xC0 | (point >> 6));
    } else {
        if (point < 0x10000) {
            put(0xE0 | (point >> 12));
        } else {
            put(0xF0 | (point >> 18));
            put(0x80 | ((point >> 12) & 0x3F));
        }
        put(0x80 | ((point >> 6) & 0x3F));
    }
    put(0x80 | (point & 0x3F));
}

std::string from_utf16(std::string_view bytes, bool big_endian) {
    constexpr std::uint32_t kReplacement = 0xFFFD;
    const auto unit = [&](std::size_t at) {
        const auto first = static_cast<unsigned char>(bytes[at]);
        const auto second = static_cast<unsigned char>(bytes[at + 1]);
        return static_cast<std::uint32_t>(big_endian ? first << 8 | second : second << 8 | first);
    };
    std::string text;
    for (std::size_t at = 0; at + 1 < bytes.size(); at += 2) {
        std::uint32_t point = unit(at);
        if (point >= 0xD800 && point < 0xE000) {
            const std::uint32_t low = at + 3 < bytes.size() ? unit(at + 2) : 0;
            if (point < 0xDC00 && low >= 0xDC00 && low < 0xE000) {
                point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
                at += 2;
            } else {
                point = kReplacement;
            }
        }
        append_utf8(text, point);
    }
    return text;
}

std::string decode(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) return std::string(text.substr(3));
    if (text.starts_with("\xFF\xFE")) return from_utf16(text.substr(2), false);
    if (text.starts_with("\xFE\xFF")) return from_utf16(text.substr(2), true);
    return std::string(text);
}

class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}

    /// Goes to the next command; false at the end.
    bool seek_command() {
        while (true) {
            take(kSpaces);
            if (at_ == text_.size()) return false;
            if (text_[at_] != '#') return true;
            take_line();
        }
    }

    Result<ModelfileCommand> command() {
        ModelfileCommand command;
        command.line = line_;
        command.name = lower(take(kLetters));
        const bool known = std::ranges::find(kCommands, command.name) != kCommands.end();
        if (!known || take(kBlanks).empty()) {
            return fail(ErrorCode::kInvalidArgument, kWrongCommand, command.line);
        }
        MULLAMA_TRY(key(command));
        MULLAMA_TRY(value(command));
        return command;
    }

  private:
    Result<void> key(ModelfileCommand& command) {
        const bool is_message = command.name == "message";
        if (!is_message && command.name != "parameter") return {};
        command.key = take(is_message ? kLetters : kKeyLetters);
        if (command.key.empty() || take(kBlanks).empty()) {
            return fail(
                ErrorCode::kInvalidArgument,
                "(line {}): unexpected EOF: {}",
                command.line,
                command.key
            );
        }
        if (is_message && std::ranges::find(kRoles, command.key) == kRoles.end()) {
            return fail(
                ErrorCode::kInvalidArgument,
                "(line {}): message role must be one of \"system\", \"user\", or \"assistant\"",
                command.line
            );
        }
        return {};
    }

    Result<void> value(ModelfileCommand& command) {
        const std::size_t begin = at_;
        while (true) {
            take_line();
            const auto value = unquote(trim(text_.substr(begin, at_ - begin)));
            if (value) {
                command.value = *value;
                return {};
            }
            if (at_ == text_.size()) break;
        }
        return fail(
            ErrorCode::kInvalidArgument,
            "(line {}): unexpected EOF: the quotes of this {} do not end",
            command.line,
            command.name
        );
    }

    std::string_view take(std::string_view letters) {
        const std::size_t end = std::min(text_.find_first_not_of(letters, at_), text_.size());
        return take_to(end);
    }

    void take_line() {
        const std::size_t newline = text_.find('\n', at_);
        take_to(newline == std::string_view::npos ? text_.size() : newline + 1);
    }

    std::string_view take_to(std::size_t end) {
        const std::string_view taken = text_.substr(at_, end - at_);
        line_ += static_cast<int>(std::ranges::count(taken, '\n'));
        at_ = end;
        return taken;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int line_ = 1;
};

}  // namespace

Result<std::vector<ModelfileCommand>> parse_modelfile(std::string_view text) {
    const std::string decoded = decode(text);
    Reader reader(decoded);
    std::vector<ModelfileCommand> commands;
    while (reader.seek_command()) {
        Result<ModelfileCommand> command = reader.command();
        if (!command) return std::move(command).error();
        commands.push_back(std::move(command).value());
    }
    if (std::ranges::find(commands, "from", &ModelfileCommand::name) == commands.end()) {
        return fail(ErrorCode::kInvalidArgument, "no FROM line");
    }
    return commands;
}

}  // namespace mullama::store
