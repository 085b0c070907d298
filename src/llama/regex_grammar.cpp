#include "llama/regex_grammar.h"

#include "base/error.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace mullama {
namespace {

constexpr std::size_t kRegexBytesMax = 16 * 1024;
constexpr int kDepthMax = 64;
constexpr int kCountMax = 2000;  // as in GBNF

using CodePoint = std::uint32_t;

struct Range {
    CodePoint first = 0;
    CodePoint last = 0;
};
using Ranges = std::vector<Range>;

// What a text may hold: no NUL, no surrogates.
constexpr Range kCharacters[] = {{0x1, 0xD7FF}, {0xE000, 0x10FFFF}};

const Ranges kDigits = {{'0', '9'}};
const Ranges kWord = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
const Ranges kSpace = {{'\t', '\r'}, {' ', ' '}};
const Ranges kLineBreaks = {{'\n', '\n'}, {'\r', '\r'}};

/// All characters that are in none of `ranges`, in order.
Ranges all_but(Ranges ranges) {
    std::ranges::sort(ranges, {}, &Range::first);
    Ranges left;
    for (const Range& part : kCharacters) {
        CodePoint next = part.first;
        for (const Range& range : ranges) {
            if (range.last < next) continue;
            if (range.first > part.last) break;
            if (range.first > next) left.push_back({next, range.first - 1});
            next = range.last + 1;
        }
        if (next <= part.last) left.push_back({next, part.last});
    }
    return left;
}

void add(Ranges& to, const Ranges& more) {
    to.insert(to.end(), more.begin(), more.end());
}

std::string written(CodePoint character) {
    const bool plain = (character >= '0' && character <= '9') ||
                       (character >= 'A' && character <= 'Z') ||
                       (character >= 'a' && character <= 'z') || character == ' ';
    if (plain) return {static_cast<char>(character)};
    if (character < 0x80) return fmt::format("\\x{:02X}", character);
    if (character < 0x10000) return fmt::format("\\u{:04X}", character);
    return fmt::format("\\U{:08X}", character);
}

std::string written(const Ranges& ranges) {
    std::string set = "[";
    for (const Range& range : ranges) {
        set += written(range.first);
        if (range.last > range.first) set += fmt::format("-{}", written(range.last));
    }
    return set + "]";
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Writes a regular expression as the right side of a rule.
class RegexWriter {
  public:
    explicit RegexWriter(std::string_view regex) : regex_(regex) {}

    Result<std::string> write() {
        MULLAMA_TRY(write_alternatives(0));
        if (!at_end()) return error("the ')' has no '('");
        return std::move(out_);
    }

  private:
    Result<void> write_alternatives(int depth) {
        MULLAMA_TRY(write_sequence(depth));
        while (take('|')) {
            out_ += " |";
            MULLAMA_TRY(write_sequence(depth));
        }
        return {};
    }

    Result<void> write_sequence(int depth) {
        if (depth == 0) take('^');
        const std::size_t start = out_.size();
        while (!at_end() && peek() != '|' && peek() != ')') {
            if (depth == 0 && peek() == '$' && ends_after_this()) {
                ++position_;
                break;
            }
            out_ += ' ';
            MULLAMA_TRY(write_item(depth));
            MULLAMA_TRY(write_repetition());
        }
        if (out_.size() == start) out_ += R"( "")";
        return {};
    }

    bool ends_after_this() const {
        return position_ + 1 == regex_.size() || regex_[position_ + 1] == '|';
    }

    Result<void> write_item(int depth) {
        switch (peek()) {
            case '(':
                return write_group(depth + 1);
            case '[':
                return write_set();
            case '.':
                ++position_;
                out_ += written(all_but(kLineBreaks));
                return {};
            case '*':
            case '+':
            case '?':
            case '{':
                return error(fmt::format("'{}' has nothing to repeat", peek()));
            case '^':
            case '$':
                return error(fmt::format(
                    "'{}' is only taken at {}: the whole answer is matched",
                    peek(),
                    peek() == '^' ? "the start" : "the end"
                ));
            case '\\':
                return write_escape();
            default:
                return write_character();
        }
    }

    Result<void> write_character() {
        Result<CodePoint> character = take_character();
        if (!character) return character.error();
        out_ += fmt::format("\"{}\"", written(*character));
        return {};
    }

    Result<void> write_escape() {
        if (const std::optional<Ranges> known = take_class()) {
            out_ += written(*known);
            return {};
        }
        Result<CodePoint> character = take_escaped();
        if (!character) return character.error();
        out_ += fmt::format("\"{}\"", written(*character));
        return {};
    }

    Result<void> write_group(int depth) {
        if (depth > kDepthMax) return error("groups are nested too deep");
        const std::size_t open = position_++;
        if (take('?')) MULLAMA_TRY(skip_group_name());
        out_ += '(';
        MULLAMA_TRY(write_alternatives(depth));
        if (take(')')) {
            out_ += " )";
            return {};
        }
        position_ = open;
        return error("the '(' has no ')'");
    }

    // Behind "(?".
    Result<void> skip_group_name() {
        if (take(':')) return {};
        take('P');
        const bool named = take('<') && !at_end() && (is_letter(peek()) || peek() == '_');
        if (!named) return error("assertions and flags cannot be followed");
        while (!at_end() && (is_letter(peek()) || is_digit(peek()) || peek() == '_')) ++position_;
        if (take('>')) return {};
        return error("a group's name ends with '>'");
    }

    Result<void> write_set() {
        const std::size_t open = position_++;
        const bool negated = take('^');
        if (!at_end() && peek() == ']') return error("a set begins with ']': write '\\]'");
        Ranges set;
        while (!at_end() && peek() != ']') MULLAMA_TRY(read_range(set));
        if (!take(']')) {
            position_ = open;
            return error("the '[' has no ']'");
        }
        set = all_but(std::move(set));
        if (!negated) set = all_but(std::move(set));
        if (set.empty()) return error("no character is in this set");
        out_ += written(set);
        return {};
    }

    Result<void> read_range(Ranges& set) {
        if (const std::optional<Ranges> known = take_class()) {
            add(set, *known);
            return {};
        }
        const Result<CodePoint> first = take_member();
        if (!first) return first.error();
        const bool is_range =
            position_ + 1 < regex_.size() && peek() == '-' && regex_[position_ + 1] != ']';
        if (!is_range) {
            set.push_back({*first, *first});
            return {};
        }
        ++position_;
        const Result<CodePoint> last = take_member();
        if (!last) return last.error();
        if (*last < *first) return error("the range ends before it begins");
        set.push_back({*first, *last});
        return {};
    }

    Result<CodePoint> take_member() {
        if (peek() != '\\') return take_character();
        if (position_ + 1 < regex_.size() && regex_[position_ + 1] == 'b') {
            position_ += 2;
            return CodePoint{'\b'};
        }
        return take_escaped();
    }

    /// One of \d, \w, \s and their opposites.
    std::optional<Ranges> take_class() {
        if (at_end() || peek() != '\\' || position_ + 1 == regex_.size()) return std::nullopt;
        std::optional<Ranges> found;
        switch (regex_[position_ + 1]) {
            case 'd':
                found = kDigits;
                break;
            case 'D':
                found = all_but(kDigits);
                break;
            case 'w':
                found = kWord;
                break;
            case 'W':
                found = all_but(kWord);
                break;
            case 's':
                found = kSpace;
                break;
            case 'S':
                found = all_but(kSpace);
                break;
            default:
                return std::nullopt;
        }
        position_ += 2;
        return found;
    }

    // At a backslash.
    Result<CodePoint> take_escaped() {
        ++position_;
        if (at_end()) return error("the last '\\' escapes nothing");
        const char kind = peek();
        if (!is_letter(kind) && !is_digit(kind)) return take_character();
        ++position_;
        switch (kind) {
            case 't':
                return CodePoint{'\t'};
            case 'n':
                return CodePoint{'\n'};
            case 'v':
                return CodePoint{'\v'};
            case 'f':
                return CodePoint{'\f'};
            case 'r':
                return CodePoint{'\r'};
            case 'x':
                return take_hex(2);
            case 'u':
                return take_hex(4);
            case 'U':
                return take_hex(8);
            default:
                return error(fmt::format("'\\{}' cannot be followed", kind));
        }
    }

    Result<CodePoint> take_hex(std::size_t digits) {
        const std::string_view hex = regex_.substr(position_, digits);
        CodePoint value = 0;
        const auto read = std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
        const auto count = static_cast<std::size_t>(read.ptr - hex.data());
        position_ += count;
        if (count < digits) return error(fmt::format("{} hexadecimal digits are wanted", digits));
        return checked(value);
    }

    /// A character as it stands, of however many bytes.
    Result<CodePoint> take_character() {
        const auto lead = static_cast<unsigned char>(peek());
        const int more = lead < 0x80 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
        if ((lead >= 0x80 && lead < 0xC2) || lead > 0xF4) return error("this is not UTF-8");
        CodePoint value = more == 0 ? lead : lead & (0x3FU >> more);
        ++position_;
        for (int i = 0; i < more; ++i, ++position_) {
            const auto next = at_end() ? 0U : static_cast<unsigned char>(peek());
            if ((next & 0xC0U) != 0x80U) return error("this is not UTF-8");
            value = value << 6 | (next & 0x3FU);
        }
        constexpr CodePoint kLeast[] = {0, 0x80, 0x800, 0x10000};
        if (value < kLeast[more]) return error("this is not UTF-8");
        return checked(value);
    }

    Result<CodePoint> checked(CodePoint value) const {
        const bool known = std::ranges::any_of(kCharacters, [value](const Range& range) {
            return value >= range.first && value <= range.last;
        });
        if (known) return value;
        return error("there is no such character");
    }

    Result<void> write_repetition() {
        if (at_end()) return {};
        const char kind = peek();
        if (kind == '*' || kind == '+' || kind == '?') {
            ++position_;
            out_ += kind;
        } else if (kind == '{') {
            MULLAMA_TRY(write_count());
        } else {
            return {};
        }
        take('?');  // as little as possible: the same texts match
        if (!at_end() && (peek() == '*' || peek() == '+' || peek() == '?' || peek() == '{')) {
            return error("a repetition cannot be repeated");
        }
        return {};
    }

    // "{2}", "{2,}", "{,3}", "{2,3}", as GBNF has them too, but for "{,3}".
    Result<void> write_count() {
        const std::size_t open = position_++;
        const std::string least = take_digits();
        const bool is_range = take(',');
        const std::string most = take_digits();
        if (!take('}') || (least.empty() && most.empty())) {
            position_ = open;
            return error("a repetition is {N}, {N,}, {,N} or {N,N}; '\\{' is the character");
        }
        const std::optional<int> low = count_of(least);
        const std::optional<int> high = is_range && most.empty() ? kCountMax : count_of(most);
        if (!low || !high || (is_range && *high < *low)) {
            position_ = open;
            return error(fmt::format("a repetition goes from low to high, at most {}", kCountMax));
        }
        out_ += fmt::format("{{{}{}{}}}", least.empty() ? "0" : least, is_range ? "," : "", most);
        return {};
    }

    /// Nothing where it is too many.
    static std::optional<int> count_of(const std::string& digits) {
        int count = 0;
        const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), count);
        const bool is_many = read.ec == std::errc::result_out_of_range || count > kCountMax;
        return is_many ? std::nullopt : std::optional(count);
    }

    std::string take_digits() {
        const std::size_t start = position_;
        while (!at_end() && is_digit(peek())) ++position_;
        return std::string(regex_.substr(start, position_ - start));
    }

    bool at_end() const { return position_ == regex_.size(); }
    char peek() const { return regex_[position_]; }
    bool take(char wanted) {
        if (at_end() || peek() != wanted) return false;
        ++position_;
        return true;
    }
    Error error(std::string_view what) const {
        return fail(
            ErrorCode::kInvalidArgument, "the regex has an error at byte {}: {}", position_, what
        );
    }

    const std::string_view regex_;
    std::size_t position_ = 0;
    std::string out_;
};

}  // namespace

Result<std::string> grammar_from_regex(std::string_view regex) {
    if (regex.size() > kRegexBytesMax) {
        return fail(
            ErrorCode::kInvalidArgument,
            "the regex has {} bytes: the most is {}",
            regex.size(),
            kRegexBytesMax
        );
    }
    Result<std::string> rule = RegexWriter(regex).write();
    if (!rule) return std::move(rule).error();
    return "root ::=" + *rule + "\n";
}

Result<std::string> answer_grammar(const SamplingOptions& options) {
    if (options.regex.empty()) return options.grammar;
    if (options.grammar.empty()) return grammar_from_regex(options.regex);
    return fail(
        ErrorCode::kInvalidArgument,
        "an answer follows a regex, or a grammar, format or schema: give one of them"
    );
}

}  // namespace mullama
