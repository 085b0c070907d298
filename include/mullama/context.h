#pragma once

#include <mullama/batch.h>
#include <mullama/memory.h>
#include <mullama/model.h>
#include <mullama/result.h>
#include <mullama/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

namespace mullama {

/// How the hidden states of a sequence become one embedding.
enum class Pooling : std::uint8_t {
    kModel,  ///< As the model's file says; kNone where it says nothing.
    kNone,   ///< Not at all: one embedding per token.
    kMean,
    kCls,   ///< The first token's.
    kLast,  ///< The last token's.
    kRank,  ///< Through a reranker's classifier: its scores in place of an embedding.
};

/// Which tokens a token may look at.
enum class Attention : std::uint8_t {
    kModel,  ///< As the model's file says.
    kCausal,
    kNonCausal,
};

/// Whether attention is computed in one fused operation (arXiv 2205.14135).
enum class FlashAttention : std::uint8_t {
    kAuto,  ///< Where the device has it.
    kOff,
    kOn,
};

/// How positions past the trained context are scaled.
enum class RopeScaling : std::uint8_t { kModel, kNone, kLinear, kYarn, kLongRope };

/// Number format of the KV cache, with its bytes for 32 values.
enum class CacheType : std::uint8_t {
    kF32,    ///< 128
    kF16,    ///< 64
    kBf16,   ///< 64
    kQ8_0,   ///< 34
    kQ5_1,   ///< 24
    kQ5_0,   ///< 22
    kQ4_1,   ///< 20
    kQ4_0,   ///< 18
    kIq4Nl,  ///< 18
};

/// How to make a Context. Counts are in tokens unless they say otherwise.
struct ContextOptions {
    /// KV cells of all sequences together; 0 = what the model was trained for. Rounded up to a
    /// multiple of 256.
    std::int32_t context_length = 0;
    /// The most entries of one decode(), >= 1. Cut down to `context_length`.
    std::int32_t batch_size = 2048;
    /// The most entries of one pass through the graph, >= 1: larger is faster for prompts and
    /// needs more memory. Cut down to `batch_size`.
    std::int32_t ubatch_size = 512;
    /// Sequences side by side, 1 to 256.
    std::int32_t sequences_max = 1;
    /// The most entries of one pass whose logits are asked for, 1 to `batch_size`; 0 =
    /// `batch_size`. With a large vocabulary each costs up to a MiB of working memory.
    std::int32_t outputs_max = 0;
    /// Threads for steps of one token; 0 = one per core that this process may use.
    std::int32_t threads = 0;
    /// Threads for longer steps; 0 = as `threads` when that is set, else one per core.
    std::int32_t threads_batch = 0;

    /// Compute embeddings along with logits.
    bool embeddings = false;
    /// What embeddings are made from the hidden states; needs `embeddings`.
    Pooling pooling = Pooling::kModel;
    /// Which tokens a token may look at.
    Attention attention = Attention::kModel;
    /// Whether to fuse attention.
    FlashAttention flash_attention = FlashAttention::kAuto;

    /// Number format of cached keys and values. A quantized `value_type` needs flash attention.
    CacheType key_type = CacheType::kF16;
    /// As `key_type`, for values.
    CacheType value_type = CacheType::kF16;
    /// One cache that all sequences share; false gives each `context_length / sequences_max`.
    bool unified = true;
    /// Keep whole sequences in sliding-window layers too, so that they can be cut back and shared.
    bool swa_full = true;
    /// Past states to keep per sequence of a recurrent model, so that remove() can step back over
    /// that many tokens; 0 = none.
    std::int32_t recurrent_snapshots = 0;

    /// How positions past the trained context are scaled.
    RopeScaling rope_scaling = RopeScaling::kModel;
    float rope_frequency_base = 0.0F;   ///< 0 = the model's.
    float rope_frequency_scale = 0.0F;  ///< 0 = the model's.
    /// YaRN (arXiv 2309.00071); below 0 = the model's.
    float yarn_extrapolation = -1.0F;
    /// Magnitude of attention; below 0 = the model's.
    float yarn_attention = -1.0F;
    /// Low end of the correction; below 0 = the model's.
    float yarn_beta_fast = -1.0F;
    /// High end of the correction; below 0 = the model's.
    float yarn_beta_slow = -1.0F;
    std::int32_t yarn_original_context = 0;  ///< 0 = the model's.

    bool offload_kqv = true;  ///< Keep the KV cache on the GPU, where there is one.
    bool op_offload = true;   ///< Compute large host tensors on the GPU, where there is one.
    bool perf = true;         ///< Measure what perf() tells.
};

/// What a Context has done since it was made or since reset_perf().
struct PerfCounters {
    double load_ms = 0.0;    ///< Loading the model, its first pass included.
    double prompt_ms = 0.0;  ///< In steps of more than one token.
    double decode_ms = 0.0;  ///< In steps of one token.
    /// Tokens in steps of more than one.
    std::int32_t prompt_tokens = 0;
    /// Tokens in steps of one.
    std::int32_t decode_tokens = 0;
    std::int32_t graphs_reused = 0;  ///< Steps that needed no new graph.
};

/// One computation on a model: its memory of sequences and the buffers to compute the next tokens.
/// It keeps a lease on its Model.
/// Threads: one thread at a time, and best the same one for life: the engine's worker threads
///          belong to the thread that first computes.
class Context {
  public:
    /// Errors:  kInvalidArgument: an option out of range, or options that exclude each other.
    ///          kUnsupported: a model without weights, or one that cannot do what was asked.
    ///          kExhausted: not enough memory.
    static Result<Context> create(const Model& model, const ContextOptions& options = {});

    /// Takes over what the other holds; the other can then only be destroyed or assigned to.
    Context(Context&&) noexcept;
    /// As above.
    Context& operator=(Context&&) noexcept;
    ~Context();

    /// Computes the entries of `batch`, which follow those in memory(), and remembers them.
    /// Afterwards logits() and embeddings() give the outputs asked for.
    /// Errors:  kInvalidArgument: an empty batch, more entries than batch_size(), a token outside
    ///          the vocabulary, a sequence outside [0, sequences_max), or positions that do not
    ///          follow on; memory unchanged. kExhausted: no free KV cells; memory unchanged.
    ///          kCancelled: the abort function said so; part of the batch may be in memory: cut it
    ///          back with memory().remove(). kInternal: likewise, after a failure of the engine.
    ///          kUnsupported: the model has no decoder.
    /// Threads: the context's thread only. Blocks for the whole step.
    /// Source:  return codes of llama_decode() in llama.h.
    Result<void> decode(const Batch& batch);

    /// Computes the entries of `batch` with the model's encoder, without memory. The batch has at
    /// most ubatch_size() entries.
    /// Errors:  as decode().
    Result<void> encode(const Batch& batch);

    /// The logits of an entry of the last batch that asked for them; -1 = of the last such.
    /// Shape:   [vocab.size()] float32; valid until the next decode() or encode().
    /// Errors:  kInvalidArgument: nothing computed yet, no such entry, or it did not ask.
    ///          kUnsupported: a context that gives embeddings only.
    Result<std::span<const float>> logits(std::int32_t batch_index);

    /// The embedding of an entry of the last batch; -1 = of the last that asked.
    /// Shape:   [model.embedding_length_output()] float32; valid until the next decode() or
    ///          encode().
    /// Errors:  kInvalidArgument: nothing computed yet, no such entry, or it did not ask.
    ///          kUnsupported: made without `embeddings`, or with pooling.
    Result<std::span<const float>> embeddings(std::int32_t batch_index);

    /// The pooled embedding of a sequence of the last batch, or a reranker's scores.
    /// Shape:   [model.embedding_length_output()] float32, with Pooling::kRank [number of
    ///          classifier outputs]; valid until the next decode() or encode().
    /// Errors:  kInvalidArgument: no such sequence in the last batch. kUnsupported: made without
    ///          `embeddings`, or without pooling.
    Result<std::span<const float>> sequence_embedding(SequenceId sequence);

    /// What the context remembers. A view, valid as long as this Context.
    Memory memory();

    /// Sets the threads for steps of one token and for longer ones, 0 = one per core.
    /// Errors:  kInvalidArgument: below 0 or above 512.
    Result<void> set_threads(std::int32_t threads, std::int32_t threads_batch);

    /// Sets the function that a running decode() asks whether to stop: true ends it with
    /// kCancelled. Empty = never. Checked between the operations of the graph on the CPU; other
    /// devices finish their pass.
    /// Threads: set it between steps. It is called on a worker thread, often: it must be quick,
    ///          must not throw and must not use this Context.
    void set_abort(std::function<bool()> should_abort);

    /// Turns embeddings on or off for the next steps.
    void set_embeddings(bool on);
    /// Turns causal attention on or off for the next steps.
    void set_causal_attention(bool on);
    /// Whether tokens look only at those before them.
    bool causal_attention() const;

    /// Waits for a device that still computes. Functions that give outputs do it themselves.
    void synchronize();

    /// What was done so far; zeros where ContextOptions::perf is off.
    PerfCounters perf() const;
    /// Sets what perf() tells back to zero.
    void reset_perf();

    /// The model that it computes.
    const Model& model() const;
    /// KV cells of all sequences together.
    std::int32_t context_length() const;
    /// The most tokens of one sequence.
    std::int32_t sequence_length_max() const;
    /// The most entries of one decode().
    std::int32_t batch_size() const;
    /// The most entries of one pass through the graph.
    std::int32_t ubatch_size() const;
    /// Sequences side by side.
    std::int32_t sequences_max() const;
    /// Threads for steps of one token.
    std::int32_t threads() const;
    /// Threads for longer steps.
    std::int32_t threads_batch() const;
    /// Never Pooling::kModel.
    Pooling pooling() const;
    /// The options it was made with, as given.
    const ContextOptions& options() const;

  private:
    friend struct Handles;

    explicit Context(std::unique_ptr<ContextImpl> impl);

    std::unique_ptr<ContextImpl> impl_;
};

}  // namespace mullama
