#pragma once

#include "llama/handles.h"
#include "llama/step.h"
#include <mullama/batch.h>
#include <mullama/result.h>

namespace mullama {

/// Checks a batch against the context that is to compute it: everything that the engine asserts,
/// indexes with or refuses.
/// Errors:  kInvalidArgument, naming the entry at fault.
Result<void> check_batch(const ContextImpl& context, const Batch& batch, Step step);

/// Whether each embedding has four positions, one for each axis of an image.
/// Source:  M-RoPE, arXiv 2409.12191.
bool has_position_sections(const Model& model);

}  // namespace mullama
