#pragma once

#include "api/extra/requests.h"
#include <mullama/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mullama::api::extra {

/// How well documents answer a query.
struct Scores {
    std::vector<float> values = {};
    /// Whether they have no bounds; clients are told their sigmoid, which is from 0 to 1.
    bool are_logits = false;
    std::int64_t tokens = 0;
};

/// The answer to a call with one score for each of its documents, the best first. `model` is the
/// name of the one that ranked them.
std::string format_ranking(const RerankCall& call, std::string_view model, const Scores& scores);

/// A token and its bytes.
struct TokenPiece {
    Token token = 0;
    std::string piece = {};
};

/// The answer of /tokenize. Pieces that are no valid UTF-8 are lists of bytes, as llama-server has
/// them.
std::string format_tokens(const std::vector<TokenPiece>& tokens, bool with_pieces);

/// The answers of /detokenize and /apply-template.
std::string format_content(std::string_view text);
std::string format_prompt(std::string_view prompt);

}  // namespace mullama::api::extra
