#pragma once

#include "api/call.h"
#include "api/json.h"

#include <string_view>
#include <vector>

namespace mullama::api {

/// A prompt in parts, each of which is a text or tokens.
using MixedPrompt = std::vector<Prompt>;

/// Prompts as llama-server takes them: a text; texts and tokens in one list, which is one prompt
/// where it has a token; a list of texts and such lists, which is one prompt each;
/// {"prompt_string"} wherever a text may stand. None where the field is absent. Errors go to
/// `fields`.
std::vector<MixedPrompt> read_mixed_prompts(Fields& fields, std::string_view name);

/// One prompt: a text, or a list of texts and tokens.
MixedPrompt read_mixed_prompt(Fields& fields, std::string_view name);

}  // namespace mullama::api
