#pragma once

#include "api/call.h"
#include "server/http_response.h"
#include "server/service.h"
#include <mullama/result.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace mullama::server {

/// What became of texts to embed.
struct EmbedOutcome {
    std::vector<std::vector<float>> rows = {};
    std::int64_t tokens = 0;
    std::int64_t load_ns = 0;
    std::int64_t total_ns = 0;
};

/// A call that answers with vectors.
struct EmbedJob {
    api::EmbedCall call = {};
    /// Whether sizes count as they do for Ollama: "dimensions" that the vectors do not have are
    /// ignored, and texts are refused that a tiny "num_ctx" has no room for.
    bool sizes_as_ollama = false;
    /// The dialect: the body of an answer, and the answer to a call that fails.
    std::function<std::string(const EmbedOutcome&)> format = {};
    std::function<Response(const Error&)> refuse = {};
};

/// Answers one call. Without texts it only loads the model.
Task<void> answer_embed(Service& service, ResponseWriter& writer, EmbedJob job);

}  // namespace mullama::server
