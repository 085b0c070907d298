#include "base/error.h"
#include "llama/embed_runner.h"
#include <mullama/embedding.h>

#include <algorithm>
#include <string>
#include <utility>

namespace mullama {
namespace {

constexpr std::int32_t kPMax = 100;

using Tokens = std::vector<Token>;

Result<void> check_options(const EmbedderOptions& options) {
    if (options.context_length < 0 || options.batch_size < 1) {
        return fail(
            ErrorCode::kInvalidArgument,
            "context_length is {} and batch_size is {}: give 0 or more, and 1 or more",
            options.context_length,
            options.batch_size
        );
    }
    if (options.sequences_max >= 1 && options.sequences_max <= Batch::kSequencesMax) return {};
    return fail(
        ErrorCode::kInvalidArgument,
        "sequences_max is {}: it must be between 1 and {}",
        options.sequences_max,
        Batch::kSequencesMax
    );
}

Result<void> check_options(const EmbedOptions& options, std::int32_t dimensions) {
    if (options.dimensions < 0 || options.dimensions > dimensions) {
        return fail(
            ErrorCode::kInvalidArgument,
            "dimensions is {}: the model's embeddings have {}, give 0 for all",
            options.dimensions,
            dimensions
        );
    }
    if (options.p >= 1 && options.p <= kPMax) return {};
    return fail(
        ErrorCode::kInvalidArgument, "p is {}: it must be between 1 and {}", options.p, kPMax
    );
}

// A text that is cut keeps the token that ends it, which some models pool.
Result<Tokens> fit(const Vocab& vocab, Tokens tokens, std::int32_t length, bool truncate) {
    const auto room = static_cast<std::size_t>(length);
    if (tokens.size() <= room) return tokens;
    if (!truncate) {
        return fail(ErrorCode::kInvalidArgument, "the input length exceeds the context length");
    }
    const Token last = tokens.back();
    const bool ends =
        (vocab.add_eos() && last == vocab.eos()) || (vocab.add_sep() && last == vocab.sep());
    tokens.resize(room);
    if (ends) tokens.back() = last;
    return tokens;
}

Result<std::vector<Tokens>> tokenize(const Vocab& vocab, std::span<const std::string> texts) {
    std::vector<Tokens> all;
    for (const std::string& text : texts) {
        auto tokens = vocab.tokenize(text, true, true);
        if (!tokens) return std::move(tokens).error();
        all.push_back(*std::move(tokens));
    }
    return all;
}

Result<std::vector<Tokens>> fit_all(
    const EmbedRunner& runner, std::vector<Tokens> texts, const EmbedOptions& options
) {
    const Vocab& vocab = runner.model().vocab();
    std::int32_t length = runner.length();
    if (options.tokens_max > 0) length = std::min(length, options.tokens_max);
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (texts[i].empty()) {
            return fail(ErrorCode::kInvalidArgument, "text {} is empty and has no tokens", i);
        }
        for (const Token token : texts[i]) {
            if (vocab.contains(token)) continue;
            return fail(
                ErrorCode::kInvalidArgument,
                "token {} of text {} is not in the vocabulary: tokens are 0 to {}",
                token,
                i,
                vocab.size() - 1
            );
        }
        auto fitting = fit(vocab, std::move(texts[i]), length, options.truncate);
        if (!fitting) return std::move(fitting).error();
        texts[i] = *std::move(fitting);
    }
    return texts;
}

// Query and document as one text, with the marks between them that such models are trained with.
Result<Tokens> pair_tokens(const Vocab& vocab, const Tokens& query, std::string_view document) {
    auto second = vocab.tokenize(document, false, false);
    if (!second) return std::move(second).error();
    Tokens tokens;
    if (vocab.add_bos()) tokens.push_back(vocab.bos());
    tokens.insert(tokens.end(), query.begin(), query.end());
    if (vocab.add_eos()) tokens.push_back(vocab.eos());
    if (vocab.sep() != kNoToken) tokens.push_back(vocab.sep());
    tokens.insert(tokens.end(), second->begin(), second->end());
    if (vocab.add_eos()) tokens.push_back(vocab.eos());
    return tokens;
}

// The engine gives probabilities for rerankers that are made of Qwen3 and have a score for either
// answer; where others have several scores, nothing says what they mean.
bool gives_logits(const EmbedRunner& runner) {
    const std::string architecture = runner.model().architecture();
    return runner.dimensions() == 1 && architecture != "qwen3" && architecture != "qwen3vl";
}

Result<std::vector<float>> finish(std::vector<float> row, const EmbedOptions& options) {
    if (options.dimensions > 0) row.resize(static_cast<std::size_t>(options.dimensions));
    normalize(row, options.normalization, options.p);
    if (all_finite(row)) return row;
    return fail(ErrorCode::kInternal, "embedding contains NaN or Inf values");
}

}  // namespace

struct Embedder::Impl {
    Result<Embeddings> embed(std::vector<Tokens> texts, const EmbedOptions& options);

    EmbedRunner runner;
};

Embedder::Embedder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Embedder::Embedder(Embedder&&) noexcept = default;
Embedder& Embedder::operator=(Embedder&&) noexcept = default;
Embedder::~Embedder() = default;

Result<Embedder> Embedder::create(const Model& model, const EmbedderOptions& options) {
    MULLAMA_TRY(check_options(options));
    if (model.has_encoder() && model.has_decoder()) {
        return fail(
            ErrorCode::kUnsupported,
            "a model with an encoder and a decoder gives no embeddings: use an embedding model"
        );
    }
    auto runner = EmbedRunner::create(model, options);
    if (!runner) return std::move(runner).error();
    return Embedder(std::make_unique<Impl>(Impl{*std::move(runner)}));
}

Result<Embeddings> Embedder::Impl::embed(std::vector<Tokens> texts, const EmbedOptions& options) {
    MULLAMA_TRY(check_options(options, runner.dimensions()));
    if (runner.pooling() == Pooling::kNone) {
        return fail(
            ErrorCode::kUnsupported,
            "this embedder does not pool: use embed_tokens(), or make it with another pooling"
        );
    }
    const auto tokens = fit_all(runner, std::move(texts), options);
    if (!tokens) return tokens.error();
    const bool mean = runner.plan() == EmbedPlan::kTokens && runner.pooling() == Pooling::kMean;
    Embeddings result;
    result.rows.resize(tokens->size());
    MULLAMA_TRY(runner.run(*tokens, true, [&](std::size_t text, std::size_t row, auto values) {
        auto& sum = result.rows[text];
        if (row == 0) sum.assign(values.begin(), values.end());
        if (row == 0 || !mean) return;
        for (std::size_t i = 0; i < values.size(); ++i) sum[i] += values[i];
    }));
    for (std::size_t i = 0; i < tokens->size(); ++i) {
        auto& row = result.rows[i];
        const auto count = (*tokens)[i].size();
        result.tokens += static_cast<std::int64_t>(count);
        if (mean) {
            for (float& value : row) value /= static_cast<float>(count);
        }
        if (runner.pooling() == Pooling::kRank) continue;
        auto finished = finish(std::move(row), options);
        if (!finished) return std::move(finished).error();
        row = *std::move(finished);
    }
    return result;
}

Result<Embeddings> Embedder::embed(
    std::span<const std::string> texts, const EmbedOptions& options
) {
    auto tokens = tokenize(model().vocab(), texts);
    if (!tokens) return std::move(tokens).error();
    return impl_->embed(std::move(tokens).value(), options);
}

Result<Embeddings> Embedder::embed_tokenized(
    std::span<const std::vector<Token>> texts, const EmbedOptions& options
) {
    return impl_->embed({texts.begin(), texts.end()}, options);
}

Result<Ranking> Embedder::rank(
    std::string_view query, std::span<const std::string> documents, const EmbedOptions& options
) {
    if (pooling() != Pooling::kRank) {
        return fail(
            ErrorCode::kUnsupported, "this model does not rerank: use one that is made for it"
        );
    }
    const Vocab& vocab = model().vocab();
    auto first = vocab.tokenize(query, false, false);
    if (!first) return std::move(first).error();
    std::vector<Tokens> pairs;
    for (const std::string& document : documents) {
        auto tokens = pair_tokens(vocab, *first, document);
        if (!tokens) return std::move(tokens).error();
        pairs.push_back(*std::move(tokens));
    }
    auto embedded = impl_->embed(std::move(pairs), options);
    if (!embedded) return std::move(embedded).error();
    Ranking ranking{.are_logits = gives_logits(impl_->runner), .tokens = embedded->tokens};
    for (const auto& row : embedded->rows) {
        ranking.scores.push_back(row.empty() ? 0.0F : row.front());
    }
    return ranking;
}

Result<std::vector<TokenEmbeddings>> Embedder::embed_tokens(
    std::span<const std::string> texts, const EmbedOptions& options
) {
    auto& runner = impl_->runner;
    MULLAMA_TRY(check_options(options, runner.dimensions()));
    if (runner.engine_pools()) {
        return fail(
            ErrorCode::kUnsupported,
            "this embedder pools: make one with Pooling::kNone for the tokens' embeddings"
        );
    }
    auto whole = tokenize(runner.model().vocab(), texts);
    if (!whole) return std::move(whole).error();
    auto tokens = fit_all(runner, std::move(whole).value(), options);
    if (!tokens) return std::move(tokens).error();
    std::vector<TokenEmbeddings> result(texts.size());
    Result<void> finished;
    MULLAMA_TRY(runner.run(*tokens, false, [&](std::size_t text, std::size_t, auto values) {
        auto row = finish({values.begin(), values.end()}, options);
        if (!row) {
            finished = std::move(row).error();
            return;
        }
        result[text].rows.insert(result[text].rows.end(), row->begin(), row->end());
    }));
    if (!finished) return finished.error();
    for (std::size_t i = 0; i < texts.size(); ++i) result[i].tokens = std::move((*tokens)[i]);
    return result;
}

std::int32_t Embedder::dimensions() const {
    return impl_->runner.dimensions();
}

Pooling Embedder::pooling() const {
    return impl_->runner.pooling();
}

std::int32_t Embedder::context_length() const {
    return impl_->runner.length();
}

const Model& Embedder::model() const {
    return impl_->runner.model();
}

}  // namespace mullama
