#pragma once

#include <mullama/runtime.h>

namespace mullama {

/// Whether a model loaded with `loaded` serves a request that wants `wanted`: as large a context,
/// on the same devices, with the same threads and memory.
bool serves(const LoadOptions& loaded, const LoadOptions& wanted);

/// `wanted` with a context that serves `other` too.
LoadOptions joined(LoadOptions wanted, const LoadOptions& other);

}  // namespace mullama
