#pragma once

#include "store/model_details.h"
#include <mullama/result.h>

#include <filesystem>
#include <string>

namespace mullama::cli {

/// Ollama's tables: Model, Capabilities, License.
std::string details_text(const store::ModelDetails& details);

/// The tables Metadata and Tensors of a model file.
/// Errors: those of GgufFile::open().
Result<std::string> full_header_text(const std::filesystem::path& file);

}  // namespace mullama::cli
