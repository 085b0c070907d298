#include "api/extra/requests.h"
#include "api/extra/responses.h"
#include "api/openai/requests.h"
#include "base/error.h"
#include "server/conversation.h"
#include "server/embedded_openapi.h"
#include "server/mixed_tokens.h"
#include "server/model_job.h"
#include "server/reply.h"
#include "server/routes.h"

#include <algorithm>
#include <utility>

namespace mullama::server {
namespace {

namespace dialect = api::extra;

Response refuse(const Error& error) {
    return llamacpp_error(error);
}

Task<Result<Response>> rank(Service& service, const dialect::RerankCall& call, Executor& executor) {
    auto acquiring = acquire_model(service, call.use, executor);
    Result<AcquiredModel> acquired = co_await std::move(acquiring);
    if (!acquired) co_return std::move(acquired).error();
    const std::string& own_name = acquired->choice.model.name;
    Handover<Result<Ranking>> ranking(executor);
    RankRequest request{call.query, call.documents, call.truncate};
    acquired->lease->rank(std::move(request), ranking.sender());
    const Result<Ranking> ranked = co_await ranking;
    if (!ranked) {
        const bool unfit = ranked.error().code == ErrorCode::kUnsupported;
        if (!unfit) co_return ranked.error();
        co_return fail(
            ErrorCode::kUnsupported,
            "model '{}' has no classifier and cannot rerank: use a reranker, for example "
            "bge-reranker-v2-m3",
            own_name
        );
    }
    service.metrics.model(own_name).count_prompt(ranked->tokens, 0);
    const std::string& name = call.use.model.empty() ? own_name : call.use.model;
    const dialect::Scores scores{ranked->scores, ranked->are_logits, ranked->tokens};
    co_return json_response(dialect::format_ranking(call, name, scores));
}

Task<void> rerank(Service& service, const Request& request, ResponseWriter& writer) {
    const Result<dialect::RerankCall> call = dialect::parse_rerank(request.body);
    if (!call) {
        auto refusing = reply(writer, refuse(call.error()));
        co_await std::move(refusing);
        co_return;
    }
    auto ranking = rank(service, *call, writer.executor());
    Result<Response> ranked = co_await std::move(ranking);
    Response response = ranked ? std::move(ranked).value() : refuse(ranked.error());
    auto sending = reply(writer, std::move(response));
    co_await std::move(sending);
}

/// Answers from a model that is loaded, with what `work` makes of a call.
template <typename Call, typename Work>
Task<void> reply_to(Service& service, ResponseWriter& writer, Result<Call> call, Work work) {
    if (!call) return reply(writer, refuse(call.error()));
    ModelJob job;
    job.use = call->use;
    job.use.any_model = true;
    job.refuse = refuse;
    job.work = [call = std::move(*call),
                work](const LoadedModel& model, const ModelChoice& choice) -> Result<Response> {
        Result<std::string> body = work(call, model, choice);
        if (!body) return std::move(body).error();
        return json_response(std::move(body).value());
    };
    return reply_from_model(service, writer, std::move(job));
}

Result<std::string>
tokenize(const dialect::TokenizeCall& call, const LoadedModel& model, const ModelChoice&) {
    const auto tokens =
        tokens_of(call.content, model.tokenizer(), call.add_special, call.parse_special);
    if (!tokens) return tokens.error();
    std::vector<dialect::TokenPiece> pieces;
    const Vocab& vocab = model.model().vocab();
    for (const Token token : *tokens) pieces.push_back({token, vocab.piece(token, true)});
    return dialect::format_tokens(pieces, call.with_pieces);
}

Result<std::string>
detokenize(const dialect::DetokenizeCall& call, const LoadedModel& model, const ModelChoice&) {
    std::string text;
    const Vocab& vocab = model.model().vocab();
    for (const Token token : call.tokens) {
        if (!vocab.contains(token)) {
            return fail(
                ErrorCode::kInvalidArgument,
                "token {} is not in the vocabulary: tokens are 0 to {}",
                token,
                vocab.size() - 1
            );
        }
        text += vocab.piece(token, /*special=*/true);
    }
    return dialect::format_content(text);
}

Result<std::string> apply_template(
    const api::openai::ChatCompletionCall& call, const LoadedModel& model, const ModelChoice& choice
) {
    const auto prompt = render_chat(call.request, choice, model, choice.model.name);
    if (!prompt) return prompt.error();
    return dialect::format_prompt(prompt->text);
}

Task<void> health(ResponseWriter& writer) {
    return reply_json(writer, 200, R"({"status":"ok"})");
}

Task<void> ready(Service& service, ResponseWriter& writer) {
    if (service.draining) return reply(writer, llamacpp_error(503, "the server is stopping"));
    return reply_json(writer, 200, R"({"status":"ready"})");
}

Task<void> metrics(Service& service, ResponseWriter& writer) {
    return reply_with(service, writer, [&service] {
        Response response;
        response.content_type = "text/plain; version=0.0.4; charset=utf-8";
        response.body = service.metrics.text(service.pool.engines(), service.pool.models().size());
        return response;
    });
}

}  // namespace

void add_extra_routes(Router& router, Service& service) {
    using View = std::string_view;
    for (const char* path :
         {"/rerank", "/v1/rerank", "/v2/rerank", "/reranking", "/v1/reranking"}) {
        router.add("POST", path, [&](const Request& r, ResponseWriter& w, View) {
            return rerank(service, r, w);
        });
    }
    router.add("POST", "/tokenize", [&](const Request& r, ResponseWriter& w, View) {
        return reply_to(service, w, dialect::parse_tokenize(r.body), tokenize);
    });
    router.add("POST", "/detokenize", [&](const Request& r, ResponseWriter& w, View) {
        return reply_to(service, w, dialect::parse_detokenize(r.body), detokenize);
    });
    router.add("POST", "/apply-template", [&](const Request& r, ResponseWriter& w, View) {
        return reply_to(service, w, api::openai::parse_chat_completion(r.body), apply_template);
    });
    for (const char* path : {"/health", "/v1/health"}) {
        router.add("GET", path, [](const Request&, ResponseWriter& w, View) { return health(w); });
    }
    router.add("GET", "/ready", [&](const Request&, ResponseWriter& w, View) {
        return ready(service, w);
    });
    router.add("GET", "/metrics", [&](const Request&, ResponseWriter& w, View) {
        return metrics(service, w);
    });
    router.add("GET", "/openapi.json", [](const Request&, ResponseWriter& w, View) {
        return reply_json(w, 200, std::string(kOpenApi));
    });
}

}  // namespace mullama::server
