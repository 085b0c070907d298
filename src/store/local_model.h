#pragma once

#include <mullama/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace mullama::store {

/// What comes with a model beside its weights.
struct ModelSettings {
    std::string system = {};
    /// A JSON object of options by name; empty for none.
    std::string parameters = {};
    /// Turns that go before every talk.
    std::vector<Message> messages = {};
    /// A template in Go's template language; empty for none.
    std::string go_template = {};
};

/// A model that is on this machine.
struct LocalModel {
    std::string name = {};            ///< "family:tag".
    std::filesystem::path file = {};  ///< Its GGUF file.
    std::int64_t size_bytes = 0;
    /// What identifies it: 64 hexadecimal digits of its manifest or else its file; empty where it
    /// is not known.
    std::string sha256 = {};
    std::string licence = {};
    std::filesystem::file_time_type modified = {};
    ModelSettings settings = {};
    std::vector<std::filesystem::path> adapters = {};    ///< LoRA files that belong to it.
    std::filesystem::path draft = {};                    ///< A smaller model that guesses for it.
    std::vector<std::filesystem::path> projectors = {};  ///< For pictures and sound.
};

}  // namespace mullama::store
