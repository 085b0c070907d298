#pragma once

#include "api/options.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mullama::api::llamacpp {

/// What GET /props tells of a model.
struct Properties {
    std::string model = {};  ///< Its name.
    std::string file = {};
    std::string quantization = {};
    std::string chat_template = {};
    std::string bos_token = {};
    std::string eos_token = {};
    /// What holds for a request that says nothing.
    OptionValues options = {};
    std::int32_t context_length = 0;
    std::int32_t slots = 0;  ///< Requests computed side by side.
    bool is_loaded = false;
    bool sees = false;         ///< Takes images.
    std::string version = {};  ///< Of this server.
};

/// The slots of one model, as GET /slots tells them.
struct SlotGroup {
    std::string model = {};
    std::int32_t context_length = 0;
    std::int32_t slots = 0;
    std::int32_t busy = 0;
    bool speculative = false;  ///< Whether tokens are guessed.
};

/// The options that hold where neither a request nor the model says otherwise.
Options default_options();

/// The answers of /props and /slots; slots are numbered through all models.
std::string format_properties(const Properties& properties);
std::string format_slots(const std::vector<SlotGroup>& groups);

/// A model's adapter.
struct AdapterInfo {
    std::string file = {};  ///< Its name.
    float scale = 1.0F;     ///< How strongly it is used where a request says nothing.
};

/// The answer of /lora-adapters; a model's adapters are numbered from 0 on.
std::string format_adapters(const std::vector<AdapterInfo>& adapters);

/// The answer of /embedding and /embeddings.
std::string format_embedding(const std::vector<std::vector<float>>& rows);

/// The answer of /v1/chat/completions/input_tokens.
std::string format_input_tokens(std::size_t count);

}  // namespace mullama::api::llamacpp
