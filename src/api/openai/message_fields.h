#pragma once

#include "api/call.h"
#include "api/json.h"
#include "api/options.h"
#include <mullama/types.h>

#include <string>
#include <string_view>
#include <vector>

/// Parts that several of OpenAI's requests have in common. Errors go to `fields`.
namespace mullama::api::openai {

/// "messages".
std::vector<Message> read_messages(Fields& fields);

/// A content: a text, or a list of texts and pictures.
void read_content(Fields& fields, std::string_view name, Message& message);

/// "name" and "arguments" of a call.
void read_function(Fields& fields, ToolCall& call);

/// Gives each tool's turn the name of the function that was called, which some templates want.
void name_results(std::vector<Message>& messages);

/// The bytes of a picture in a data URI; remote ones are refused: a server does not fetch for its
/// clients.
std::string read_image(Fields& fields, std::string_view url);

/// "tool_choice" in all its forms, applied to `request`'s tools: a named one leaves only that tool.
void read_tool_choice(Fields& fields, ChatRequest& request);

/// "reasoning_effort", or "reasoning" with "effort".
void read_reasoning(Fields& fields, ChatRequest& request);

/// "response_format", or "format" in the "text" of /v1/responses, whose schema is one level up.
void read_response_format(Fields& fields, std::string_view name, std::string& format);

/// "model", "keep_alive" and all of read_sampling().
void read_model_use(Fields& fields, ModelUse& use);

/// Temperature, penalties, seed, stop and the samplers that all dialects take.
void read_sampling(Fields& fields, Options& options);

/// A limit of tokens under one of its names.
void read_max_tokens(Fields& fields, std::string_view name, Options& options);

}  // namespace mullama::api::openai
