#pragma once

#include "api/llamacpp/requests.h"
#include "server/model_use.h"
#include <mullama/result.h>
#include <mullama/runtime.h>
#include <mullama/tokenizer.h>
#include <mullama/types.h>
#include <mullama/vocab.h>

#include <cstdint>
#include <vector>

namespace mullama::server {

/// The tokens that mark the parts of a file with a gap; kNoToken where the model has none.
struct GapTokens {
    Token bos = kNoToken;  ///< Where prompts begin with one.
    Token prefix = kNoToken;
    Token suffix = kNoToken;
    Token middle = kNoToken;
    Token repository = kNoToken;
    Token file = kNoToken;  ///< Before each file of a repository.
};

GapTokens gap_tokens(const Vocab& vocab);

/// How many tokens the prompt for a gap may have; the rest of the context is the answer's. The
/// model has an engine.
std::int32_t infill_tokens_max(const ModelChoice& choice, const LoadedModel& model);

/// The prompt for a gap: the other files, the text before the gap, what it begins with, the text
/// behind it. Of what does not fit into `tokens_max`, the text next to the gap goes in first, three
/// parts before it to one behind it, and then the files, the last ones first.
/// Errors:  kUnsupported: the model has no tokens for that. Those of Tokenizer::encode().
/// Source:  the pattern of arXiv 2409.12186, section 3.2.
Result<std::vector<Token>> infill_tokens(
    const api::llamacpp::InfillCall& call,
    const GapTokens& gap,
    const Tokenizer& tokenizer,
    std::int32_t tokens_max
);

}  // namespace mullama::server
