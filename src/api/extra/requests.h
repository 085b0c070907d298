#pragma once

#include "api/call.h"
#include "api/mixed_prompt.h"
#include <mullama/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What servers of language models have in common beside the large interfaces.
namespace mullama::api::extra {

/// POST /v1/rerank and /v2/rerank, as Jina, Cohere and TEI's clients ask.
/// Source: api.jina.ai/redoc, docs.cohere.com/reference/rerank, and /rerank of Hugging Face's Text
///         Embeddings Inference, which llama-server takes too.
struct RerankCall {
    ModelUse use = {};
    std::string query = {};
    std::vector<std::string> documents = {};
    /// How many of the best to give; unset for all.
    std::optional<std::int32_t> top_n = {};
    bool return_documents = false;
    /// Give scores as the model does, not from 0 to 1.
    bool raw_scores = false;
    /// Cut documents that are too long.
    bool truncate = true;
    /// TEI's: the documents are called texts, and the answer is a list.
    bool is_tei = false;
};

/// POST /tokenize.
struct TokenizeCall {
    ModelUse use = {};
    MixedPrompt content = {};
    bool add_special = false;
    bool parse_special = true;
    bool with_pieces = false;
};

/// POST /detokenize.
struct DetokenizeCall {
    ModelUse use = {};
    std::vector<Token> tokens = {};
};

/// Each reads a body.
/// Errors:  kInvalidArgument: not of its shape; the message names the field.
/// Threads: any.
Result<RerankCall> parse_rerank(std::string_view body);
Result<TokenizeCall> parse_tokenize(std::string_view body);
Result<DetokenizeCall> parse_detokenize(std::string_view body);

}  // namespace mullama::api::extra
