#pragma once

#include "cli/conversation.h"

#include <string>
#include <string_view>
#include <vector>

/// What the program sends to a server, in Ollama's dialect.
namespace mullama::cli {

/// The body of /api/chat that asks for the conversation's next turn.
std::string chat_body(const Conversation& conversation);

/// The body of /api/generate that continues all turns in a row, for a model without a template.
std::string continue_body(const Conversation& conversation);

/// The body of /api/generate that has the model loaded as the conversation needs it.
std::string load_body(const Conversation& conversation);

/// A keep-alive time as JSON: a number of seconds as one, all else as text.
std::string keep_alive_json(std::string_view text);

}  // namespace mullama::cli
