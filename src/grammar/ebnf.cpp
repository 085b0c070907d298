#include "grammar/ebnf.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace mullama {
namespace {

constexpr std::uint32_t kCodePointMax = 0x10FFFF;
constexpr unsigned char kAsciiEnd = 0x80;
constexpr std::size_t kUnbounded = std::numeric_limits<std::size_t>::max();
// As in llama.cpp, where more are as many as one likes.
constexpr std::size_t kRepetitionsMax = 2000;
// What xgrammar takes too long for, or too much memory: it writes out alternatives that begin with
// alternatives, and looks at all tokens for each set of characters.
constexpr std::size_t kBytesMax = std::size_t{64} << 10;
constexpr std::size_t kWrittenMax = std::size_t{1} << 20;
constexpr std::size_t kAlternativesMax = 16384;
constexpr std::size_t kSetsMax = 1024;
constexpr std::size_t kUnrolledMax = 256;  // repetitions that it writes out
constexpr std::size_t kBytesOfSet = 64;    // of a literal, for the time of a set
constexpr std::string_view kAnyCharacter = "[\\U00000001-\\U0010ffff]";
constexpr std::string_view kNothing = "\"\"";

bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || (c >= '0' && c <= '9');
}

using Alternatives = std::vector<std::string>;

std::string joined(const Alternatives& alternatives, std::string_view tail = "") {
    std::string text;
    for (const std::string& alternative : alternatives) {
        if (!text.empty()) text += " | ";
        text += alternative.empty() ? kNothing : alternative;
        if (!tail.empty()) fmt::format_to(std::back_inserter(text), " {}", tail);
    }
    return text;
}

// Reads GBNF without checking it, and writes rule by rule.
//
// A repetition of alternatives becomes a rule that recurs behind each of them. Written as a rule
// for the alternatives within one for the repetition, all tokens that hold more than one of them
// would be left for each mask to look at: milliseconds in a string of JSON.
class Rewriter {
  public:
    explicit Rewriter(std::string_view text) : text_(text) {}

    std::optional<std::string> run() {
        if (text_.size() > kBytesMax) return std::nullopt;
        skip_space(true);
        while (at_ < text_.size() && is_known_) read_rule();
        for (const std::string& name : firsts_) {
            const auto rule = rules_.find(name);
            if (rule != rules_.end()) alternatives_ += rule->second.size();
        }
        if (alternatives_ > kAlternativesMax || sets_ > kSetsMax) return std::nullopt;
        if (!is_known_) return std::nullopt;
        for (const auto& [name, alternatives] : rules_) write(name, joined(alternatives));
        for (std::size_t i = 0; i < repeated_.size(); ++i) write_repetition(i);
        if (out_.size() > kWrittenMax) return std::nullopt;
        return std::move(out_);
    }

  private:
    // What a quantifier applies to.
    struct Item {
        std::string text = {};
        std::size_t sets = 0;  // of characters
        bool is_quantified = false;
        std::string rule = {};           // where it is no character: that it is, or can be made
        Alternatives alternatives = {};  // of a group
    };

    void read_rule() {
        // The prefix keeps names from being words of the other notation, or from beginning with a
        // digit.
        const std::string name = "r-" + take_name();
        skip_space(false);
        at_ = std::min(at_ + 3, text_.size());  // ::=
        skip_space(true);
        rules_[name] = read_alternatives(false);
        skip_space(true);
        if (at_ < text_.size() && !is_name_char(text_[at_])) is_known_ = false;
    }

    Alternatives read_alternatives(bool is_nested) {
        Alternatives alternatives = {read_sequence(is_nested)};
        while (peek() == '|') {
            ++at_;
            skip_space(true);
            alternatives.push_back(read_sequence(is_nested));
        }
        alternatives_ += alternatives.size();
        return alternatives;
    }

    std::string read_sequence(bool is_nested) {
        std::string sequence;
        Item last;
        const auto end_item = [&] {
            sets_ += last.sets;
            if (last.text.empty()) return;
            if (!sequence.empty()) sequence += ' ';
            if (sequence.empty() && last.text == last.rule) firsts_.push_back(last.rule);
            sequence += std::exchange(last, {}).text;
        };
        while (is_known_) {
            const char c = peek();
            if (c == '*' || c == '+' || c == '?' || c == '{') {
                read_quantifier(last, is_nested);
            } else if (c == '"' || c == '[' || c == '.' || c == '(' || is_name_char(c)) {
                end_item();
                last = read_item();
            } else {
                // <tokens> have no like.
                if (c == '<' || c == '!') is_known_ = false;
                break;
            }
            skip_space(is_nested);
        }
        end_item();
        return sequence;
    }

    Item read_item() {
        const char c = peek();
        if (is_name_char(c)) {
            const std::string rule = "r-" + take_name();
            return {.text = rule, .rule = rule};
        }
        ++at_;
        if (c == '.') return {.text = std::string(kAnyCharacter), .sets = 1};
        if (c == '"') {
            std::string literal = read_literal();
            const std::size_t sets = literal.size() / (kBytesOfSet * 10);  // bytes of an escape
            return {.text = std::move(literal), .sets = sets};
        }
        if (c == '[') return {.text = read_set(), .sets = 1};
        skip_space(true);
        Item group;
        const std::size_t sets_before = std::exchange(sets_, 0);
        group.alternatives = read_alternatives(true);
        group.sets = std::exchange(sets_, sets_before);
        ++at_;  // )
        group.text = fmt::format("({})", joined(group.alternatives));
        group.rule = fmt::format("g{}", groups_++);
        return group;
    }

    void read_quantifier(Item& item, bool is_nested) {
        const char c = text_[at_++];
        // xgrammar takes one for each item.
        if (std::exchange(item.is_quantified, true)) item.text = fmt::format("({})", item.text);
        if (c == '?') {
            item.text += '?';
        } else if (c == '*' || c == '+') {
            repeat(item, c == '+' ? 1 : 0, kUnbounded);
        } else {
            const std::size_t min = read_count(is_nested).value_or(0);
            std::size_t max = min;
            if (peek() == ',') {
                ++at_;
                max = read_count(is_nested).value_or(kUnbounded);
            }
            ++at_;  // }
            repeat(item, min, max > kRepetitionsMax ? kUnbounded : max);
        }
        item.alternatives.clear();
        item.rule.clear();
    }

    void repeat(Item& item, std::size_t min, std::size_t max) {
        if (max == 0) {
            item = {.text = std::string(kNothing)};
            return;
        }
        const std::size_t unrolled = std::min(max == kUnbounded ? min + 1 : max, kUnrolledMax);
        item.sets =
            std::min(std::max<std::size_t>(item.sets, unrolled > 1) * unrolled, kSetsMax + 1);
        // A rule that is itself once ends nowhere for xgrammar, where it is written as a
        // repetition.
        if (max == 1) {
            if (min == 0) item.text += '?';
        } else if (max != kUnbounded) {
            item.text += fmt::format("{{{},{}}}", min, max);
        } else if (item.rule.empty()) {
            item.text += min == 0 ? "*" : fmt::format("{{{},}}", min);
        } else {
            if (!item.alternatives.empty()) rules_[item.rule] = std::move(item.alternatives);
            const std::string more = repetition_of(item.rule);
            const std::string once = min == 1 ? item.rule : fmt::format("{}{{{}}}", item.rule, min);
            item.text = min > 0 ? fmt::format("({} {})", once, more) : more;
        }
    }

    // The rule's name. Short, since it comes behind each alternative.
    std::string repetition_of(const std::string& rule) {
        const auto found = std::ranges::find(repeated_, rule);
        const auto index = static_cast<std::size_t>(found - repeated_.begin());
        if (found == repeated_.end()) repeated_.push_back(rule);
        return repetition_name(index);
    }

    static std::string repetition_name(std::size_t index) { return fmt::format("s{}", index); }

    std::string read_literal() {
        std::string text = "\"";
        while (at_ < text_.size() && text_[at_] != '"') {
            // The engine's texts hold no NUL.
            if (rewrite_character(text) == 0) is_known_ = false;
        }
        ++at_;
        return text + '"';
    }

    // One of no characters is no set for llama.cpp.
    std::string read_set() {
        std::string text = "[";
        if (peek() == '^') {
            text += "^\\U00000000";  // see read_literal()
            ++at_;
        }
        const bool is_empty = peek() == ']';
        while (at_ < text_.size() && text_[at_] != ']') {
            rewrite_character(text);
            if (peek() != '-' || at_ + 1 >= text_.size() || text_[at_ + 1] == ']') continue;
            text += '-';
            ++at_;
            rewrite_character(text);
        }
        ++at_;
        return is_empty ? std::string(kNothing) : text + ']';
    }

    // Gives the character.
    std::uint32_t rewrite_character(std::string& out) {
        const char c = text_[at_];
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= kAsciiEnd) {  // both are in UTF-8
            do {
                out += text_[at_++];
            } while (at_ < text_.size() && (static_cast<unsigned char>(text_[at_]) & 0xC0) == 0x80);
            return byte;
        }
        const std::uint32_t character = c == '\\' ? take_escape() : byte;
        if (c != '\\') ++at_;
        is_known_ = is_known_ && character <= kCodePointMax;
        fmt::format_to(std::back_inserter(out), "\\U{:08x}", character);
        return character;
    }

    std::uint32_t take_escape() {
        const char escape = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
        at_ += 2;
        switch (escape) {
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'x':
                return take_hex(2);
            case 'u':
                return take_hex(4);
            case 'U':
                return take_hex(8);
            default:
                return static_cast<unsigned char>(escape);
        }
    }

    std::uint32_t take_hex(std::size_t digits) {
        const std::string_view hex = text_.substr(std::min(at_, text_.size()), digits);
        std::uint32_t value = 0;
        std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
        at_ += digits;
        return value;
    }

    // With the space round it.
    std::optional<std::size_t> read_count(bool is_nested) {
        skip_space(is_nested);
        const std::string_view digits = text_.substr(std::min(at_, text_.size()));
        std::size_t count = 0;
        const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), count);
        at_ += static_cast<std::size_t>(read.ptr - digits.data());
        skip_space(is_nested);
        if (read.ec != std::errc()) return std::nullopt;
        return count;
    }

    std::string take_name() {
        const std::size_t start = at_;
        while (is_name_char(peek())) ++at_;
        return std::string(text_.substr(start, at_ - start));
    }

    void skip_space(bool newlines) {
        for (;;) {
            const char c = peek();
            if (c == '#') {
                at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
            } else if (c == ' ' || c == '\t' || (newlines && (c == '\r' || c == '\n'))) {
                ++at_;
            } else {
                return;
            }
        }
    }

    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    void write(std::string_view name, std::string_view definition) {
        fmt::format_to(std::back_inserter(out_), "\n{} ::= {}", name, definition);
    }

    void write_repetition(std::size_t index) {
        Alternatives alternatives = rules_[repeated_[index]];
        std::erase(alternatives, "");
        const std::string name = repetition_name(index);
        const std::string_view bar = alternatives.empty() ? "" : " | ";
        write(name, fmt::format("{}{}{}", kNothing, bar, joined(alternatives, name)));
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::map<std::string, Alternatives> rules_;
    std::vector<std::string> repeated_;  // rules
    std::vector<std::string> firsts_;    // rules that alternatives begin with
    std::size_t groups_ = 0;
    std::size_t alternatives_ = 0;
    std::size_t sets_ = 0;  // with their repetitions
    std::string out_;
    bool is_known_ = true;
};

}  // namespace

std::optional<std::string> ebnf_from_gbnf(std::string_view gbnf) {
    return Rewriter(gbnf).run();
}

}  // namespace mullama
