#pragma once

#include "api/call.h"
#include "api/mixed_prompt.h"
#include <mullama/result.h>
#include <mullama/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// llama-server's own HTTP interface, beside the one of OpenAI that it has too.
/// Source: tools/server/README.md of llama.cpp, and server-schema.cpp beside it.
namespace mullama::api::llamacpp {

/// What an answer shows.
struct AnswerShape {
    bool stream = false;
    /// The answer's tokens, which a stream has anyway.
    bool return_tokens = false;
    /// In each piece of a stream how long it has taken so far.
    bool timings_per_token = false;
    /// Pieces of a stream that tell how much of the prompt is computed.
    bool return_progress = false;
    /// The only fields to give, or "outer/inner"; empty for all.
    std::vector<std::string> response_fields = {};
};

/// POST /completion. The server puts the options' values into `request`.
struct CompletionCall {
    ModelUse use = {};
    std::vector<MixedPrompt> prompts = {};
    GenerateRequest request = {};
    /// A JSON Schema for the answer; empty for none.
    std::string json_schema = {};
    std::int32_t choices = 1;
    AnswerShape shape = {};
    /// How long a stream stays silent before it is pinged; zero = never, unset = the server's.
    std::optional<std::chrono::seconds> ping_interval = {};
};

/// A file that is told to the model beside the one with the gap.
struct ExtraFile {
    std::string name = {};
    std::string text = {};
};

/// POST /infill: a completion without prompts, of a file with a gap.
struct InfillCall : CompletionCall {
    MixedPrompt prefix = {};
    MixedPrompt suffix = {};
    std::vector<ExtraFile> extra = {};
    /// What the gap begins with.
    std::string prompt = {};
};

/// Each reads a body.
/// Errors:  kInvalidArgument: not of its shape; the message names the field. kUnsupported: asks for
///          what this server does not do.
/// Threads: any.
Result<CompletionCall> parse_completion(std::string_view body);
Result<InfillCall> parse_infill(std::string_view body);
/// POST /lora-adapters: how strongly each adapter is used where a request says nothing.
Result<std::vector<AdapterUse>> parse_adapters(std::string_view body);
/// POST /embedding and /embeddings.
Result<EmbedCall> parse_embedding(std::string_view body);

}  // namespace mullama::api::llamacpp
