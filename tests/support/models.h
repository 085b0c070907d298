#pragma once

#include <filesystem>

/// The real models that tests run on, where the store keeps them. Nothing is downloaded.
/// Throws std::runtime_error with the cure where the file is missing.
namespace mullama::test {

/// SmolLM2 135M Instruct, Q4_1: a chat model of the Llama architecture, 98 MB.
std::filesystem::path smollm2_path();

/// Gemma 3 270M, Q4_K_M: a base model with sliding-window attention and 262k tokens, 253 MB.
std::filesystem::path gemma3_path();

}  // namespace mullama::test
