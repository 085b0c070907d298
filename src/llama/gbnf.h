#pragma once

#include <mullama/result.h>

#include <functional>
#include <string_view>

namespace mullama {

/// Checks a GBNF grammar, so that the engine's parser sees none that it would refuse with a line on
/// stderr, or that would cost it all memory, all time or its stack: counts that run backwards,
/// endless nesting, recursion to the left, rules that branch without bound.
/// `is_token` tells whether a text such as "<|im_end|>" is one token of the vocabulary.
/// Errors:  kInvalidArgument: with line and column of a mistake in the text, or the rule at fault.
/// Source:  src/llama-grammar.cpp and grammars/README.md of llama.cpp.
Result<void> check_gbnf(
    std::string_view grammar,
    std::string_view root,
    const std::function<bool(std::string_view)>& is_token
);

}  // namespace mullama
