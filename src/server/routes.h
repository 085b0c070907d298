#pragma once

#include "server/batch_runner.h"
#include "server/router.h"
#include "server/service.h"

#include <string>

namespace mullama::server {

/// Adds a dialect's paths. `service` outlives the router.
void add_ollama_routes(Router& router, Service& service);
void add_openai_routes(Router& router, Service& service);
void add_responses_routes(Router& router, Service& service);
void add_files_routes(Router& router, Service& service);
/// `runner` outlives the router too.
void add_batches_routes(Router& router, Service& service, BatchRunner& runner);
void add_anthropic_routes(Router& router, Service& service);
void add_llamacpp_routes(Router& router, Service& service);
/// What belongs to no dialect: reranking, tokens, templates, health, metrics and the description of
/// all of it.
void add_extra_routes(Router& router, Service& service);

/// All of these.
void add_all_routes(Router& router, Service& service, BatchRunner& runner);

/// What Ollama's clients are told that this server is: a version of Ollama whose interface it has.
inline constexpr const char* kOllamaVersion = "0.32.6";

}  // namespace mullama::server
