#pragma once

#include <mullama/adapter.h>
#include <mullama/context.h>
#include <mullama/model.h>
#include <mullama/result.h>
#include <mullama/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mullama {

/// What each embedding is divided by; one that is all zeros stays so.
enum class Normalization : std::uint8_t {
    kNone,
    kMaxAbs,     ///< Its largest value over 32760, so that it fits 16-bit integers.
    kTaxicab,    ///< The sum of its absolute values.
    kEuclidean,  ///< Its length, so that dot products are cosines.
    kPNorm,      ///< The p-th root of the sum of p-th powers, with EmbedOptions::p.
};

/// How to make an Embedder.
struct EmbedderOptions {
    /// How a text's tokens become one embedding. kModel: as the model's file says, and the last
    /// token's where it says nothing. kNone: only embed_tokens() works with a model that reads in
    /// both directions.
    Pooling pooling = Pooling::kModel;
    /// The most tokens of one text; 0 = what the model was trained for, at most
    /// Embedder::kUsualLengthMax.
    std::int32_t context_length = 0;
    /// Tokens to compute at once, of as many texts as there are room for. Raised to
    /// `context_length` with a model that reads in both directions.
    std::int32_t batch_size = 512;
    /// Texts to compute at once, 1 to 256.
    std::int32_t sequences_max = 64;
    std::int32_t threads = 0;  ///< 0 = one per core.
    /// What changes the model; of this model.
    std::vector<AdapterScale> adapters = {};
};

/// How to embed.
struct EmbedOptions {
    /// What each embedding is divided by.
    Normalization normalization = Normalization::kEuclidean;
    std::int32_t p = 2;  ///< For Normalization::kPNorm, 1 to 100.
    /// Cut texts that are too long at their end; false makes them an error.
    bool truncate = true;
    /// The most tokens of one text; 0 = what the embedder takes. Cut down to that.
    std::int32_t tokens_max = 0;
    /// Keep this many values of each embedding, before normalizing (Matryoshka, arXiv 2205.13147);
    /// 0 = all.
    std::int32_t dimensions = 0;
};

/// One embedding per text.
struct Embeddings {
    /// In the order of the texts. With Pooling::kRank the classifier's scores, as they are.
    std::vector<std::vector<float>> rows;
    std::int64_t tokens = 0;  ///< Tokens computed.
};

/// The scores of documents.
struct Ranking {
    /// One for each document, in their order: the higher the better.
    std::vector<float> scores = {};
    /// Whether they are logits, without bounds, whose sigmoid is a probability.
    bool are_logits = false;
    std::int64_t tokens = 0;  ///< Tokens computed.
};

/// One embedding per token of a text.
struct TokenEmbeddings {
    /// The text's tokens.
    std::vector<Token> tokens;
    /// Shape: [tokens.size(), dimensions] float32, row-major.
    std::vector<float> rows;
};

/// Turns texts into embeddings, on a Context of its own.
/// Threads: one thread at a time, and best the same one for life. Calls block until done.
class Embedder {
  public:
    /// More tokens than these take a lot of memory, so they have to be asked for.
    static constexpr std::int32_t kUsualLengthMax = 8192;

    /// Errors:  kInvalidArgument: an option out of range. kUnsupported: a model with an encoder and
    ///          a decoder, or without weights, or kRank without a classifier. kExhausted: not
    ///          enough memory.
    static Result<Embedder> create(const Model& model, const EmbedderOptions& options = {});

    /// Takes over what the other holds; the other can then only be destroyed or assigned to.
    Embedder(Embedder&&) noexcept;
    /// As above.
    Embedder& operator=(Embedder&&) noexcept;
    ~Embedder();

    /// Errors:  kInvalidArgument: an option out of range, a text without tokens, or one too long
    ///          ("the input length exceeds the context length"). kUnsupported: Pooling::kNone.
    ///          kInternal: the model computed NaN or infinity.
    Result<Embeddings> embed(std::span<const std::string> texts, const EmbedOptions& options = {});

    /// As above, of texts that are tokens already, special ones included.
    Result<Embeddings> embed_tokenized(
        std::span<const std::vector<Token>> texts, const EmbedOptions& options = {}
    );

    /// How well each document answers a query, as a model with a classifier (Pooling::kRank) sees
    /// it.
    /// Errors:  as embed(). kUnsupported: made with another pooling.
    /// Source:  format_prompt_rerank() of llama.cpp's server.
    Result<Ranking> rank(
        std::string_view query,
        std::span<const std::string> documents,
        const EmbedOptions& options = {}
    );

    /// For late interaction, see max_sim().
    /// Errors:  as embed(). kUnsupported: the model reads in both directions and this was made with
    ///          a pooling other than kNone.
    Result<std::vector<TokenEmbeddings>> embed_tokens(
        std::span<const std::string> texts, const EmbedOptions& options = {}
    );

    /// Values in each embedding; with Pooling::kRank the number of scores.
    std::int32_t dimensions() const;
    /// Never Pooling::kModel.
    Pooling pooling() const;
    /// The most tokens of one text.
    std::int32_t context_length() const;
    /// The model that it computes.
    const Model& model() const;

  private:
    struct Impl;

    explicit Embedder(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

/// Divides `values` in place. `p` is for Normalization::kPNorm.
/// Source:  common_embd_normalize() of llama.cpp.
void normalize(std::span<float> values, Normalization normalization, std::int32_t p = 2);

/// The sum of products. Both have the same length.
float dot(std::span<const float> a, std::span<const float> b);

/// The cosine of the angle between two vectors of the same length, -1 to 1; 0 where one of them is
/// all zeros, 1 where both are.
float cosine_similarity(std::span<const float> a, std::span<const float> b);

/// A row and how near it is.
struct Neighbor {
    /// Which row, from 0.
    std::size_t row = 0;
    /// Its cosine to the query.
    float score = 0.0F;

    friend bool operator==(const Neighbor&, const Neighbor&) = default;
};

/// The `k` rows most similar to `query` by cosine, the nearest first; of equals the first.
/// Shape:   `query` [n], `rows` [count, n] float32, row-major.
/// Errors:  kInvalidArgument: an empty query, or `rows` is no whole number of rows.
Result<std::vector<Neighbor>> top_k(
    std::span<const float> query, std::span<const float> rows, std::size_t k
);

/// ColBERT's late interaction (arXiv 2004.12832): for each row of the query the best dot product
/// with a row of the document, summed up. Rows are normalized before, as embed_tokens() does.
/// Shape:   [query tokens, dimensions] and [document tokens, dimensions] float32, row-major.
/// Errors:  kInvalidArgument: `dimensions` below 1, or no whole number of rows, or no rows.
Result<float> max_sim(
    std::span<const float> query, std::span<const float> document, std::int32_t dimensions
);

}  // namespace mullama
