#pragma once

#include <mullama/result.h>
#include <mullama/types.h>

#include <string>
#include <string_view>

namespace mullama {

/// A GBNF grammar whose texts are those that a regular expression matches from end to end: what
/// Python's `re` and ECMAScript write alike, but for assertions, back references and flags, which
/// a grammar cannot say. `\d`, `\w` and `\s` are those of ASCII, `.` is all but line breaks, and
/// NUL is matched by nothing.
/// Errors:  kInvalidArgument: not an expression, or what a grammar cannot say, with the place.
/// Source:  https://docs.python.org/3/library/re.html#regular-expression-syntax
Result<std::string> grammar_from_regex(std::string_view regex);

/// The grammar that an answer follows, by either of the options that say it; empty for none.
/// Errors: kInvalidArgument: both say it. Those of grammar_from_regex().
Result<std::string> answer_grammar(const SamplingOptions& options);

}  // namespace mullama
