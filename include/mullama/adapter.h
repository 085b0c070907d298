#pragma once

#include <mullama/context.h>
#include <mullama/model.h>
#include <mullama/result.h>
#include <mullama/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace mullama {

/// A LoRA adapter (arXiv 2106.09685) or a control vector (arXiv 2310.01405) for all layers in
/// memory, for one model, on whose lease it lives. Copies are leases on the same adapter.
/// Threads: immutable, thread-safe.
class Adapter {
  public:
    /// Loads a GGUF file of an adapter for `model`.
    /// Errors:  kNotFound: no such file. kCorrupt: not a sound GGUF file. kInvalidArgument: neither
    ///          a LoRA adapter nor a control vector, or one for another model. kUnsupported: the
    ///          model has no weights. kExhausted: not enough memory.
    /// Threads: any, while no Context of the model computes on a GPU.
    static Result<Adapter> load(const Model& model, const std::filesystem::path& path);

    /// The model that it is for.
    const Model& model() const;
    /// The file's metadata as text, without arrays; of a control vector the architecture only.
    const std::map<std::string, std::string>& metadata() const;
    /// Whether it is a control vector: it adds its directions times its scale, and those of all in
    /// use add up.
    bool is_control_vector() const;
    /// What the weights are scaled by is `alpha` over their rank; 0 = not scaled.
    float alpha() const;
    /// For an activated LoRA (arXiv 2504.12397): the tokens from whose place on it applies; empty
    /// for others.
    std::span<const Token> invocation_tokens() const;

    /// Whether both are leases on the same loaded adapter.
    friend bool operator==(const Adapter& a, const Adapter& b) { return a.impl_ == b.impl_; }

  private:
    struct Impl;
    friend struct AdapterHandles;

    explicit Adapter(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

    std::shared_ptr<const Impl> impl_;
};

/// An adapter and how strongly it works.
struct AdapterScale {
    /// The adapter; a lease.
    Adapter adapter;
    float scale = 1.0F;  ///< Finite; 0 = not at all.

    friend bool operator==(const AdapterScale&, const AdapterScale&) = default;
};

/// Makes `adapters` the adapters of a context, from its next step on, in place of those it has; an
/// empty set removes all. What the context remembers was computed with the old ones: clear its
/// memory to start anew.
/// Errors:  kInvalidArgument: an adapter of another model, twice the same, a scale that is not
///          finite, or a control vector where set_control_vector() has set one. kExhausted: not
///          enough memory for a control vector. Nothing has changed.
/// Threads: the context's thread only.
Result<void> set_adapters(Context& context, std::span<const AdapterScale> adapters);

/// Adds one adapter to a context's, or changes its scale.
/// Errors:  as set_adapters().
Result<void> add_adapter(Context& context, const Adapter& adapter, float scale = 1.0F);

/// Removes one adapter from a context's.
/// Errors:  kNotFound: the context does not use it.
Result<void> remove_adapter(Context& context, const Adapter& adapter);

/// The adapters of a context. Valid until they are set again.
std::span<const AdapterScale> adapters(const Context& context);

/// A file with directions, and how strongly to use them.
struct ControlVectorFile {
    /// A GGUF file.
    std::filesystem::path path;
    float scale = 1.0F;  ///< Finite; below 0 = the opposite direction.
};

/// Directions to add to the hidden states of layers (representation engineering, arXiv 2310.01405).
struct ControlVector {
    /// Floats in one direction: Model::embedding_length().
    std::int32_t embedding_length = 0;
    /// Shape: [layers, embedding_length] float32, row-major; the first row is for layer 1, since
    ///        layer 0 has none. Rows of zeros do nothing.
    std::vector<float> directions;
};

/// Reads control vectors from GGUF files and adds them up.
/// Errors:  kNotFound, kCorrupt: as GgufFile::open(). kInvalidArgument: no file, a scale that is
///          not finite, or files of different lengths. kCorrupt too for a file that holds other
///          things than directions.
/// Source:  common_control_vector_load() of llama.cpp.
Result<ControlVector> load_control_vector(std::span<const ControlVectorFile> files);

/// Adds a control vector in layers `first_layer` to `last_layer`, from the next step on, in place
/// of the one before. -1 as `last_layer` = the last one.
/// Errors:  kInvalidArgument: made for another embedding length or for more layers, a range that
///          is empty, or an adapter in use is a control vector. kExhausted: not enough memory.
/// Threads: the context's thread only.
Result<void> set_control_vector(
    Context& context,
    const ControlVector& vector,
    std::int32_t first_layer = 1,
    std::int32_t last_layer = -1
);

/// Takes the control vector away again.
/// Threads: the context's thread only.
void clear_control_vector(Context& context);

}  // namespace mullama
