#include "api/openai/requests.h"
#include "api/openai/responses.h"
#include "base/error.h"
#include "server/access.h"
#include "server/answering.h"
#include "server/conversation.h"
#include "server/embedding.h"
#include "server/model_lists.h"
#include "server/plain_text.h"
#include "server/reply.h"
#include "server/routes.h"

#include <chrono>
#include <memory>
#include <utility>

namespace mullama::server {
namespace {

namespace dialect = api::openai;

dialect::AnswerTerms terms_of(Service& service, const api::ModelUse& use, bool include_usage) {
    return {
        .model = use.model,
        .created = std::chrono::system_clock::now(),
        .seed = service.next_seed(),
        .include_usage = include_usage,
    };
}

Task<void> chat_completions(Service& service, const Request& request, ResponseWriter& writer) {
    Result<dialect::ChatCompletionCall> call = dialect::parse_chat_completion(request.body);
    if (!call) return reply(writer, openai_refusal(call.error()));
    AnswerJob job;
    job.format = std::make_unique<dialect::ChatCompletionFormat>(
        terms_of(service, call->use, call->include_usage)
    );
    job.refuse = openai_refusal;
    job.stream = call->stream;
    job.ends_with_call = !call->request.parallel_tool_calls;
    job.use = call->use;
    job.use.priority_least = priority_least(service.keys, request);
    job.reads_images = has_images(call->request.messages);
    job.start = [call = std::move(*call)](
                    const LoadedModel& model, const ModelChoice& choice
                ) -> Result<std::vector<StartedAnswer>> {
        Result<ChatRequest> prepared = prepare_chat(call.request, choice, model, call.use.model);
        if (!prepared) return std::move(prepared).error();
        return start_chat(model, *prepared, call.choices);
    };
    return answer(service, writer, std::move(job));
}

Task<void> completions(Service& service, const Request& request, ResponseWriter& writer) {
    Result<dialect::TextCompletionCall> call = dialect::parse_completion(request.body);
    if (!call) return reply(writer, openai_refusal(call.error()));
    AnswerJob job;
    job.format = std::make_unique<dialect::CompletionFormat>(
        terms_of(service, call->use, call->include_usage),
        static_cast<std::size_t>(call->choices),
        static_cast<std::size_t>(call->best_of),
        call->request.top_logprobs.has_value()
    );
    job.refuse = openai_refusal;
    job.stream = call->stream;
    job.use = call->use;
    job.use.priority_least = priority_least(service.keys, request);
    job.start = [call = std::move(*call)](const LoadedModel& model, const ModelChoice& choice) {
        return start_completions(call, choice, model);
    };
    return answer(service, writer, std::move(job));
}

Task<void> embeddings(Service& service, const Request& request, ResponseWriter& writer) {
    Result<dialect::EmbeddingCall> call = dialect::parse_embeddings(request.body);
    if (!call) return reply(writer, openai_refusal(call.error()));
    EmbedJob job;
    job.refuse = openai_refusal;
    job.format = [model = call->use.model, base64 = call->base64](const EmbedOutcome& outcome) {
        return dialect::format_embeddings(model, outcome.rows, outcome.tokens, base64);
    };
    job.call = std::move(call).value();
    return answer_embed(service, writer, std::move(job));
}

Task<void> models(Service& service, ResponseWriter& writer) {
    return reply_with(service, writer, [&service] {
        return json_response(dialect::format_models(list_models(service)));
    });
}

Task<void> model(Service& service, ResponseWriter& writer, std::string name) {
    return reply_with(service, writer, [&service, name = std::move(name)] {
        const Result<store::LocalModel> found = service.catalog.find(name);
        if (!found) return openai_refusal(found.error());
        return json_response(dialect::format_model(service.facts.info(*found)));
    });
}

}  // namespace

void add_openai_routes(Router& router, Service& service) {
    using View = std::string_view;
    // llama-server's clients know some of them without the version.
    for (const char* path : {"/v1/chat/completions", "/chat/completions"}) {
        router.add("POST", path, [&](const Request& r, ResponseWriter& w, View) {
            return chat_completions(service, r, w);
        });
    }
    router.add("POST", "/v1/completions", [&](const Request& r, ResponseWriter& w, View) {
        return completions(service, r, w);
    });
    router.add("POST", "/v1/embeddings", [&](const Request& r, ResponseWriter& w, View) {
        return embeddings(service, r, w);
    });
    for (const char* path : {"/v1/models", "/models"}) {
        router.add("GET", path, [&](const Request&, ResponseWriter& w, View) {
            return models(service, w);
        });
    }
    router.add("GET", "/v1/models/*", [&](const Request&, ResponseWriter& w, View name) {
        return model(service, w, std::string(name));
    });
    router.add("DELETE", "/v1/models/*", [](const Request&, ResponseWriter& w, View) {
        return reply(w, openai_error(501, "models cannot be deleted over HTTP yet"));
    });
    router.add("POST", "/v1/audio/transcriptions", [](const Request&, ResponseWriter& w, View) {
        return reply(w, openai_error(501, "transcription is not supported yet"));
    });
}

}  // namespace mullama::server
