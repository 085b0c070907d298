#pragma once

#include "server/http_response.h"

#include <optional>
#include <string>
#include <string_view>

namespace mullama::server {

/// This machine's name; empty where the system does not tell.
std::string machine_name();

/// Whether a Host header names this machine, whatever its port: an address that is loopback,
/// private or unspecified, "localhost", `hostname`, a name that ends in .localhost, .local or
/// .internal, or nothing at all.
///
/// A page of a foreign site can make its own name point to 127.0.0.1, and would then be of the same
/// origin as a server there (DNS rebinding); its requests still carry that name.
bool host_allowed(std::string_view host, std::string_view hostname);

/// The answer to a request that names another host, 403 without a body; nothing where it may be
/// served. To be asked only by servers bound to a loopback address.
std::optional<Response> refuse_foreign_host(const Request& request, std::string_view hostname);

/// The answer to OPTIONS of any path by a host that is allowed and no page that Cors answers: 204,
/// as Ollama has it. To be asked only as above.
std::optional<Response> answer_options(const Request& request);

}  // namespace mullama::server
