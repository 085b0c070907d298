#include "chat/grammar_union.h"

#include <algorithm>
#include <cctype>
#include <cstddef>

namespace mullama {
namespace {

bool is_name(unsigned char c) {
    return std::isalnum(c) != 0 || c == '-';
}

/// What ends a part that begins with `first`, where that is no name.
char closing_of(char first) {
    switch (first) {
        case '"':
            return '"';
        case '[':
            return ']';
        case '{':
            return '}';
        case '<':
            return '>';
        case '#':
            return '\n';
        default:
            return '\0';
    }
}

/// A name, a text, a set of characters, a number of times, a comment, or one other character.
std::string_view first_part(std::string_view grammar) {
    if (is_name(static_cast<unsigned char>(grammar.front()))) {
        const auto end = std::ranges::find_if_not(grammar, is_name);
        return grammar.substr(0, static_cast<std::size_t>(end - grammar.begin()));
    }
    const char closing = closing_of(grammar.front());
    if (closing == '\0') return grammar.substr(0, 1);
    std::size_t end = 1;
    while (end < grammar.size() && grammar[end] != closing) end += grammar[end] == '\\' ? 2 : 1;
    return grammar.substr(0, end + 1);
}

std::string with_names(std::string_view grammar, std::string_view before) {
    std::string named;
    while (!grammar.empty()) {
        const std::string_view part = first_part(grammar);
        if (is_name(static_cast<unsigned char>(part.front()))) named += before;
        named += part;
        grammar.remove_prefix(part.size());
    }
    return named;
}

}  // namespace

std::string grammar_union(std::string_view one, std::string_view other) {
    std::string both = "root ::= one-root | other-root\n";
    both += with_names(one, "one-");
    both += '\n';
    both += with_names(other, "other-");
    return both;
}

}  // namespace mullama
