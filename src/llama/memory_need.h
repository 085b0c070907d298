#pragma once

#include <mullama/context.h>
#include <mullama/result.h>

#include <cstdint>

namespace mullama {

/// Bytes that the memory of a context takes at the least: its cells and, where the model's layers
/// are all alike, their keys and values.
std::uint64_t memory_need_bytes(const Model& model, const ContextOptions& options);

/// Bytes of `count` cached numbers.
std::uint64_t cache_bytes(CacheType type, std::uint64_t count);

/// Refuses a context that cannot fit this machine. The engine writes to all of its memory at once,
/// which on a system that overcommits ends the process and not the call.
/// Errors:  kExhausted, naming the need and what there is.
Result<void> check_memory_need(const Model& model, const ContextOptions& options);

}  // namespace mullama
