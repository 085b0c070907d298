#include "api/ollama/requests.h"
#include "api/ollama/responses.h"
#include "base/error.h"
#include "server/answering.h"
#include "server/conversation.h"
#include "server/embedding.h"
#include "server/model_job.h"
#include "server/model_lists.h"
#include "server/plain_text.h"
#include "server/reply.h"
#include "server/routes.h"

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace mullama::server {
namespace {

namespace dialect = api::ollama;
using api::WallTime;
using dialect::Endpoint;

constexpr const char* kComesLater = "is not supported yet: models cannot be changed over HTTP";

WallTime now() {
    return std::chrono::system_clock::now();
}

/// An empty prompt loads the model, or unloads it where it is not to be kept.
struct LoadCall {
    api::ModelUse use;
    Endpoint endpoint;
};

bool unloads(const api::ModelUse& use) {
    return use.keep_alive && use.keep_alive->count() == 0;
}

Task<void> load_or_unload(Service& service, ResponseWriter& writer, LoadCall call) {
    auto choose = [&service, use = call.use] { return choose_model(service, use); };
    Offload choosing(service.work, writer.executor(), std::move(choose));
    const Result<ModelChoice> choice = co_await choosing;
    std::optional<Error> failed;
    if (!choice) {
        failed = choice.error();
    } else if (unloads(call.use)) {
        service.pool.unload(choice->request.name);
    } else {
        auto acquiring = service.pool.acquire_async(choice->request, writer.executor());
        const Result<ModelLease> lease = co_await acquiring;
        if (!lease) failed = lease.error();
    }
    const char* reason = unloads(call.use) ? "unload" : "load";
    Response response =
        failed ? ollama_error(*failed)
               : json_response(dialect::format_load(call.endpoint, call.use.model, reason, now()));
    auto sending = reply(writer, std::move(response));
    co_await std::move(sending);
}

std::unique_ptr<api::AnswerFormat> make_format(
    Service& service, Endpoint endpoint, const std::string& model
) {
    return std::make_unique<dialect::OllamaFormat>(endpoint, model, service.next_seed());
}

Response refuse(const Error& error) {
    return ollama_error(error);
}

using Prepare = std::function<Result<ChatRequest>(const ModelChoice&, const LoadedModel&)>;

// Renders the prompt on a loaded model, without an answer.
Task<void> render(
    Service& service, ResponseWriter& writer, api::ModelUse use, Endpoint endpoint, Prepare prepare
) {
    ModelJob job;
    job.reads_images = true;
    job.work = [name = use.model,
                endpoint,
                prepare](const LoadedModel& model, const ModelChoice& choice) -> Result<Response> {
        Result<ChatRequest> request = prepare(choice, model);
        if (!request) return std::move(request).error();
        const Result<ChatPrompt> prompt = model.render(*request);
        if (!prompt) return prompt.error();
        return json_response(dialect::format_rendered(endpoint, name, prompt->text, 0, now()));
    };
    job.refuse = refuse;
    job.use = std::move(use);
    return reply_from_model(service, writer, std::move(job));
}

Task<void> chat(Service& service, const Request& request, ResponseWriter& writer) {
    Result<api::ChatCall> call = dialect::parse_chat(request.body);
    if (!call) return reply(writer, ollama_error(call.error()));
    if (call->request.messages.empty()) {
        return load_or_unload(service, writer, {std::move(call->use), Endpoint::kChat});
    }
    const bool reads_images = has_images(call->request.messages);
    const auto prepare = [chat = std::move(call->request), name = call->use.model](
                             const ModelChoice& choice, const LoadedModel& model
                         ) { return prepare_chat(chat, choice, model, name); };
    if (call->render_only) {
        return render(service, writer, std::move(call->use), Endpoint::kChat, prepare);
    }
    AnswerJob job;
    job.reads_images = reads_images;
    job.start = [prepare](
                    const LoadedModel& model, const ModelChoice& choice
                ) -> Result<std::vector<StartedAnswer>> {
        Result<ChatRequest> prepared = prepare(choice, model);
        if (!prepared) return std::move(prepared).error();
        return start_chat(model, *prepared, 1);
    };
    job.format = make_format(service, Endpoint::kChat, call->use.model);
    job.refuse = refuse;
    job.stream = call->stream;
    job.use = std::move(call->use);
    return answer(service, writer, std::move(job));
}

/// The conversation that a prompt stands for, where the model's template is used.
Result<ChatRequest> chat_of(
    const dialect::GenerateCall& call, const ModelChoice& choice, const LoadedModel& model
) {
    ChatRequest request = call.request;
    ModelChoice own = choice;
    if (call.system) own.model.settings.system = *call.system;
    if (!call.context.empty()) own.model.settings.messages.clear();
    request.messages = {{.role = "user", .content = call.prompt, .images = call.images}};
    return prepare_chat(std::move(request), own, model, call.use.model);
}

Result<GenerateRequest> plain_request(
    const dialect::GenerateCall& call, const ModelChoice& choice, const LoadedModel& model
) {
    GenerateRequest request;
    request.overflow = call.request.overflow;
    apply(choice.options, request);
    request.prompt = text_of(call.context, model) + call.prompt;
    request.top_logprobs = call.request.top_logprobs;
    Result<std::string> grammar = plain_grammar(call.request.format);
    if (!grammar) return std::move(grammar).error();
    if (!grammar->empty()) request.sampling.grammar = std::move(grammar).value();
    return request;
}

Result<StartedAnswer> start_plain(
    const LoadedModel& model, const GenerateRequest& request, const std::vector<std::string>& images
) {
    Result<EventStream> events = model.generate(request, images);
    if (!events) return std::move(events).error();
    return StartedAnswer{std::move(events).value(), AnswerParser(nullptr)};
}

Result<StartedAnswer> start_infill(
    const dialect::GenerateCall& call, const ModelChoice& choice, const LoadedModel& model
) {
    if (!model.can_infill()) {
        return fail(ErrorCode::kUnsupported, "{} does not support insert", call.use.model);
    }
    Result<GenerateRequest> plain = plain_request(call, choice, model);
    if (!plain) return std::move(plain).error();
    plain->overflow = {};
    Result<EventStream> events = model.infill({call.prompt, call.suffix, std::move(*plain)});
    if (!events) return std::move(events).error();
    return StartedAnswer{std::move(events).value(), AnswerParser(nullptr)};
}

/// Answers a prompt that goes through the template, behind the talk that "context" holds.
Result<StartedAnswer> start_templated(
    const dialect::GenerateCall& call, const ModelChoice& choice, const LoadedModel& model
) {
    Result<ChatRequest> request = chat_of(call, choice, model);
    if (!request) return std::move(request).error();
    request->lead = text_of(call.context, model);
    Result<ChatAnswer> answered = model.answer(*request);
    if (!answered) return std::move(answered).error();
    const std::size_t tokens = answered->prompt_tokens;
    return StartedAnswer{
        std::move(answered->events),
        std::move(answered->parser),
        tokens,
        std::move(answered->prompt),
    };
}

Result<StartedAnswer> start_generate(
    const dialect::GenerateCall& call, const ModelChoice& choice, const LoadedModel& model
) {
    if (model.engine() == nullptr) {
        return fail(ErrorCode::kUnsupported, "\"{}\" does not support generate", call.use.model);
    }
    if (!call.suffix.empty()) return start_infill(call, choice, model);
    if (!call.raw && model.has_chat_template()) return start_templated(call, choice, model);
    if (!call.raw) MULLAMA_TRY(check_reads_plain(choice.model.settings, call.use.model));
    MULLAMA_TRY(check_vision(!call.images.empty(), choice, call.use.model));
    Result<GenerateRequest> plain = plain_request(call, choice, model);
    if (!plain) return std::move(plain).error();
    Result<StartedAnswer> started = start_plain(model, *plain, call.images);
    if (!started || call.raw) return started;
    Result<std::vector<Token>> prompt = model.tokenizer().encode(plain->prompt, true, true);
    if (prompt) started->context = std::move(prompt).value();
    return started;
}

Task<void> generate(Service& service, const Request& request, ResponseWriter& writer) {
    Result<dialect::GenerateCall> call = dialect::parse_generate(request.body);
    if (!call) return reply(writer, ollama_error(call.error()));
    if (!call->template_text.empty()) {
        return reply(
            writer,
            ollama_error(
                501,
                "templates in Go's template language are not supported yet: leave "
                "\"template\" out to use the model's own"
            )
        );
    }
    if (call->prompt.empty() && call->suffix.empty()) {
        return load_or_unload(service, writer, {std::move(call->use), Endpoint::kGenerate});
    }
    if (call->render_only) {
        const auto prepare = [call = *call](const ModelChoice& choice, const LoadedModel& model) {
            return chat_of(call, choice, model);
        };
        return render(service, writer, call->use, Endpoint::kGenerate, prepare);
    }
    AnswerJob job;
    job.format = make_format(service, Endpoint::kGenerate, call->use.model);
    job.refuse = refuse;
    job.stream = call->stream;
    job.use = call->use;
    job.reads_images = !call->images.empty();
    job.start = [call = std::move(*call)](
                    const LoadedModel& model, const ModelChoice& choice
                ) -> Result<std::vector<StartedAnswer>> {
        Result<StartedAnswer> started = start_generate(call, choice, model);
        if (!started) return std::move(started).error();
        std::vector<StartedAnswer> answers;
        answers.push_back(std::move(started).value());
        return answers;
    };
    return answer(service, writer, std::move(job));
}

Task<void> embed(Service& service, const Request& request, ResponseWriter& writer) {
    Result<api::EmbedCall> call = dialect::parse_embed(request.body);
    if (!call) return reply(writer, ollama_error(call.error()));
    const std::string model = call->use.model;
    EmbedJob job;
    job.call = std::move(call).value();
    job.refuse = refuse;
    job.format = [model](const EmbedOutcome& outcome) {
        return dialect::format_embed(
            model, outcome.rows, outcome.total_ns, outcome.load_ns, outcome.tokens
        );
    };
    return answer_embed(service, writer, std::move(job));
}

Task<void> embeddings(Service& service, const Request& request, ResponseWriter& writer) {
    Result<api::EmbedCall> call = dialect::parse_embeddings(request.body);
    if (!call) return reply(writer, ollama_error(call.error()));
    EmbedJob job;
    job.call = std::move(call).value();
    job.refuse = refuse;
    job.format = [](const EmbedOutcome& outcome) {
        return dialect::format_embeddings(outcome.rows);
    };
    return answer_embed(service, writer, std::move(job));
}

Task<void> show(Service& service, const Request& request, ResponseWriter& writer) {
    const Result<dialect::ShowCall> call = dialect::parse_show(request.body);
    if (!call) return reply(writer, ollama_error(call.error()));
    if (call->model.empty()) return reply(writer, ollama_error(400, "model is required"));
    return reply_with(service, writer, [&service, call = *call] {
        const Result<store::LocalModel> model = service.catalog.find(call.model);
        if (!model) return ollama_error(model.error());
        const auto description = service.facts.describe(*model, call.verbose);
        if (!description) return ollama_error(description.error());
        return json_response(dialect::format_show(*description));
    });
}

Task<void> is_running(ResponseWriter& writer) {
    Response response;
    response.content_type = "text/plain; charset=utf-8";
    response.body = "Ollama is running";
    return reply(writer, std::move(response));
}

using Answer = std::function<Task<void>(const Request&, ResponseWriter&)>;

void add(Router& router, std::string_view method, std::string_view path, Answer handler) {
    router.add(
        method,
        path,
        [handler = std::move(handler)](
            const Request& request, ResponseWriter& writer, std::string_view
        ) { return handler(request, writer); }
    );
}

// What comes with a store that can be written, and what belongs to an account.
void add_refusals(Router& router) {
    struct Refused {
        const char* method;
        const char* path;
    };
    for (const Refused& each : {
             Refused{"POST", "/api/pull"},
             Refused{"POST", "/api/push"},
             Refused{"POST", "/api/create"},
             Refused{"POST", "/api/copy"},
             Refused{"DELETE", "/api/delete"},
             Refused{"POST", "/api/blobs/*"},
             Refused{"GET", "/api/blobs/*"},
         }) {
        const std::string path = each.path;
        add(router, each.method, each.path, [path](const Request&, ResponseWriter& writer) {
            return reply(writer, ollama_error(501, fmt::format("{} {}", path, kComesLater)));
        });
    }
    for (const Refused& each : {
             Refused{"POST", "/api/me"},
             Refused{"POST", "/api/signout"},
             Refused{"DELETE", "/api/user/keys/*"},
         }) {
        add(router, each.method, each.path, [](const Request&, ResponseWriter& writer) {
            return reply(writer, ollama_error(401, "unauthorized"));
        });
    }
    for (const Refused& each : {
             Refused{"POST", "/api/experimental/web_search"},
             Refused{"POST", "/api/experimental/web_fetch"},
             Refused{"GET", "/api/experimental/model-recommendations"},
         }) {
        add(router, each.method, each.path, [](const Request&, ResponseWriter& writer) {
            return reply(
                writer, ollama_error(403, "ollama cloud is disabled: this server has none")
            );
        });
    }
}

}  // namespace

void add_ollama_routes(Router& router, Service& service) {
    add(router, "GET", "/", [](const Request&, ResponseWriter& writer) {
        return is_running(writer);
    });
    add(router, "GET", "/api/version", [](const Request&, ResponseWriter& writer) {
        return reply_json(writer, 200, dialect::format_version(kOllamaVersion));
    });
    add(router, "GET", "/api/status", [](const Request&, ResponseWriter& writer) {
        return reply_json(writer, 200, R"({"cloud":{"disabled":true,"source":"config"}})");
    });
    add(router, "POST", "/api/generate", [&](const Request& request, ResponseWriter& writer) {
        return generate(service, request, writer);
    });
    add(router, "POST", "/api/chat", [&](const Request& request, ResponseWriter& writer) {
        return chat(service, request, writer);
    });
    add(router, "POST", "/api/embed", [&](const Request& request, ResponseWriter& writer) {
        return embed(service, request, writer);
    });
    add(router, "POST", "/api/embeddings", [&](const Request& request, ResponseWriter& writer) {
        return embeddings(service, request, writer);
    });
    add(router, "POST", "/api/show", [&](const Request& request, ResponseWriter& writer) {
        return show(service, request, writer);
    });
    add(router, "GET", "/api/tags", [&](const Request&, ResponseWriter& writer) {
        return reply_with(service, writer, [&service] {
            return json_response(dialect::format_tags(list_models(service)));
        });
    });
    add(router, "GET", "/api/ps", [&](const Request&, ResponseWriter& writer) {
        return reply_with(service, writer, [&service] {
            return json_response(dialect::format_ps(list_running(service)));
        });
    });
    add_refusals(router);
}

}  // namespace mullama::server
