#pragma once

#include "api/call.h"
#include <mullama/result.h>

#include <string>
#include <string_view>
#include <vector>

/// Anthropic's Messages interface.
/// Source: the Anthropic API reference, and the types of its official clients.
namespace mullama::api::anthropic {

/// POST /v1/messages and /v1/messages/count_tokens.
struct MessagesCall : ChatCall {
    /// What ends the answer and is told then; among the options' stops too.
    std::vector<std::string> stop_sequences = {};
};

/// Reads a body; `counts_only` does without max_tokens.
/// Errors:  kInvalidArgument: not of its shape; the message names the field. kUnsupported: a kind
///          of content or tool that no model here can use.
/// Threads: any.
Result<MessagesCall> parse_messages(std::string_view body, bool counts_only);

}  // namespace mullama::api::anthropic
