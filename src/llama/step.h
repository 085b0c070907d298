#pragma once

#include <mullama/batch.h>
#include <mullama/result.h>

#include <cstdint>

namespace mullama {

struct ContextImpl;

/// What a step does with a batch.
enum class Step : std::uint8_t { kDecode, kEncode };

/// Checks a batch, computes it and notes which of its entries gave outputs.
/// Errors:  as Context::decode(). After an exception of the engine the context is marked broken.
Result<void> run_step(ContextImpl& context, const Batch& batch, Step step);

}  // namespace mullama
