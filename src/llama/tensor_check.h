#pragma once

#include <mullama/gguf.h>
#include <mullama/result.h>

#include <span>

namespace mullama {

/// Checks the tensors of a model's parts: each there once, with extents that the engine's 32-bit
/// arithmetic holds, and in float32 where kernels know nothing else. Shapes are left to the engine,
/// which checks them against the metadata.
/// Errors:  kCorrupt, naming the tensor.
Result<void> check_tensors(std::span<const GgufFile> files);

}  // namespace mullama
