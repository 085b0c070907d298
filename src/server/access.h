#pragma once

#include "server/api_keys.h"
#include "server/http_response.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace mullama::server {

/// Whether a path is one that Anthropic's clients ask.
bool is_anthropics(std::string_view path);

/// An error in the words of the dialect that a path belongs to: /v1/messages is Anthropic's, the
/// rest of /v1 OpenAI's, llama-server's paths are its own, all else is Ollama's.
Response dialect_error(std::string_view path, unsigned status, std::string_view message);

/// The answer to a request that may not be served: 401 without a key that opens it, 403 where its
/// key does not reach that far, or where there are no keys and somebody else than this machine
/// wants to change models. Nothing where it may be served; "/", "/health" (with or without /v1) and
/// "/ready" always may.
std::optional<Response> refuse_access(const ApiKeys& keys, const Request& request);

/// The lowest priority that a request may have: its key's, or for a line of a batch one behind the
/// usual; unset = any.
std::optional<std::int32_t> priority_least(const ApiKeys& keys, const Request& request);

}  // namespace mullama::server
