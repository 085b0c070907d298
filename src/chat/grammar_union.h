#pragma once

#include <string>
#include <string_view>

namespace mullama {

/// The GBNF grammar of the texts that either of two follows. Their rules may have the same names.
/// Source:  grammars/README.md of llama.cpp.
std::string grammar_union(std::string_view one, std::string_view other);

}  // namespace mullama
