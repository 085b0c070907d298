#pragma once

#include <mullama/result.h>

#include <filesystem>
#include <string>

namespace mullama::store {

/// Where Mullama keeps its files.
struct Paths {
    std::filesystem::path home = {};  ///< Absolute.
    /// A folder of models in Ollama's form; empty = below `home`.
    std::filesystem::path model_folder = {};

    /// Manifests and blobs, as Ollama lays them out; need not exist.
    std::filesystem::path models() const {
        return model_folder.empty() ? home / "models" : model_folder;
    }

    /// Model files, named by their digest, and wheels placed by hand.
    std::filesystem::path downloads() const { return home / "downloads"; }

    /// The user's additions to the model index; need not exist.
    std::filesystem::path user_index() const { return home / "index.json"; }

    /// Beginnings of prompts that were computed; need not exist.
    std::filesystem::path snapshots() const { return home / "snapshots"; }

    /// What was measured of this machine's kernels; need not exist.
    std::filesystem::path tuning() const { return home / "tuning"; }

    /// What was typed at the prompt of the chat; need not exist.
    std::filesystem::path history() const { return home / "history"; }
};

/// An environment variable without the spaces and quotes around it, which Ollama takes off too;
/// empty where it is not set.
std::string environment_value(const char* variable);

/// $MULLAMA_HOME, else ~/.mullama; for models $OLLAMA_MODELS, else $MULLAMA_MODELS, else
/// ~/.ollama/models where that exists. Creates nothing.
/// Errors: kInvalidArgument: neither MULLAMA_HOME nor HOME is set.
Result<Paths> default_paths();

}  // namespace mullama::store
