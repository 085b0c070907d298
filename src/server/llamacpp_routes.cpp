#include "api/llamacpp/completion_format.h"
#include "api/llamacpp/requests.h"
#include "api/llamacpp/server_info.h"
#include "api/openai/requests.h"
#include "server/access.h"
#include "server/answering.h"
#include "server/conversation.h"
#include "server/embedding.h"
#include "server/llamacpp_completion.h"
#include "server/model_job.h"
#include "server/reply.h"
#include "server/request_target.h"
#include "server/routes.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace mullama::server {
namespace {

namespace dialect = api::llamacpp;

// There is nothing here that such a request could mean another time: 501, as llama-server has it.
Response refuse(const Error& error) {
    return error.code == ErrorCode::kUnsupported ? llamacpp_error(501, error.message)
                                                 : llamacpp_error(error);
}

/// What completions and gaps to fill have in common. `begin` starts the answers of a `Call`.
template <typename Call>
using Begin =
    Result<std::vector<StartedAnswer>> (*)(const Call&, const ModelChoice&, const LoadedModel&);

template <typename Call>
Task<void> complete(
    Service& service,
    const Request& request,
    ResponseWriter& writer,
    Result<Call> call,
    Begin<Call> begin
) {
    if (!call) return reply(writer, refuse(call.error()));
    AnswerJob job;
    const bool pings = call->ping_interval.value_or(std::chrono::seconds(1)).count() > 0;
    job.format = std::make_unique<dialect::CompletionFormat>(call->use.model, call->shape, pings);
    job.refuse = refuse;
    job.stream = call->shape.stream;
    job.ping_interval = call->ping_interval;
    job.use = call->use;
    job.use.priority_least = priority_least(service.keys, request);
    job.start = [call = std::move(*call), begin](
                    const LoadedModel& model, const ModelChoice& choice
                ) { return begin(call, choice, model); };
    return answer(service, writer, std::move(job));
}

Task<void> completion(Service& service, const Request& request, ResponseWriter& writer) {
    return complete<dialect::CompletionCall>(
        service, request, writer, dialect::parse_completion(request.body), start_completion
    );
}

Task<void> infill(Service& service, const Request& request, ResponseWriter& writer) {
    return complete<dialect::InfillCall>(
        service, request, writer, dialect::parse_infill(request.body), start_infill
    );
}

Task<void> embedding(Service& service, const Request& request, ResponseWriter& writer) {
    Result<api::EmbedCall> call = dialect::parse_embedding(request.body);
    if (!call) return reply(writer, refuse(call.error()));
    EmbedJob job;
    job.call = std::move(call).value();
    job.refuse = refuse;
    job.format = [](const EmbedOutcome& outcome) {
        return dialect::format_embedding(outcome.rows);
    };
    return answer_embed(service, writer, std::move(job));
}

Task<void> input_tokens(Service& service, const Request& request, ResponseWriter& writer) {
    auto call = api::openai::parse_chat_completion(request.body);
    if (!call) return reply(writer, refuse(call.error()));
    ModelJob job;
    job.use = call->use;
    job.use.any_model = true;
    job.refuse = refuse;
    job.reads_images = has_images(call->request.messages);
    job.work = [call = std::move(*call
                )](const LoadedModel& model, const ModelChoice& choice) -> Result<Response> {
        const auto tokens = count_chat(call.request, choice, model, choice.model.name);
        if (!tokens) return tokens.error();
        return json_response(dialect::format_input_tokens(*tokens));
    };
    return reply_from_model(service, writer, std::move(job));
}

/// The engine of a model where it is loaded.
std::optional<PooledEngine> engine_of(const Service& service, const std::string& name) {
    const std::vector<PooledEngine> engines = service.pool.engines();
    const auto found = std::ranges::find(engines, name, &PooledEngine::name);
    return found == engines.end() ? std::nullopt : std::optional(*found);
}

// Nothing is loaded for this: what a model that sleeps will be is known from its file.
Response properties(Service& service, const api::ModelUse& use) {
    const Result<ModelChoice> choice = choose_model(service, use);
    if (!choice) return refuse(choice.error());
    const Result<store::ModelDetails> details = service.facts.details(choice->model.file);
    if (!details) return refuse(details.error());
    const EngineOptions& wanted = choice->request.load.engine;
    const std::optional<PooledEngine> engine = engine_of(service, choice->model.name);
    return json_response(dialect::format_properties({
        .model = choice->model.name,
        .file = choice->model.file.string(),
        .quantization = details->quantization,
        .chat_template = details->chat_template,
        .bos_token = details->bos_token,
        .eos_token = details->eos_token,
        .options = choice->options.values(),
        .context_length = engine ? engine->info.context_length : wanted.context_length,
        .slots = engine ? engine->info.sequences_max : wanted.sequences_max,
        .is_loaded = engine.has_value(),
        .sees = !choice->request.load.projector.empty(),
        .version = "mullama-" MULLAMA_VERSION,
    }));
}

api::ModelUse any_model(const Request& request) {
    api::ModelUse use;
    use.any_model = true;
    use.model = query_value(request.query, "model").value_or("");
    return use;
}

Task<void> get_properties(Service& service, const Request& request, ResponseWriter& writer) {
    api::ModelUse use = any_model(request);
    use.defaults = dialect::default_options();
    return reply_with(service, writer, [&service, use] { return properties(service, use); });
}

Response slots(Service& service, const std::string& model, bool fails_when_busy) {
    std::vector<dialect::SlotGroup> groups;
    bool has_idle = service.pool.models().empty();  // then the first request loads one
    for (const PooledEngine& engine : service.pool.engines()) {
        if (!model.empty() && engine.name != model) continue;
        const std::int32_t busy = std::min(engine.stats.running, engine.info.sequences_max);
        has_idle |= busy < engine.info.sequences_max;
        groups.push_back({
            engine.name,
            engine.info.context_length,
            engine.info.sequences_max,
            busy,
            engine.info.draft_max > 0,
        });
    }
    if (fails_when_busy && !has_idle) return llamacpp_error(503, "no slot available");
    return json_response(dialect::format_slots(groups));
}

Task<void> get_slots(Service& service, const Request& request, ResponseWriter& writer) {
    const std::string model = query_value(request.query, "model").value_or("");
    const bool fails = query_value(request.query, "fail_on_no_slot").has_value();
    return reply_with(service, writer, [&service, model, fails] {
        return slots(service, model, fails);
    });
}

// Without the folders that they lie in.
Response adapters(const Service& service, const api::ModelUse& use) {
    const Result<store::LocalModel> model = find_model(service, use);
    if (!model && !use.model.empty()) return refuse(model.error());
    std::vector<dialect::AdapterInfo> infos;
    if (model) {
        for (const auto& file : model->adapters) infos.push_back({file.filename().string()});
        const auto scales = service.adapter_scales.find(model->name, infos.size());
        if (scales) {
            for (dialect::AdapterInfo& info : infos) info.scale = 0.0F;
            for (const auto& [index, scale] : *scales) {
                infos[static_cast<std::size_t>(index)].scale = scale;
            }
        }
    }
    return json_response(dialect::format_adapters(infos));
}

Task<void> get_adapters(Service& service, const Request& request, ResponseWriter& writer) {
    return reply_with(service, writer, [&service, use = any_model(request)] {
        return adapters(service, use);
    });
}

Response set_adapters(
    Service& service, const api::ModelUse& use, const std::vector<AdapterUse>& adapters
) {
    const Result<store::LocalModel> model = find_model(service, use);
    if (!model) return refuse(model.error());
    const auto checked = check_adapters(adapters, model->adapters.size());
    if (!checked) return refuse(checked.error());
    service.adapter_scales.set(model->name, adapters);
    return json_response(R"({"success":true})");
}

Task<void> post_adapters(Service& service, const Request& request, ResponseWriter& writer) {
    auto adapters = dialect::parse_adapters(request.body);
    if (!adapters) return reply(writer, refuse(adapters.error()));
    return reply_with(
        service,
        writer,
        [&service, use = any_model(request), adapters = *std::move(adapters)] {
            return set_adapters(service, use, adapters);
        }
    );
}

void add_refusal(Router& router, const char* method, const char* path, const char* why) {
    router.add(method, path, [why](const Request&, ResponseWriter& writer, std::string_view) {
        return reply(writer, llamacpp_error(501, why));
    });
}

}  // namespace

void add_llamacpp_routes(Router& router, Service& service) {
    using View = std::string_view;
    for (const char* path : {"/completion", "/completions"}) {
        router.add("POST", path, [&](const Request& r, ResponseWriter& w, View) {
            return completion(service, r, w);
        });
    }
    router.add("POST", "/infill", [&](const Request& r, ResponseWriter& w, View) {
        return infill(service, r, w);
    });
    for (const char* path : {"/embedding", "/embeddings"}) {
        router.add("POST", path, [&](const Request& r, ResponseWriter& w, View) {
            return embedding(service, r, w);
        });
    }
    for (const char* path :
         {"/v1/chat/completions/input_tokens", "/chat/completions/input_tokens"}) {
        router.add("POST", path, [&](const Request& r, ResponseWriter& w, View) {
            return input_tokens(service, r, w);
        });
    }
    router.add("GET", "/props", [&](const Request& r, ResponseWriter& w, View) {
        return get_properties(service, r, w);
    });
    router.add("GET", "/slots", [&](const Request& r, ResponseWriter& w, View) {
        return get_slots(service, r, w);
    });
    router.add("GET", "/lora-adapters", [&](const Request& r, ResponseWriter& w, View) {
        return get_adapters(service, r, w);
    });
    router.add("POST", "/lora-adapters", [&](const Request& r, ResponseWriter& w, View) {
        return post_adapters(service, r, w);
    });
    add_refusal(router, "POST", "/props", "properties cannot be changed while the server runs");
    add_refusal(router, "POST", "/slots/*", "slots cannot be saved, restored or erased yet");
}

}  // namespace mullama::server
