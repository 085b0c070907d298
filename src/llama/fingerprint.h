#pragma once

#include <mullama/gguf.h>
#include <mullama/model.h>
#include <mullama/result.h>

#include <cstdint>
#include <span>

namespace mullama {

/// A number that tells models apart by their files' sizes, metadata and tables of tensors, and by
/// what replaces metadata. No weights are read, so models that differ in nothing else are the same
/// to it.
std::uint64_t fingerprint(
    std::span<const GgufFile> files, std::span<const MetadataOverride> overrides
);

/// A number that tells files apart by where they are, how long, and when they were last changed, as
/// it is now.
std::uint64_t files_fingerprint(std::span<const GgufFile> files);

/// fingerprint() of a file and of all its tensors' bytes.
/// Errors: as GgufFile::read_tensor().
Result<std::uint64_t> content_fingerprint(const GgufFile& file);

}  // namespace mullama
