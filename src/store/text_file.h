#pragma once

#include <mullama/result.h>

#include <filesystem>
#include <string>

namespace mullama::store {

/// Reads a manifest, or a text that a model comes with.
/// Errors: kNotFound: it is not there. kCorrupt: larger than such files are (4 MiB). kIo.
Result<std::string> read_text(const std::filesystem::path& file);

}  // namespace mullama::store
