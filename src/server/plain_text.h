#pragma once

#include "server/answering.h"
#include "server/model_use.h"
#include <mullama/result.h>
#include <mullama/runtime.h>

#include <string>
#include <vector>

namespace mullama::server {

/// The grammar of a "format" for a model that continues a text; empty for none.
/// Errors: those of grammar_from_format().
Result<std::string> plain_grammar(const std::string& format);

/// Begins the answers of a call that continues texts: `best_of` for each prompt, in order.
/// Errors:  kUnsupported: a gap to fill and a model that cannot; a model that cannot generate.
///          Those of LoadedModel::generate().
Result<std::vector<StartedAnswer>> start_completions(
    const api::CompletionCall& call, const ModelChoice& choice, const LoadedModel& model
);

/// The text of tokens, control tokens shown; without a BOS at its front, which tokenizing puts
/// there again.
std::string text_of(const std::vector<Token>& tokens, const LoadedModel& model);

}  // namespace mullama::server
