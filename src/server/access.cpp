#include "server/access.h"

#include "api/anthropic/errors.h"
#include "api/openai/errors.h"
#include "server/reply.h"

#include <algorithm>
#include <array>

namespace mullama::server {
namespace {

bool is_public(const Request& request) {
    constexpr std::array<std::string_view, 4> kPublic = {"/", "/health", "/v1/health", "/ready"};
    return std::ranges::find(kPublic, request.path) != kPublic.end();
}

Scope scope_of(const Request& request) {
    constexpr std::array<std::string_view, 6> kManaging = {
        "/api/pull", "/api/push", "/api/create", "/api/copy", "/api/delete", "/api/blobs/"
    };
    const bool manages = std::ranges::any_of(kManaging, [&](std::string_view path) {
        return request.path == path || (path.ends_with('/') && request.path.starts_with(path));
    });
    const bool deletes_model =
        request.method == "DELETE" && request.path.starts_with("/v1/models/");
    const bool sets_adapters = request.method == "POST" && request.path == "/lora-adapters";
    return manages || deletes_model || sets_adapters ? Scope::kManage : Scope::kInfer;
}

}  // namespace

bool is_anthropics(std::string_view path) {
    return path == "/v1/messages" || path.starts_with("/v1/messages/");
}

Response dialect_error(std::string_view path, unsigned status, std::string_view message) {
    constexpr std::array<std::string_view, 14> kLlamaServers = {
        "/completion",
        "/completions",
        "/infill",
        "/embedding",
        "/embeddings",
        "/props",
        "/slots",
        "/tokenize",
        "/detokenize",
        "/apply-template",
        "/lora-adapters",
        "/rerank",
        "/v2/rerank",
        "/reranking",
    };
    if (std::ranges::find(kLlamaServers, path) != kLlamaServers.end()) {
        return llamacpp_error(status, message);
    }
    Response response = ollama_error(status, message);
    if (is_anthropics(path)) {
        response.body = api::anthropic::format_error(status, message, "req_none");
    } else if (path.starts_with("/v1/")) {
        response.body = api::openai::format_error(status, message);
    }
    return response;
}

std::optional<Response> refuse_access(const ApiKeys& keys, const Request& request) {
    if (is_public(request)) return std::nullopt;
    const Scope scope = scope_of(request);
    if (keys.empty() && scope == Scope::kManage && !request.peer_is_loopback) {
        return dialect_error(
            request.path, 403, "models can be managed from this machine only: set API keys"
        );
    }
    switch (keys.check(request, scope)) {
        case Access::kAllowed:
            return std::nullopt;
        case Access::kUnknownKey:
            return dialect_error(
                request.path, 401, "unauthorized: send an API key of this server as a bearer token"
            );
        case Access::kOutOfScope:
            return dialect_error(request.path, 403, "forbidden: this key may not manage models");
    }
    return std::nullopt;
}

std::optional<std::int32_t> priority_least(const ApiKeys& keys, const Request& request) {
    return request.is_of_batch ? 1 : keys.priority_least(request);
}

}  // namespace mullama::server
