#pragma once

#include <mullama/context.h>
#include <mullama/result.h>

#include <llama.h>

namespace mullama {

/// The engine's form of ContextOptions for `model`, with what it would assert on checked.
/// Errors:  kInvalidArgument and kUnsupported as Context::create().
Result<llama_context_params> make_context_params(const Model& model, const ContextOptions& options);

/// `threads`, or where it is 0 one per core that this process may use.
std::int32_t thread_count(std::int32_t threads);

/// Errors:  kInvalidArgument: a number of threads that the engine cannot take.
Result<void> check_threads(std::int32_t threads);

}  // namespace mullama
