#pragma once

#include <mullama/context.h>
#include <mullama/result.h>

#include <cstdint>
#include <filesystem>

namespace mullama {

/// What a model and its context are going to take, in bytes.
struct MemoryEstimate {
    std::uint64_t weights_bytes = 0;  ///< All tensors.
    std::uint64_t cache_bytes = 0;    ///< KV cells; more than it will be with sliding windows.
    std::uint64_t compute_bytes = 0;  ///< Intermediate results, roughly.

    /// All of it.
    std::uint64_t total_bytes() const { return weights_bytes + cache_bytes + compute_bytes; }
};

/// Estimates from a model file's header, before anything is loaded. `options.context_length` is the
/// number of cells; 0 = what the model was trained for, and more than that for each of
/// `options.sequences_max` does not count.
/// Errors:  those of GgufFile::open().
/// Threads: any. Reads the file's header.
Result<MemoryEstimate> estimate_memory(
    const std::filesystem::path& file, const ContextOptions& options
);

/// Memory of this machine, in bytes, used and free: RAM, or what a control group (a container's)
/// allows of it, and that of GPUs; 0 where the system does not tell.
std::uint64_t machine_memory_bytes();

}  // namespace mullama
