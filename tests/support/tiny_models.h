#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// Models of a few hundred kilobytes with random weights, made on the spot: they answer nonsense,
/// but llama.cpp loads and runs them like any other. The same seed gives the same file on every
/// machine. All functions throw std::runtime_error where a file cannot be read or written.
namespace mullama::test {

/// The vocabulary file `models/ggml-vocab-<name>.gguf` of the llama.cpp tree.
std::filesystem::path vocab_path(std::string_view name);

/// All `models/ggml-vocab-*.gguf` of the llama.cpp tree, sorted. Throws where there is none.
std::vector<std::filesystem::path> vocab_paths();

struct TinyLlamaOptions {
    /// "llama", or "qwen2vl" for one whose positions have four axes (M-RoPE).
    std::string architecture = "llama";
    std::int64_t layers = 2;
    std::int64_t embedding_length = 64;  ///< A multiple of 2 * heads.
    std::int64_t heads = 4;              ///< A multiple of heads_kv.
    std::int64_t heads_kv = 2;
    std::int64_t feed_forward_length = 128;
    std::int64_t context_length = 512;
    /// A GGUF file to take the tokenizer from; empty for one of 324 tokens: <unk>, <s>, </s>, the
    /// 256 bytes, letters and a few short words, of the kind that Llama 2 has (SPM).
    std::filesystem::path vocab_file = {};
    /// Stored as "tokenizer.chat_template"; empty for none.
    std::string chat_template = {};
};

/// A decoder of the Llama architecture, float32.
void write_tiny_llama(
    const std::filesystem::path& path, std::uint64_t seed, const TinyLlamaOptions& options = {}
);

/// A Mamba: a recurrent state in place of a KV cache. As for the rest like write_tiny_llama(), with
/// 1024 tokens of context.
void write_tiny_mamba(const std::filesystem::path& path, std::uint64_t seed);

/// An LFM2, a hybrid: a layer of attention between two whose state is recurrent. As for the rest
/// like write_tiny_mamba().
void write_tiny_lfm2(const std::filesystem::path& path, std::uint64_t seed);

/// What a projector's pictures are like.
enum class TinyProjectorKind {
    kGemma,  ///< Every picture has 4 rows, which see each other, between two texts.
    kJanus,  ///< Every picture has 16 rows, which see those before them; no texts.
    kQwen,   ///< One row for 8 x 8 pixels, 8 rows at least, on four axes.
};

/// The projector of a model with rows of `embedding_length`: one layer of 32 dimensions, float32.
void write_tiny_projector(
    const std::filesystem::path& path,
    std::uint64_t seed,
    TinyProjectorKind kind = TinyProjectorKind::kGemma,
    std::int64_t embedding_length = TinyLlamaOptions().embedding_length
);

/// How an embedding model joins the vectors of its tokens. The numbers are those of
/// `enum llama_pooling_type`.
enum class TinyPooling : std::uint32_t { kNone = 0, kMean = 1, kCls = 2, kLast = 3, kRank = 4 };

/// An encoder of the BERT architecture: 2 layers, 32 dimensions, 4 heads, 512 positions and the
/// vocabulary of bge (WordPiece, 30522 tokens); with kRank it scores a text by one number.
void write_tiny_bert(
    const std::filesystem::path& path, std::uint64_t seed, TinyPooling pooling = TinyPooling::kMean
);

/// A LoRA adapter for the attention and feed-forward matrices of the model at `base_model`. Both
/// factors are random, so that it changes what the model says.
void write_random_lora(
    const std::filesystem::path& path,
    const std::filesystem::path& base_model,
    std::int64_t rank,
    std::uint64_t seed,
    float alpha
);

/// A control vector with a random direction for each layer from 1 to layers - 1; layer 0 has none.
void write_control_vector(
    const std::filesystem::path& path,
    std::int64_t layers,
    std::int64_t embedding_length,
    std::uint64_t seed
);

}  // namespace mullama::test
