#pragma once

#include <mullama/context.h>
#include <mullama/embedding.h>
#include <mullama/result.h>
#include <mullama/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace mullama {

/// How a model is asked for embeddings. The engine computes logits along with every embedding it
/// gives, so a model that reads forward is asked for as few as will do.
enum class EmbedPlan : std::uint8_t {
    kWhole,      ///< Reads in both directions: whole texts at once, pooled by the engine.
    kTokens,     ///< Reads forward: each token's embedding, pooled by the caller.
    kLastToken,  ///< Reads forward: first all tokens but the last for nothing, then the last ones.
};

/// Runs the tokens of many texts through a context of its own, as many texts at once as fit.
/// Threads: as Context.
class EmbedRunner {
  public:
    /// Takes row `row` of text `text`; `values` are borrowed for the call.
    using Take =
        std::function<void(std::size_t text, std::size_t row, std::span<const float> values)>;

    /// Errors: as Embedder::create().
    static Result<EmbedRunner> create(const Model& model, const EmbedderOptions& options);

    /// Gives `take` the pooled row of each text, or with EmbedPlan::kTokens or without `pooled` a
    /// row for each of its tokens.
    /// Errors: kInternal: NaN or infinity. And those of Context::decode().
    Result<void> run(std::span<const std::vector<Token>> texts, bool pooled, const Take& take);

    const Model& model() const { return context_.model(); }
    /// Whether the engine pools, so that it gives no rows of tokens.
    bool engine_pools() const { return context_.pooling() != Pooling::kNone; }
    Pooling pooling() const { return pooling_; }
    EmbedPlan plan() const { return plan_; }
    /// The most tokens of one text.
    std::int32_t length() const { return length_; }
    /// Values of one row.
    std::int32_t dimensions() const;

  private:
    using Texts = std::span<const std::vector<Token>>;

    EmbedRunner(Context context, Pooling pooling, EmbedPlan plan, std::int32_t length);

    Result<void> run_whole(Texts texts, std::size_t first, bool pooled, const Take& take);
    Result<void> run_tokens(Texts texts, std::size_t first, const Take& take);
    Result<void> run_last(Texts texts, std::size_t first, const Take& take);
    Result<void> run_unseen(Texts texts);
    Result<void> compute();
    std::size_t group_size(Texts texts) const;
    Result<std::span<const float>> row(std::int32_t entry, SequenceId sequence, bool pooled);
    void add(Token token, std::size_t position, std::size_t text, bool output);

    Context context_;
    Batch batch_;
    Pooling pooling_;
    EmbedPlan plan_;
    std::int32_t length_;
};

/// Whether no value is NaN or infinite.
bool all_finite(std::span<const float> values);

}  // namespace mullama
