#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mullama {

/// A GBNF grammar, which check_grammar() has passed, in the notation that xgrammar reads; its root
/// is then `r-root`. Nothing where it names tokens or holds NUL, which that notation cannot say,
/// and where it is too large to be compiled in seconds. Source:  grammars/README.md of llama.cpp;
/// cpp/grammar_parser.h of xgrammar.
std::optional<std::string> ebnf_from_gbnf(std::string_view gbnf);

}  // namespace mullama
