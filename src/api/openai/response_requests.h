#pragma once

#include "api/call.h"
#include "api/json.h"
#include "api/openai/response_ids.h"
#include "api/openai/response_object.h"
#include <mullama/result.h>

#include <string_view>

namespace mullama::api::openai {

/// POST /v1/responses.
struct ResponseCall {
    ModelUse use = {};
    /// All but the messages, which come from `terms`, the responses before this one and `input`.
    ChatRequest request = {};
    ResponseTerms terms = {};
    /// See read_input().
    json::array input = {};
    bool stream = false;
};

/// Reads a body. `ids` names the response and its input.
/// Errors:  kInvalidArgument: not of its shape; the message names the field. kUnsupported: asks for
///          what no model here can do: tools of OpenAI's own, background responses, conversations.
/// Threads: any.
/// Source:  the type ResponseCreateParams of OpenAI's clients.
Result<ResponseCall> parse_response(std::string_view body, ResponseIds& ids);

}  // namespace mullama::api::openai
