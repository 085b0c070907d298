#pragma once

#include <mullama/result.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mullama::store {

/// What a model file says about itself. Unset where it does not say.
struct ModelDetails {
    std::string architecture;
    std::optional<std::uint64_t> parameters;
    std::optional<std::uint64_t> context_length;
    std::optional<std::uint64_t> embedding_length;
    std::string quantization;
    std::vector<std::string> capabilities;  ///< Under Ollama's names: "completion", "tools", ...
    std::string licence;
    std::string chat_template;
    std::string bos_token;  ///< Texts, as the vocabulary spells them.
    std::string eos_token;
};

/// Reads a file's header only: no weights are loaded.
/// Errors: those of GgufFile::open().
Result<ModelDetails> read_details(const std::filesystem::path& file);

/// A number of parameters as Ollama shows it: "134.52M", "7.2B".
std::string parameter_size(std::uint64_t count);

/// Whether a model with this template in Jinja thinks before it answers.
bool thinks(std::string_view chat_template);

/// Whether a model with this projector sees images, as the projector's header says.
bool sees(const std::filesystem::path& projector);

/// A model's capabilities once it sees.
std::vector<std::string> with_vision(std::vector<std::string> capabilities);

}  // namespace mullama::store
