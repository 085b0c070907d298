#pragma once

#include "llama/gbnf_rules.h"
#include <mullama/result.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mullama {

/// Reads GBNF text into rules, exactly as the engine's own parser does, with bounds.
/// Threads: thread-compatible; for one use.
/// Source:  llama_grammar_parser in src/llama-grammar.cpp.
class GbnfParser {
  public:
    GbnfParser(std::string_view text, const std::function<bool(std::string_view)>& is_token);

    /// Errors: kInvalidArgument with line and column.
    Result<std::vector<GbnfRule>> parse();

    /// The id of a named rule, or the number of rules where there is none.
    std::uint32_t find(std::string_view name) const;

  private:
    /// The last item of a sequence, to which a repetition applies.
    struct Item {
        std::size_t start = 0;    ///< Its first element.
        std::uint64_t rules = 1;  ///< Rules that it was written out to.
    };

    Result<void> parse_rule();
    Result<void> parse_alternates(std::uint32_t rule, bool nested, int depth);
    Result<void> parse_sequence(
        std::uint32_t rule, std::vector<GbnfElement>& elements, bool nested, int depth
    );
    Result<void> parse_item(
        std::uint32_t rule, std::vector<GbnfElement>& elements, Item& item, bool nested, int depth
    );
    Result<void> parse_literal(std::vector<GbnfElement>& elements);
    Result<void> parse_set(std::vector<GbnfElement>& elements);
    Result<void> parse_character();
    Result<void> parse_token();
    Result<void> parse_group(
        std::uint32_t rule, std::vector<GbnfElement>& elements, Item& item, int depth
    );
    Result<void> parse_braces(
        std::uint32_t rule, std::vector<GbnfElement>& elements, Item& item, bool nested
    );
    Result<std::uint64_t> parse_count();
    Result<void> repeat(
        std::uint32_t rule,
        std::vector<GbnfElement>& elements,
        Item& item,
        std::uint64_t min,
        std::uint64_t max
    );

    char peek(std::size_t ahead = 0) const;
    void skip_space(bool newlines);
    std::string_view take_name();
    std::uint32_t named_rule(std::string_view name);
    std::uint32_t new_rule(const std::string& name);
    Error error_here(std::string_view what) const;

    std::string_view text_;
    const std::function<bool(std::string_view)>& is_token_;
    std::size_t position_ = 0;
    std::size_t elements_total_ = 0;
    std::map<std::string, std::uint32_t, std::less<>> ids_;
    std::vector<GbnfRule> rules_;
};

}  // namespace mullama
