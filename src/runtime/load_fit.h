#pragma once

#include <mullama/result.h>
#include <mullama/runtime.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace mullama {

/// Whether a model loaded with `loaded` serves a request that wants `wanted`: as large a context,
/// on the same devices, with the same threads and memory.
bool serves(const LoadOptions& loaded, const LoadOptions& wanted);

/// Whether weights loaded for `loaded` serve a request that wants `wanted`.
bool same_weights(const LoadOptions& loaded, const LoadOptions& wanted);

/// What a model is going to take, loaded so.
/// Errors: those of estimate_memory().
Result<std::uint64_t> estimated_bytes(
    const std::filesystem::path& file, const LoadOptions& options
);

/// How many idle adapters are kept for those who asked for them once.
inline constexpr std::size_t kIdleAdaptersMax = 32;

/// `wanted` with a context, a draft model and adapters that serve `other` too, where both can be
/// served.
LoadOptions joined(LoadOptions wanted, const LoadOptions& other);

}  // namespace mullama
