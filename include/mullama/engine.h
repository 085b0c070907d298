#pragma once

#include <mullama/adapter.h>
#include <mullama/context.h>
#include <mullama/event_stream.h>
#include <mullama/model.h>
#include <mullama/result.h>
#include <mullama/tokenizer.h>
#include <mullama/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

namespace mullama {

/// How an engine serves a model. The defaults suit a few users on one machine.
struct EngineOptions {
    /// Tokens that one request can take, prompt and answer together. 0 = what the model was
    /// trained for; cut down to that.
    std::int32_t context_length = 4096;
    /// Requests computed side by side, 1 to 255. Others wait in the queue.
    std::int32_t sequences_max = 4;
    /// KV cells that all running requests share: each reserves its prompt and `max_tokens`, or
    /// `context_length` without a limit, before it starts. 0 = `context_length * sequences_max`.
    /// Where it is smaller than `context_length`, it is the limit of one request too.
    std::int32_t kv_cells = 0;
    /// The most main memory, in bytes, for the beginnings of prompts and answers that were
    /// computed: requests that begin alike spare computing them again, and those that run share
    /// their cells. 0 = each computes its own; below 0 = a sixteenth of the machine's memory, used
    /// as needed. Has no effect on prompts with pictures.
    std::int64_t prefix_cache_bytes = -1;
    /// A folder, made where there is none, for the same on disk, so that it outlives the engine and
    /// the process: empty = nothing is written. The files hold what users have said; only the
    /// owner can read them.
    std::filesystem::path snapshot_folder = {};
    /// The most bytes in that folder, >= 0; what was used least recently goes first. Engines of
    /// several models that share it keep to that when each starts, and alone, but not together.
    std::int64_t snapshot_bytes = std::int64_t{4} << 30;
    /// The most tokens of one step, >= `sequences_max`.
    std::int32_t batch_size = 2048;
    /// The most tokens of one pass through the graph.
    std::int32_t ubatch_size = 512;
    /// The most prompt tokens of one step while answers are being generated, >= 1. Otherwise it is
    /// `ubatch_size`.
    std::int32_t prefill_chunk = 256;
    /// About how much time prompts may add to such a step, in milliseconds, which makes it less
    /// than `prefill_chunk` on slow machines: smaller keeps the answers flowing, larger reads
    /// prompts faster. Up to 2.5 times that where this makes it 64 to 96 tokens, which a CPU
    /// computes faster than fewer. 0 = any time.
    std::int64_t prefill_budget_ms = 150;
    /// The most tokens of one step, of all requests together, that are guessed to come next and
    /// verified at once, 0 to 256; 0 = none. A guess is what an answer went on with where it, or
    /// its prompt, was like this before. They are verified where that has been faster. The answers
    /// are the same, but for how kernels round steps of other shapes. Has no effect on recurrent
    /// and hybrid models.
    std::int32_t draft_max = 16;
    /// A smaller model with the same vocabulary that guesses where the text does not tell, if that
    /// has been faster. It reads what the answers say and takes KV cells of its own for that, at
    /// most as many as the model. Has no effect on prompts with pictures, nor on recurrent and
    /// hybrid models.
    std::optional<Model> draft_model = {};
    /// Threads of a step; 0 as in ContextOptions, and fewer while other programs keep cores busy.
    std::int32_t threads = 0;
    /// Threads for steps of more than one token; 0 as in ContextOptions.
    std::int32_t threads_batch = 0;
    /// As in ContextOptions.
    FlashAttention flash_attention = FlashAttention::kAuto;
    /// Number format of cached keys.
    CacheType key_type = CacheType::kF16;
    /// Number format of cached values.
    CacheType value_type = CacheType::kF16;
    /// Requests that may wait beside `sequences_max` running ones, >= 0; more are refused with
    /// kExhausted.
    std::int32_t queue_max = 512;
    /// Events that wait in one stream for its reader, >= 1. A full stream pauses its request.
    std::int32_t stream_capacity = 256;
    /// How long a full stream may go unread before its request ends with kTimeout; 0 = for ever.
    std::int64_t stall_timeout_ms = 30000;
    /// What changes the model; of this model. A request may use them otherwise, see
    /// GenerateRequest::adapters.
    std::vector<AdapterScale> adapters = {};
    /// Stands in for the model's own tokenizer, which null means.
    std::shared_ptr<const Tokenizer> tokenizer = {};
};

/// What an engine is: fixed while it lives.
struct EngineInfo {
    std::int32_t context_length = 0;  ///< The most tokens of one request.
    /// Requests computed side by side.
    std::int32_t sequences_max = 0;
    /// KV cells of all requests together.
    std::int32_t kv_cells = 0;
    /// The most tokens of one step.
    std::int32_t batch_size = 0;
    /// Tokens that the model knows.
    std::int32_t vocab_size = 0;
    /// The most guesses that a step verifies; 0 = none.
    std::int32_t draft_max = 0;
};

/// What an engine does now, and has done so far (the counters).
struct EngineStats {
    std::int32_t running = 0;        ///< Requests that hold KV cells.
    std::int32_t queued = 0;         ///< Requests that wait for a place.
    std::int32_t kv_cells_used = 0;  ///< Cells that hold a token; a shared one for each request.
    std::int32_t kv_cells_reserved = 0;  ///< Cells promised to running requests.
    /// All cells there are.
    std::int32_t kv_cells_total = 0;
    std::int64_t prefix_cache_bytes = 0;  ///< Memory that beginnings of texts are kept in.
    std::int64_t snapshot_bytes = 0;      ///< Those on disk, of this model.
    std::int64_t prompt_tokens = 0;       ///< Counter: prompt tokens computed.
    std::int64_t generated_tokens = 0;    ///< Counter: tokens generated.
    std::int64_t drafted_tokens = 0;      ///< Counter: guessed tokens that were verified.
    std::int64_t accepted_tokens = 0;     ///< Counter: those of them that were right.
    std::int64_t steps = 0;               ///< Counter: decodes.
    std::int64_t preemptions = 0;         ///< Counter: requests that began again later.
};

/// One loaded model that answers many requests at a time. Only values cross this interface, so
/// that the engine may live in another process.
/// Threads: thread-safe.
class Engine {
  public:
    /// Ends all requests; streams that are still open end with kUnavailable.
    virtual ~Engine() = default;

    /// Takes a request and gives the stream of its answer; the work starts when there is room.
    /// Errors:  kInvalidArgument: an empty prompt, one longer than the context, or an option out of
    ///          range; the message names it. kExhausted: the queue is full, try again later.
    ///          kUnavailable: shutting down. kUnsupported: an option that the model cannot do.
    /// Threads: any. Tokenizes on the calling thread; does not wait for the engine.
    virtual Result<EventStream> submit(GenerateRequest request) = 0;

    /// What it is.
    virtual EngineInfo info() const = 0;
    /// What it does, as of its last step.
    virtual EngineStats stats() const = 0;
};

/// Starts an engine in this process, with a thread of its own that does all computing. It keeps a
/// lease on the model.
/// Errors:  kInvalidArgument: an option out of range, or a tokenizer with more tokens than the
///          model. kUnsupported: a model that cannot generate. kExhausted: not enough memory.
Result<std::unique_ptr<Engine>> make_local_engine(
    const Model& model, const EngineOptions& options = {}
);

}  // namespace mullama
