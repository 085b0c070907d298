#pragma once

#include <mullama/result.h>
#include <mullama/types.h>
#include <mullama/vocab.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace mullama {

struct ModelImpl;

/// How a model is spread over several GPUs.
enum class SplitMode : std::uint8_t {
    kNone,    ///< Everything on `main_gpu`.
    kLayer,   ///< Whole layers, with their KV cells, on each GPU.
    kRow,     ///< Rows of each tensor on each GPU, where the backend can.
    kTensor,  ///< Tensor parallelism, where the backend can.
};

/// How the weights get into memory.
enum class LoadMode : std::uint8_t {
    kAuto,       ///< What suits the devices; memory mapping on a CPU.
    kRead,       ///< Read into memory of the process's own.
    kMmap,       ///< Map the file; the system reads pages as they are used.
    kMlock,      ///< Read, and keep the system from swapping them out.
    kMmapMlock,  ///< Map, and keep the system from dropping pages.
    kDirectIo,   ///< Read past the page cache where the file system can.
};

/// A value that stands in for one in the file's metadata.
using MetadataValue = std::variant<std::int64_t, double, bool, std::string>;

/// One metadata key to replace while loading, for example {"llama.context_length", 8192}.
struct MetadataOverride {
    std::string key;                        ///< At most 127 bytes.
    MetadataValue value = std::int64_t{0};  ///< A string has at most 127 bytes.
};

/// How to load a model. The defaults load everything onto the best devices there are.
struct ModelOptions {
    /// Layers to put on GPUs, 0 = none, -1 = all. Without a GPU it changes nothing.
    std::int32_t gpu_layers = -1;
    /// How the model is spread over several GPUs.
    SplitMode split_mode = SplitMode::kLayer;
    /// The GPU that takes the whole model with SplitMode::kNone, counted from 0 in `devices`.
    std::int32_t main_gpu = 0;
    /// Share of the model for each GPU, in any unit, each >= 0; empty = by free memory. At most
    /// 16 on most builds.
    std::vector<float> tensor_split = {};
    /// Names of the devices to use (see devices() in device.h); empty = all.
    std::vector<std::string> devices = {};
    /// How the weights get into memory.
    LoadMode load_mode = LoadMode::kAuto;
    /// Load the vocabulary and metadata only: no weights, so no Context.
    bool vocab_only = false;
    /// Check the values of every tensor for NaN and infinities: reads the whole file.
    bool check_tensors = false;
    /// Rearrange weights for other kernels while loading, where the CPU has them; unset: where
    /// these are faster, as is measured for each type of weights. What is not rearranged stays
    /// mapped and shared.
    std::optional<bool> repack = {};
    /// Where what was measured is kept for the next process; empty: nowhere.
    std::filesystem::path tuning_file = {};
    /// Measure anew what this process or `tuning_file` knows.
    bool retune = false;
    /// At most 64.
    std::vector<MetadataOverride> metadata_overrides = {};
    /// Called on the loading thread with 0.0 to 1.0; false ends the load with kCancelled.
    std::function<bool(float progress)> on_progress = {};
};

/// The weights and vocabulary of one model, in memory. Copies are leases on the same weights,
/// which are freed with the last copy.
/// Threads: immutable, thread-safe.
class Model {
  public:
    /// Loads a GGUF file; where it is the first of a split model, its other parts beside it too.
    /// Each file is checked before the engine sees it.
    /// Errors:  kNotFound: no such file. kInvalidArgument: a directory, or an option out of range.
    ///          kCorrupt: not a sound GGUF file of a model. kUnsupported: an architecture or tensor
    ///          type that the engine does not know. kCancelled: `on_progress` said so. kExhausted:
    ///          not enough memory. kIo: the system refused to read.
    /// Threads: any. Blocks until all is loaded, seconds to minutes.
    static Result<Model> load(const std::filesystem::path& path, const ModelOptions& options = {});

    /// Loads a model from its parts, in order, whatever their names.
    /// Errors:  as load(); kInvalidArgument where `paths` is empty.
    static Result<Model> load_splits(
        std::span<const std::filesystem::path> paths, const ModelOptions& options = {}
    );

    /// Writes metadata, vocabulary and weights as one GGUF file, in place of one that is there.
    /// Errors:  kIo: the file cannot be written. kInvalidArgument: `path` is no regular file.
    ///          kUnsupported: loaded with `vocab_only`, loaded with its weights rearranged, or the
    ///          engine cannot write this architecture.
    Result<void> save(const std::filesystem::path& path) const;

    /// The vocabulary. Borrowed: valid as long as any copy of this Model.
    const Vocab& vocab() const;

    /// Tokens of context that the model was trained for.
    std::int32_t context_length_train() const;
    /// Floats in one hidden state.
    std::int32_t embedding_length() const;
    /// Floats in one row that Batch::add_embedding() takes.
    std::int32_t embedding_length_input() const;
    /// Floats in one embedding that a Context gives.
    std::int32_t embedding_length_output() const;
    /// Number of layers.
    std::int32_t layers() const;
    /// Attention heads of the first layer.
    std::int32_t heads() const;
    /// Heads of keys and values of the first layer; fewer than heads() with grouped queries.
    std::int32_t heads_kv() const;
    /// Tokens that sliding-window layers look back over; 0 without such layers.
    std::int32_t sliding_window() const;
    /// Bytes of all tensors.
    std::uint64_t size_bytes() const;
    /// Whether weights have been rearranged, where the CPU has kernels for it.
    bool is_repacked() const;
    /// Number of weights.
    std::uint64_t parameters() const;
    /// For people, for example "llama 135M Q4_1".
    std::string description() const;
    /// The architecture's name in the file, for example "llama".
    std::string architecture() const;
    /// The quantization as the file names it, for example "Q4_K - Medium".
    std::string file_type() const;
    /// The scale of positions that it was trained with.
    float rope_frequency_scale_train() const;

    /// One scalar or string of the metadata as text, or nothing where the file lacks it.
    std::optional<std::string> metadata(const std::string& key) const;
    /// All scalars and strings of the metadata as text.
    std::map<std::string, std::string> metadata() const;
    /// The Jinja chat template, the default one or that of a name such as "tool_use"; nothing
    /// where the file has none.
    std::optional<std::string> chat_template(const std::string& name = {}) const;

    /// Whether it was loaded without weights.
    bool vocab_only() const;
    /// Whether it has an encoder, so that Context::encode() must come first.
    bool has_encoder() const;
    /// Whether Context::decode() works with it.
    bool has_decoder() const;
    /// The token that starts a decoder behind an encoder; kNoToken for other models.
    Token decoder_start_token() const;
    /// State-space and linear-attention models (Mamba, RWKV): no cutting back of a sequence.
    bool is_recurrent() const;
    /// Attention and recurrent layers mixed.
    bool is_hybrid() const;
    /// Whether it fills in masked tokens rather than going on from left to right.
    bool is_diffusion() const;
    /// Outputs of a classifier or reranker, with their labels ("" where a label is missing); empty
    /// for other models.
    std::vector<std::string> classifier_labels() const;

    /// Whether both are leases on the same loaded weights.
    friend bool operator==(const Model& a, const Model& b) { return a.impl_ == b.impl_; }

  private:
    friend struct Handles;

    explicit Model(std::shared_ptr<const ModelImpl> impl) : impl_(std::move(impl)) {}

    std::shared_ptr<const ModelImpl> impl_;
};

}  // namespace mullama
