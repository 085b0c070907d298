#pragma once

#include <mullama/result.h>
#include <mullama/token_grammar.h>
#include <mullama/vocab.h>

#include <memory>
#include <string_view>

namespace mullama {

/// A GBNF grammar as the engine itself follows it, a token in microseconds and all tokens in
/// milliseconds, for Sampler::constrain(). Its texts begin with `prefix`.
/// Errors:  those of Sampler::constrain().
Result<std::unique_ptr<TokenGrammar>> make_gbnf_grammar(
    const Vocab& vocab, std::string_view grammar, std::string_view root, std::string_view prefix
);

}  // namespace mullama
