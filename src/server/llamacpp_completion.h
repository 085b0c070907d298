#pragma once

#include "api/llamacpp/requests.h"
#include "server/answering.h"
#include "server/model_use.h"
#include <mullama/result.h>
#include <mullama/runtime.h>

#include <vector>

namespace mullama::server {

/// Begins the answers of POST /completion and /infill, as many for each prompt as asked for; their
/// seeds follow each other.
/// Errors:  kInvalidArgument: too many prompts, or a schema that a grammar cannot say.
///          kUnsupported: a gap to fill and a model that cannot. Those of LoadedModel::generate().
/// Threads: a work thread.
Result<std::vector<StartedAnswer>> start_completion(
    const api::llamacpp::CompletionCall& call, const ModelChoice& choice, const LoadedModel& model
);
Result<std::vector<StartedAnswer>> start_infill(
    const api::llamacpp::InfillCall& call, const ModelChoice& choice, const LoadedModel& model
);

}  // namespace mullama::server
