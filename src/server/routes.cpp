#include "server/routes.h"

namespace mullama::server {

void add_all_routes(Router& router, Service& service, BatchRunner& runner) {
    add_ollama_routes(router, service);
    add_openai_routes(router, service);
    add_responses_routes(router, service);
    add_files_routes(router, service);
    add_batches_routes(router, service, runner);
    add_anthropic_routes(router, service);
    add_llamacpp_routes(router, service);
    add_extra_routes(router, service);
}

}  // namespace mullama::server
