#pragma once

#include "api/call.h"
#include <mullama/result.h>

#include <string>
#include <string_view>
#include <vector>

/// Ollama's own HTTP interface: what its clients send and expect.
/// Source: github.com/ollama/ollama, docs/api.md and api/types.go.
namespace mullama::api::ollama {

/// POST /api/generate.
struct GenerateCall {
    ModelUse use = {};
    std::string prompt = {};
    /// Text after a gap that the answer fills; empty for none.
    std::string suffix = {};
    /// In place of the model's own; empty for that.
    std::string system = {};
    /// A template in place of the model's own; empty for none.
    std::string template_text = {};
    /// The tokens of the talk so far.
    std::vector<Token> context = {};
    /// Continue the prompt as it is.
    bool raw = false;
    /// Everything but the messages.
    ChatRequest request = {};
    std::vector<std::string> images = {};
    bool stream = true;
    bool render_only = false;
};

/// POST /api/show.
struct ShowCall {
    std::string model = {};
    bool verbose = false;
};

/// Each reads a body.
/// Errors:  kInvalidArgument: not of its shape; the messages are Ollama's.
/// Threads: any.
Result<GenerateCall> parse_generate(std::string_view body);
/// POST /api/chat.
Result<ChatCall> parse_chat(std::string_view body);
/// POST /api/embed.
Result<EmbedCall> parse_embed(std::string_view body);
/// POST /api/embeddings, the older one.
Result<EmbedCall> parse_embeddings(std::string_view body);
/// POST /api/show.
Result<ShowCall> parse_show(std::string_view body);

}  // namespace mullama::api::ollama
