#include "api/ollama/requests.h"
#include "api/ollama/responses.h"
#include "base/error.h"
#include "server/access.h"
#include "server/answering.h"
#include "server/conversation.h"
#include "server/embedding.h"
#include "server/model_job.h"
#include "server/model_lists.h"
#include "server/ollama_generate.h"
#include "server/reply.h"
#include "server/routes.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

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

// An embedding model is refused before it is loaded; unloading needs nothing of it.
Result<ModelChoice> choose_to_load(Service& service, const LoadCall& call) {
    Result<ModelChoice> choice = choose_model(service, call.use);
    if (!choice || unloads(call.use)) return choice;
    const std::vector<std::string> able = service.facts.info(choice->model).capabilities;
    if (std::ranges::find(able, "embedding") == able.end()) return choice;
    return fail(
        ErrorCode::kUnsupported,
        "\"{}\" does not support {}",
        call.use.model,
        call.endpoint == Endpoint::kChat ? "chat" : "generate"
    );
}

Task<void> load_or_unload(Service& service, ResponseWriter& writer, LoadCall call) {
    auto choose = [&service, call] { return choose_to_load(service, call); };
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

/// A call that is answered with the prompt that the model would get.
struct RenderCall {
    api::ModelUse use;
    Endpoint endpoint;
    std::size_t images;
    std::function<Result<std::string>(const ModelChoice&, const LoadedModel&)> prompt;
};

Task<void> render(Service& service, ResponseWriter& writer, RenderCall call) {
    ModelJob job;
    job.reads_images = true;
    job.use = call.use;
    job.work = [call](const LoadedModel& model, const ModelChoice& choice) -> Result<Response> {
        const Result<std::string> prompt = call.prompt(choice, model);
        if (!prompt) return prompt.error();
        return json_response(
            dialect::format_rendered(call.endpoint, call.use.model, *prompt, call.images, now())
        );
    };
    job.refuse = refuse;
    return reply_from_model(service, writer, std::move(job));
}

std::size_t count_images(std::span<const Message> messages) {
    std::size_t count = 0;
    for (const Message& message : messages) count += message.images.size();
    return count;
}

Task<void> chat(Service& service, const Request& request, ResponseWriter& writer) {
    Result<api::ChatCall> call = dialect::parse_chat(request.body);
    if (!call) return reply(writer, ollama_error(call.error()));
    if (call->request.messages.empty()) {
        return load_or_unload(service, writer, {std::move(call->use), Endpoint::kChat});
    }
    const std::size_t images = count_images(call->request.messages);
    const auto prepare = [chat = std::move(call->request), name = call->use.model](
                             const ModelChoice& choice, const LoadedModel& model
                         ) { return prepare_chat(chat, choice, model, name); };
    if (call->render_only) {
        const auto prompt =
            [prepare](const ModelChoice& choice, const LoadedModel& model) -> Result<std::string> {
            const Result<ChatRequest> prepared = prepare(choice, model);
            if (!prepared) return prepared.error();
            Result<ChatPrompt> rendered = model.render(*prepared);
            if (!rendered) return std::move(rendered).error();
            return std::move(rendered->text);
        };
        return render(service, writer, {std::move(call->use), Endpoint::kChat, images, prompt});
    }
    AnswerJob job;
    job.reads_images = images > 0;
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
    job.use.priority_least = priority_least(service.keys, request);
    return answer(service, writer, std::move(job));
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
        const auto prompt = [call = *call](const ModelChoice& choice, const LoadedModel& model) {
            return generate_prompt(call, choice, model);
        };
        const std::size_t images = call->images.size();
        return render(service, writer, {call->use, Endpoint::kGenerate, images, prompt});
    }
    AnswerJob job;
    job.format = make_format(service, Endpoint::kGenerate, call->use.model);
    job.refuse = refuse;
    job.stream = call->stream;
    job.use = call->use;
    job.use.priority_least = priority_least(service.keys, request);
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

// Numbers that overflow are laid at the text's door.
Response refuse_embed(const Error& error) {
    const bool overflows = error.message == "embedding contains NaN or Inf values";
    return overflows ? ollama_error(400, error.message) : ollama_error(error);
}

Task<void> embed(Service& service, const Request& request, ResponseWriter& writer) {
    Result<api::EmbedCall> call = dialect::parse_embed(request.body);
    if (!call) return reply(writer, ollama_error(call.error()));
    const std::string model = call->use.model;
    EmbedJob job;
    job.call = std::move(call).value();
    job.sizes_as_ollama = true;
    job.refuse = refuse_embed;
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
    job.refuse = refuse_embed;
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
