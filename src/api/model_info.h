#pragma once

#include "api/answer.h"
#include "api/options.h"
#include <mullama/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mullama::api {

/// What clients are told about a model.
struct ModelInfo {
    std::string name = {};  ///< "family:tag".
    std::int64_t size_bytes = 0;
    std::string digest = {};  ///< 64 hexadecimal digits; empty where it is not known.
    WallTime modified = {};
    std::string architecture = {};
    std::string parameter_size = {};  ///< "134.5M".
    std::string quantization = {};    ///< "Q4_K_M".
    std::optional<std::uint64_t> context_length = {};
    std::optional<std::uint64_t> embedding_length = {};
    std::vector<std::string> capabilities = {};
};

/// A model in every detail.
struct ModelDescription {
    ModelInfo info = {};
    std::string licence = {};
    std::string template_text = {};
    std::string system = {};
    Options parameters = {};
    std::vector<Message> messages = {};
    std::string file = {};                     ///< Of the model, for people.
    std::vector<std::string> adapters = {};    ///< Its LoRA files.
    std::string draft = {};                    ///< The file of its draft model; empty for none.
    std::vector<std::string> projectors = {};  ///< Its projectors' files.
    /// Keys of the model's file and their values as JSON.
    std::vector<std::pair<std::string, std::string>> metadata = {};
    /// The same of its first projector; empty without one.
    std::vector<std::pair<std::string, std::string>> projector_metadata = {};

    struct Tensor {
        std::string name = {};
        std::string type = {};
        std::vector<std::uint64_t> shape = {};
    };
    std::vector<Tensor> tensors = {};
};

/// A model that is loaded.
struct RunningModel {
    ModelInfo info = {};
    std::int64_t size_bytes = 0;
    std::int64_t gpu_bytes = 0;
    std::int32_t context_length = 0;
    WallTime expires_at = {};
};

}  // namespace mullama::api
