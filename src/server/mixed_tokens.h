#pragma once

#include "api/mixed_prompt.h"
#include <mullama/result.h>
#include <mullama/tokenizer.h>
#include <mullama/types.h>

#include <vector>

namespace mullama::server {

/// The tokens of a prompt in parts. `add_special` holds where it begins with a text, which is then
/// tokenized so; see Vocab::tokenize().
/// Errors: those of Tokenizer::encode().
Result<std::vector<Token>> tokens_of(
    const api::MixedPrompt& prompt, const Tokenizer& tokenizer, bool add_special, bool parse_special
);

}  // namespace mullama::server
