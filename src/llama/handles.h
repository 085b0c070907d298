#pragma once

#include "llama/adapter_set.h"
#include <mullama/batch.h>
#include <mullama/context.h>
#include <mullama/memory.h>
#include <mullama/model.h>
#include <mullama/vocab.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <llama-cpp.h>

namespace mullama {

/// The engine's objects behind our classes, borrowed: valid as long as those. For src/llama and
/// src/chat only.
llama_model* handle(const Model& model);
const llama_vocab* handle(const Vocab& vocab);
llama_context* handle(Context& context);
const llama_context* handle(const Context& context);

/// The way to them; a friend of the classes.
struct Handles {
    static llama_model* model(const Model& model);
    static const llama_vocab* vocab(const Vocab& vocab);
    static ContextImpl& context(Context& context);
    static const ContextImpl& context(const Context& context);
    static std::unique_ptr<const Vocab> make_vocab(const llama_vocab* vocab);
    static const ModelImpl& impl(const Model& model);
    static Model make_model(std::shared_ptr<const ModelImpl> impl);
    /// The batch as the engine reads it: valid as long as both stay unchanged.
    static llama_batch view(const Batch& batch, ContextImpl& context);
};

struct Vocab::Impl {
    const llama_vocab* vocab = nullptr;  ///< Borrowed from the model.
};

/// What a Model holds.
struct ModelImpl {
    llama_model_ptr model;
    std::unique_ptr<const Vocab> vocab;
    std::string architecture;
    std::uint64_t fingerprint = 0;  ///< See fingerprint.h.
    std::uint64_t files = 0;        ///< The same, see there.
    bool vocab_only = false;
    bool repacked = false;    ///< Tensors may no longer be as in the file.
    bool classifier = false;  ///< Has a classification head.
    /// Positions that the model has learned embeddings for; 0 where it has none of that kind.
    std::int64_t positions_max = 0;
};

/// What a Context holds.
struct ContextImpl {
    ContextImpl(Model a_model, const ContextOptions& some_options)
        : model(std::move(a_model)), options(some_options), embeddings(some_options.embeddings) {}

    Model model;  ///< Outlives `context`, which is declared after it.
    ContextOptions options;
    std::function<bool()> should_abort;
    AdapterSet adapters;  ///< Outlives `context`, too.
    llama_context_ptr context;

    bool embeddings = false;  ///< Whether the next step computes embeddings.
    bool encoded = false;     ///< Whether an encoder has run, for a decoder that needs one.
    bool shift_pending =
        false;  ///< The next step first moves positions, which must not stop halfway.
    bool copy_pending = false;  ///< The next step first copies cells from cache to cache.
    bool broken = false;        ///< The engine failed inside a step and must not be used again.

    /// The last step: whether it succeeded, with embeddings, and which entries gave outputs.
    bool computed = false;
    bool computed_embeddings = false;
    std::vector<std::int8_t> outputs;

    /// Memory for what a step hands to the engine.
    std::vector<llama_seq_id*> sequence_rows;
    std::vector<llama_pos> positions;
};

}  // namespace mullama
