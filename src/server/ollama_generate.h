#pragma once

#include "api/ollama/requests.h"
#include "server/answering.h"
#include "server/model_use.h"
#include <mullama/result.h>
#include <mullama/runtime.h>

#include <string>

namespace mullama::server {

/// Begins the answer of POST /api/generate.
/// Errors:  kUnsupported, in Ollama's words: the model cannot do what is asked. Those of
///          LoadedModel::answer() and LoadedModel::generate().
Result<StartedAnswer> start_generate(
    const api::ollama::GenerateCall& call, const ModelChoice& choice, const LoadedModel& model
);

/// The prompt that start_generate() sends, as text; images are in it as "[img-0]" and so on.
/// Errors:  as start_generate(), without the engine's.
Result<std::string> generate_prompt(
    const api::ollama::GenerateCall& call, const ModelChoice& choice, const LoadedModel& model
);

}  // namespace mullama::server
