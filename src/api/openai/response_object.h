#pragma once

#include "api/answer.h"
#include <mullama/result.h>
#include <mullama/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The response object of /v1/responses, and the items of its output.
/// Source: the type Response of OpenAI's clients, and what it contains.
namespace mullama::api::openai {

/// What a response says of the request that it answers. Texts that are JSON go out as they are.
struct ResponseTerms {
    std::string id = {};
    std::string model = {};  ///< As the client wrote it.
    WallTime created = {};
    std::optional<std::string> instructions = {};
    std::optional<std::string> previous_response_id = {};
    std::optional<std::string> user = {};
    std::optional<std::int32_t> max_output_tokens = {};
    std::optional<std::int32_t> max_tool_calls = {};
    float temperature = 1.0F;
    float top_p = 1.0F;
    std::int32_t top_logprobs = 0;
    bool parallel_tool_calls = true;
    bool truncate = false;  ///< "truncation" is "auto".
    bool store = true;
    std::string metadata = "{}";                                              ///< JSON.
    std::string reasoning = R"({"effort":null,"summary":null})";              ///< JSON.
    std::string text = R"({"format":{"type":"text"},"verbosity":"medium"})";  ///< JSON.
    std::string tool_choice = R"("auto")";                                    ///< JSON.
    std::string tools = "[]";                                                 ///< JSON.
    /// Text comes with its tokens' logprobs.
    bool include_logprobs = false;
    /// Thinking comes in a second form too, which clients without state send back.
    bool include_encrypted_content = false;
};

/// What a response has come to.
struct ResponseState {
    /// "in_progress", "completed", "incomplete", "cancelled" or "failed".
    std::string_view status = "in_progress";
    std::optional<WallTime> completed = {};
    std::optional<Error> error = {};
    std::string_view incomplete_reason = {};  ///< Empty = none.
    std::vector<std::string> output = {};     ///< Items in JSON.
    std::optional<Usage> usage = {};
    std::int64_t thinking_tokens = 0;
};

std::string format_response(const ResponseTerms& terms, const ResponseState& state);

/// The answer of /v1/responses/input_tokens.
std::string format_input_tokens(std::size_t tokens);

/// A content of type "output_text". `logprobs` is JSON.
std::string output_text(std::string_view text, std::string_view logprobs);

/// Items of the output. `status` is "in_progress", "completed" or "incomplete"; `content` is JSON.
std::string message_item(std::string_view id, std::string_view status, std::string_view content);
std::string call_item(std::string_view id, std::string_view status, const ToolCall& call);
/// `summary` and `encrypted_content` are unset where there is none.
std::string reasoning_item(
    std::string_view id,
    std::string_view status,
    const std::optional<std::string>& summary,
    const std::optional<std::string>& encrypted_content
);

}  // namespace mullama::api::openai
