#include "llama/gbnf_parser.h"

#include "base/error.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <utility>

namespace mullama {
namespace {

// The engine's own bound on repetitions.
constexpr std::uint64_t kRepetitionsMax = 2000;
constexpr std::uint64_t kNoMax = std::numeric_limits<std::uint64_t>::max();
// The engine's parser recurses once for each open parenthesis.
constexpr int kNestingMax = 500;
// What all rules may hold once repetitions are written out: 8 MB in the engine.
constexpr std::size_t kElementsMax = std::size_t{1} << 20;

bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || (c >= '0' && c <= '9');
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Bytes of the character that starts with `first`, counted as the engine counts them.
std::size_t utf8_length(char first) {
    const auto byte = static_cast<unsigned char>(first);
    if (byte >= 0xF0) return 4;
    if (byte >= 0xE0) return 3;
    return byte >= 0xC0 ? 2 : 1;
}

}  // namespace

GbnfParser::GbnfParser(std::string_view text, const std::function<bool(std::string_view)>& is_token)
    : text_(text), is_token_(is_token) {}

Result<std::vector<GbnfRule>> GbnfParser::parse() {
    skip_space(true);
    while (position_ < text_.size()) MULLAMA_TRY(parse_rule());
    return std::move(rules_);
}

std::uint32_t GbnfParser::find(std::string_view name) const {
    const auto found = ids_.find(name);
    return found == ids_.end() ? std::numeric_limits<std::uint32_t>::max() : found->second;
}

Result<void> GbnfParser::parse_rule() {
    const auto name = take_name();
    if (name.empty()) return error_here("expected the name of a rule");
    skip_space(false);
    const auto rule = named_rule(name);
    if (text_.substr(position_, 3) != "::=") return error_here("expected ::=");
    position_ += 3;
    skip_space(true);
    MULLAMA_TRY(parse_alternates(rule, false, 0));
    if (peek() == '\r') {
        position_ += peek(1) == '\n' ? 2 : 1;
    } else if (peek() == '\n') {
        ++position_;
    } else if (position_ < text_.size()) {
        return error_here("expected the end of the line");
    }
    skip_space(true);
    return {};
}

Result<void> GbnfParser::parse_alternates(std::uint32_t rule, bool nested, int depth) {
    if (depth > kNestingMax) return error_here("parentheses are nested too deeply");
    std::vector<GbnfElement> elements;
    MULLAMA_TRY(parse_sequence(rule, elements, nested, depth));
    while (peek() == '|') {
        elements.push_back({GbnfElement::Kind::kAlternative, 0});
        ++position_;
        skip_space(true);
        MULLAMA_TRY(parse_sequence(rule, elements, nested, depth));
    }
    rules_[rule].elements = std::move(elements);
    rules_[rule].defined = true;
    return {};
}

Result<void> GbnfParser::parse_sequence(
    std::uint32_t rule, std::vector<GbnfElement>& elements, bool nested, int depth
) {
    Item item{.start = elements.size()};
    while (position_ < text_.size()) {
        const auto before = position_;
        MULLAMA_TRY(parse_item(rule, elements, item, nested, depth));
        if (position_ == before) break;
        if (elements.size() + elements_total_ > kElementsMax) {
            return error_here("the grammar is too large with its repetitions written out");
        }
    }
    elements_total_ += elements.size();
    return {};
}

Result<void> GbnfParser::parse_item(
    std::uint32_t rule, std::vector<GbnfElement>& elements, Item& item, bool nested, int depth
) {
    const char c = peek();
    const Item fresh{.start = elements.size()};
    if (c == '*' || c == '+' || c == '?') {
        ++position_;
        skip_space(nested);
        return repeat(rule, elements, item, c == '+' ? 1 : 0, c == '?' ? 1 : kNoMax);
    }
    if (c == '{') return parse_braces(rule, elements, item, nested);
    if (c == '"') {
        item = fresh;
        MULLAMA_TRY(parse_literal(elements));
    } else if (c == '[') {
        item = fresh;
        MULLAMA_TRY(parse_set(elements));
    } else if (c == '<' || c == '!') {
        item = fresh;
        MULLAMA_TRY(parse_token());
        elements.push_back({GbnfElement::Kind::kTerminal, 0});
    } else if (is_name_char(c)) {
        item = fresh;
        elements.push_back({GbnfElement::Kind::kReference, named_rule(take_name())});
    } else if (c == '(') {
        item = fresh;
        MULLAMA_TRY(parse_group(rule, elements, item, depth));
    } else if (c == '.') {
        item = fresh;
        ++position_;
        elements.push_back({GbnfElement::Kind::kTerminal, 0});
    } else {
        return {};
    }
    skip_space(nested);
    return {};
}

Result<void> GbnfParser::parse_literal(std::vector<GbnfElement>& elements) {
    ++position_;
    while (peek() != '"') {
        MULLAMA_TRY(parse_character());
        elements.push_back({GbnfElement::Kind::kTerminal, 0});
    }
    ++position_;
    return {};
}

Result<void> GbnfParser::parse_set(std::vector<GbnfElement>& elements) {
    ++position_;
    if (peek() == '^') ++position_;
    while (peek() != ']') {
        MULLAMA_TRY(parse_character());
        elements.push_back({GbnfElement::Kind::kTerminal, 0});
        if (peek() != '-' || peek(1) == ']') continue;
        ++position_;
        MULLAMA_TRY(parse_character());
        elements.push_back({GbnfElement::Kind::kTerminal, 0});
    }
    ++position_;
    return {};
}

Result<void> GbnfParser::parse_character() {
    if (position_ >= text_.size()) return error_here("unexpected end of the grammar");
    if (peek() != '\\') {
        position_ = std::min(position_ + utf8_length(peek()), text_.size());
        return {};
    }
    const char escape = peek(1);
    const std::size_t digits = escape == 'x' ? 2 : escape == 'u' ? 4 : escape == 'U' ? 8 : 0;
    if (digits == 0 && std::string_view("trn\\\"[]-").find(escape) == std::string_view::npos) {
        return error_here("unknown escape");
    }
    for (std::size_t i = 0; i < digits; ++i) {
        if (!is_hex(peek(2 + i))) return error_here("too few hexadecimal digits in an escape");
    }
    position_ += 2 + digits;
    return {};
}

Result<void> GbnfParser::parse_token() {
    if (peek() == '!') ++position_;
    if (peek() != '<') return error_here("expected '<' and a token");
    const auto end = text_.find('>', position_);
    if (end == std::string_view::npos) return error_here("expected '>' after a token");
    const auto token = text_.substr(position_, end + 1 - position_);
    if (peek(1) == '[') {
        const auto digits = token.substr(2, token.size() - 3);
        const bool number = digits.size() >= 2 && digits.size() <= 10 && digits.back() == ']' &&
                            std::all_of(digits.begin(), digits.end() - 1, is_digit);
        if (!number) return error_here("expected a token's id as in <[123]>");
    } else if (!is_token_(token)) {
        return error_here("not a single token of this vocabulary");
    }
    position_ = end + 1;
    return {};
}

Result<void> GbnfParser::parse_group(
    std::uint32_t rule, std::vector<GbnfElement>& elements, Item& item, int depth
) {
    ++position_;
    skip_space(true);
    const auto rules_before = rules_.size();
    const auto group = new_rule(rules_[rule].name);
    MULLAMA_TRY(parse_alternates(group, true, depth + 1));
    item.rules = std::max<std::uint64_t>(1, rules_.size() - rules_before);
    elements.push_back({GbnfElement::Kind::kReference, group});
    if (peek() != ')') return error_here("expected ')'");
    ++position_;
    return {};
}

Result<void> GbnfParser::parse_braces(
    std::uint32_t rule, std::vector<GbnfElement>& elements, Item& item, bool nested
) {
    ++position_;
    skip_space(nested);
    const auto min = parse_count();
    if (!min) return min.error();
    skip_space(nested);
    std::uint64_t max = *min;
    if (peek() == ',') {
        ++position_;
        skip_space(nested);
        max = kNoMax;
        if (is_digit(peek())) {
            const auto count = parse_count();
            if (!count) return count.error();
            if (*count < *min) return error_here("a repetition ends before it begins");
            max = *count;
            skip_space(nested);
        }
    }
    if (peek() != '}') return error_here("expected '}' or ',' in a repetition");
    ++position_;
    skip_space(nested);
    if (*min > kRepetitionsMax) return error_here("more than 2000 repetitions");
    return repeat(rule, elements, item, *min, max > kRepetitionsMax ? kNoMax : max);
}

Result<std::uint64_t> GbnfParser::parse_count() {
    if (!is_digit(peek())) return error_here("expected a number of repetitions");
    std::uint64_t count = 0;
    for (; is_digit(peek()); ++position_) {
        count = count * 10 + static_cast<std::uint64_t>(peek() - '0');
        if (count > std::numeric_limits<std::uint32_t>::max()) {
            return error_here("the number of repetitions is too large");
        }
    }
    return count;
}

// S{m,n} becomes m times S and then a chain of n - m optional ones; S{m,} ends in a rule that
// refers to itself.
Result<void> GbnfParser::repeat(
    std::uint32_t rule,
    std::vector<GbnfElement>& elements,
    Item& item,
    std::uint64_t min,
    std::uint64_t max
) {
    if (item.start == elements.size()) return error_here("nothing to repeat before this");
    const bool open = max == kNoMax;
    const std::uint64_t factor = !open && max > 0 ? max : std::max<std::uint64_t>(min, 1);
    item.rules *= factor;
    if (item.rules > kRepetitionsMax) {
        return error_here("repetitions multiply to more than 2000: repeat less or use simpler rules"
        );
    }
    const std::vector<GbnfElement> unit(
        elements.begin() + static_cast<std::ptrdiff_t>(item.start), elements.end()
    );
    const std::uint64_t optional = open ? 1 : max - min;
    elements_total_ += optional * (unit.size() + 2);
    if (elements_total_ + elements.size() + min * unit.size() > kElementsMax) {
        return error_here("the grammar is too large with its repetitions written out");
    }
    if (min == 0) elements.resize(item.start);
    for (std::uint64_t i = 1; i < min; ++i) {
        elements.insert(elements.end(), unit.begin(), unit.end());
    }
    std::uint32_t last = 0;
    for (std::uint64_t i = 0; i < optional; ++i) {
        const auto tail = new_rule(rules_[rule].name);
        auto steps = unit;
        if (open || i > 0) steps.push_back({GbnfElement::Kind::kReference, open ? tail : last});
        steps.push_back({GbnfElement::Kind::kAlternative, 0});
        rules_[tail].elements = std::move(steps);
        rules_[tail].defined = true;
        last = tail;
    }
    if (optional > 0) elements.push_back({GbnfElement::Kind::kReference, last});
    return {};
}

char GbnfParser::peek(std::size_t ahead) const {
    return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0';
}

void GbnfParser::skip_space(bool newlines) {
    for (;;) {
        const char c = peek();
        if (c == '#') {
            position_ = std::min(text_.find_first_of("\r\n", position_), text_.size());
        } else if (c == ' ' || c == '\t' || (newlines && (c == '\r' || c == '\n'))) {
            ++position_;
        } else {
            return;
        }
    }
}

std::string_view GbnfParser::take_name() {
    const auto start = position_;
    while (is_name_char(peek())) ++position_;
    return text_.substr(start, position_ - start);
}

std::uint32_t GbnfParser::named_rule(std::string_view name) {
    if (const auto found = ids_.find(name); found != ids_.end()) return found->second;
    const auto id = new_rule(std::string(name));
    ids_.emplace(name, id);
    return id;
}

std::uint32_t GbnfParser::new_rule(const std::string& name) {
    rules_.push_back({name, false, {}});
    return static_cast<std::uint32_t>(rules_.size() - 1);
}

Error GbnfParser::error_here(std::string_view what) const {
    const auto before = text_.substr(0, position_);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const auto newline = before.rfind('\n');
    const auto column = position_ - (newline == std::string_view::npos ? 0 : newline + 1) + 1;
    return fail(ErrorCode::kInvalidArgument, "grammar, line {}, column {}: {}", line, column, what);
}

}  // namespace mullama
