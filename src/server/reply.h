#pragma once

#include "server/http_response.h"
#include <mullama/result.h>

#include <string>
#include <string_view>

namespace mullama::server {

/// Sends a whole answer in JSON.
Task<void> reply_json(ResponseWriter& writer, unsigned status, std::string body);

/// Sends an answer as it is.
Task<void> reply(ResponseWriter& writer, Response response);

/// An error of Ollama's dialect, with the status of its code.
Response ollama_error(const Error& error);

/// The same with a status of its own.
Response ollama_error(unsigned status, std::string_view message);

}  // namespace mullama::server
