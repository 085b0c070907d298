#pragma once

#include <mullama/gguf.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// Models of a few kilobytes with random weights, for tests that need a model and not its answers.
namespace mullama::test {

/// A model's file before it is written, so that a test can damage any part of it.
struct TinyModel {
    struct Tensor {
        std::string name;
        GgufTensorType type = GgufTensorType::kF32;
        std::vector<std::int64_t> shape;
        std::vector<std::byte> bytes;
    };

    std::vector<GgufEntry> metadata;
    std::vector<Tensor> tensors;

    /// Sets or adds a metadata value.
    void set(std::string_view key, GgufValue value);
    /// Removes a metadata value.
    void drop(std::string_view key);
    /// Adds a tensor of random small numbers.
    void add(std::string name, std::vector<std::int64_t> shape);
    /// Replaces a tensor's shape, with weights to match.
    void reshape(std::string_view name, std::vector<std::int64_t> shape);
    /// Removes a tensor.
    void drop_tensor(std::string_view name);
    /// Writes the file; throws std::runtime_error where that fails.
    void write(const std::filesystem::path& path) const;
};

/// Two layers of a Llama with 300 tokens of SentencePiece, 64 tokens of context.
TinyModel tiny_llama();
/// The same as a GPT-2, with learned positions.
TinyModel tiny_gpt2();
/// The same as an encoder with mean pooling.
TinyModel tiny_bert();
/// The same as a Mamba: a recurrent state in place of a KV cache.
TinyModel tiny_mamba();
/// The same as a T5: an encoder and a decoder.
TinyModel tiny_t5();

}  // namespace mullama::test
