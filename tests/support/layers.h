#pragma once

#include <filesystem>

namespace mullama::test {

/// Writes a copy of a model without its last layers: one that answers like it, but worse.
/// Throws std::runtime_error where a file cannot be read or written.
void write_pruned(
    const std::filesystem::path& path, const std::filesystem::path& model, int layers
);

}  // namespace mullama::test
