#pragma once

#include "api/call.h"
#include <mullama/result.h>

#include <string_view>

/// OpenAI's HTTP interface as its clients and llama-server's use it.
/// Source: the OpenAPI document of the OpenAI API, and the types of its official clients.
namespace mullama::api::openai {

/// POST /v1/chat/completions.
struct ChatCompletionCall : ChatCall {
    /// A stream ends with a piece that tells what the call has cost.
    bool include_usage = false;
};

/// POST /v1/completions.
struct TextCompletionCall : CompletionCall {
    bool include_usage = false;
};

/// POST /v1/embeddings.
struct EmbeddingCall : EmbedCall {
    /// Vectors as base64 of little-endian float32 in place of lists of numbers.
    bool base64 = false;
};

/// Each reads a body.
/// Errors:  kInvalidArgument: not of its shape; the message names the field. kUnsupported: asks for
///          what no model here can do.
/// Threads: any.
Result<ChatCompletionCall> parse_chat_completion(std::string_view body);
Result<TextCompletionCall> parse_completion(std::string_view body);
Result<EmbeddingCall> parse_embeddings(std::string_view body);

}  // namespace mullama::api::openai
