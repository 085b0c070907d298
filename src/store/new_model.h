#pragma once

#include <mullama/types.h>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace mullama::store {

/// What a model is made of: the pieces of another, or files, with what is put in their place.
struct NewModel {
    /// A model that is here; empty for none.
    std::string from = {};
    /// GGUF files: weights, projectors.
    std::vector<std::filesystem::path> files = {};
    std::vector<std::filesystem::path> adapters = {};
    std::filesystem::path draft = {};
    /// Replace those of `from` where they are not empty.
    std::string system = {};
    std::vector<Message> messages = {};
    /// A JSON object; what it does not name stays as `from` has it.
    std::string parameters = {};
    /// Added to those of `from`.
    std::vector<std::string> licences = {};
};

/// Told what is going on, in Ollama's words.
using OnCreateStatus = std::function<void(std::string_view)>;

}  // namespace mullama::store
