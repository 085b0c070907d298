#include "server/model_use.h"

#include "base/error.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>
#include <vector>

namespace mullama::server {
namespace {

// As Ollama has it.
constexpr std::int32_t kContextMin = 4;
constexpr std::int32_t kContextMinToSee = 2048;

Result<api::Options> options_of(const store::LocalModel& model) {
    api::Options options;
    if (model.settings.parameters.empty()) return options;
    const Result<api::json::value> parameters = api::parse_json(model.settings.parameters);
    if (!parameters || !parameters->is_object()) {
        return fail(ErrorCode::kCorrupt, "the parameters of model '{}' are no JSON", model.name);
    }
    for (const auto& [name, value] : parameters->get_object()) {
        // It is meant for a draft model's tokens.
        if (name == "draft_num_predict" && model.draft.empty()) continue;
        MULLAMA_TRY(options.set_leniently({name.data(), name.size()}, value));
    }
    return options;
}

// A picture takes the place of many tokens.
void make_room_to_see(api::Options& options) {
    const auto& length = options.values().load.num_ctx;
    if (!length || *length >= kContextMinToSee) return;
    [[maybe_unused]] const auto set = options.set(fmt::format("num_ctx={}", kContextMinToSee));
}

LoadOptions load_options(LoadOptions options, const api::Options& asked) {
    const api::LoadSettings& settings = asked.values().load;
    if (const auto length = context_length_of(asked)) options.engine.context_length = *length;
    if (settings.num_batch) options.engine.batch_size = *settings.num_batch;
    if (settings.num_thread) {
        options.engine.threads = *settings.num_thread;
        options.engine.threads_batch = *settings.num_thread;
        options.projector_options.threads = *settings.num_thread;
    }
    if (settings.num_gpu) options.model.gpu_layers = *settings.num_gpu;
    if (settings.main_gpu) options.model.main_gpu = *settings.main_gpu;
    if (settings.use_mmap) {
        options.model.load_mode = *settings.use_mmap ? LoadMode::kMmap : LoadMode::kRead;
    }
    return options;
}

// One that comes with the model may be of a kind that cannot guess here.
Result<void> add_draft_model(const Service& service, ModelChoice& choice) {
    const auto& asked = choice.options.values().load.draft_model;
    LoadOptions& load = choice.request.load;
    load.draft_optional = !asked || asked->empty();
    if (!asked) {
        load.draft_model = choice.model.draft;
    } else if (!asked->empty()) {
        if (load.engine.draft_max == 0) {
            return fail(
                ErrorCode::kInvalidArgument,
                "this server guesses no tokens: leave draft_model out, or start it with a "
                "--draft-max above 0"
            );
        }
        auto model = service.catalog.find(*asked);
        if (!model) return model.error();
        load.draft_model = std::move(model->file);
    }
    return {};
}

// Only those of models with the same weights, which are the same file.
Result<void> add_named_adapters(const Service& service, ModelChoice& choice) {
    LoadOptions& load = choice.request.load;
    for (const auto& [name, scale] : choice.options.named_adapters()) {
        const auto model = service.catalog.find(name);
        if (!model) return model.error();
        if (model->file != choice.model.file || model->adapters.empty()) {
            return fail(
                ErrorCode::kInvalidArgument,
                "model '{}' has no adapter for '{}': name a model with the same weights and an "
                "ADAPTER",
                model->name,
                choice.model.name
            );
        }
        for (const auto& file : model->adapters) {
            choice.adapters.emplace_back(file, scale);
            const auto in = [&file](const auto& files) {
                return std::ranges::find(files, file) != files.end();
            };
            if (in(load.adapters) || in(load.idle_adapters)) continue;
            load.idle_adapters.push_back(file);
        }
    }
    return {};
}

/// The options, with adapters of other models by their places.
Result<void> place_adapters(ModelChoice& choice, const LoadedModel& model) {
    if (choice.adapters.empty()) return {};
    std::vector<AdapterUse> uses = *choice.options.values().adapters;
    for (const auto& [file, scale] : choice.adapters) {
        const auto place = model.adapter(file);
        if (!place) return place.error();
        uses.push_back({.index = *place, .scale = scale});
    }
    choice.options.set_adapters(std::move(uses));
    return {};
}

/// The options, with biases of texts as those of their tokens.
Result<api::Options> with_token_biases(api::Options options, const Tokenizer& tokenizer) {
    std::vector<LogitBias> biases = options.values().sampling.logit_bias;
    for (const api::TextBias& each : options.text_biases()) {
        Result<std::vector<Token>> tokens = tokenizer.encode(each.text, false, false);
        if (!tokens) return std::move(tokens).error();
        for (const Token token : *tokens) biases.push_back({token, each.bias});
    }
    options.set_logit_bias(std::move(biases));
    return options;
}

}  // namespace

Result<store::LocalModel> find_model(const Service& service, const api::ModelUse& use) {
    if (!use.model.empty()) return service.catalog.find(use.model);
    if (!use.any_model) return fail(ErrorCode::kInvalidArgument, "model is required");
    const std::vector<PooledModel> loaded = service.pool.models();
    if (loaded.size() == 1) return service.catalog.find(loaded.front().name);
    std::vector<store::LocalModel> models = service.catalog.list();
    if (models.empty()) {
        return fail(
            ErrorCode::kNotFound, "there is no model here: get one with 'mullama pull NAME'"
        );
    }
    return std::move(models.front());
}

Result<ModelChoice> choose_model(Service& service, const api::ModelUse& use) {
    Result<store::LocalModel> model = find_model(service, use);
    if (!model) return std::move(model).error();
    Result<api::Options> own = options_of(*model);
    if (!own) return std::move(own).error();
    ModelChoice choice{.model = std::move(model).value(), .options = use.defaults, .request = {}};
    choice.options.merge(*own);
    choice.options.merge(use.options);
    if (use.priority_least) choice.options.bound_priority(*use.priority_least);
    choice.request.name = choice.model.name;
    choice.request.file = choice.model.file;
    std::filesystem::path projector = service.facts.projector(choice.model);
    if (!projector.empty()) make_room_to_see(choice.options);
    choice.request.load = load_options(service.load, choice.options);
    choice.request.load.projector = std::move(projector);
    choice.request.load.adapters = choice.model.adapters;
    MULLAMA_TRY(add_draft_model(service, choice));
    if (!choice.options.values().adapters) {
        const std::size_t count = choice.model.adapters.size();
        const auto scales = service.adapter_scales.find(choice.model.name, count);
        if (scales) choice.options.set_adapters(*scales);
    }
    // Those behind the model's own in the engine are others', by their names.
    if (const auto& adapters = choice.options.values().adapters) {
        MULLAMA_TRY(check_adapters(*adapters, choice.model.adapters.size()));
    }
    MULLAMA_TRY(add_named_adapters(service, choice));
    choice.request.keep_alive = use.keep_alive;
    return choice;
}

Result<void> check_adapters(const std::vector<AdapterUse>& adapters, std::size_t count) {
    for (const auto& [index, scale] : adapters) {
        if (index < 0 || std::cmp_greater_equal(index, count)) {
            return fail(
                ErrorCode::kInvalidArgument,
                "there is no adapter {}: the model has {}, counted from 0",
                index,
                count
            );
        }
        if (std::isfinite(scale)) continue;
        return fail(
            ErrorCode::kInvalidArgument,
            "the scale of adapter {} is {}: give a number",
            index,
            scale
        );
    }
    return {};
}

Task<Result<AcquiredModel>> acquire_model(Service& service, api::ModelUse use, Executor& executor) {
    auto choose = [&service, use = std::move(use)] { return choose_model(service, use); };
    Offload choosing(service.work, executor, std::move(choose));
    Result<ModelChoice> choice = co_await choosing;
    if (!choice) co_return std::move(choice).error();
    auto acquiring = service.pool.acquire_async(choice->request, executor);
    Result<ModelLease> lease = co_await acquiring;
    if (!lease) co_return std::move(lease).error();
    if (!choice->request.load.draft_optional && (*lease)->no_draft_model()) {
        co_return *(*lease)->no_draft_model();
    }
    const auto placed = place_adapters(*choice, **lease);
    if (!placed) co_return placed.error();
    if (!choice->options.text_biases().empty()) {
        auto bias = [options = choice->options, model = **lease] {
            return with_token_biases(options, model.tokenizer());
        };
        Offload biasing(service.work, executor, std::move(bias));
        Result<api::Options> options = co_await biasing;
        if (!options) co_return std::move(options).error();
        choice->options = std::move(options).value();
    }
    co_return AcquiredModel{std::move(choice).value(), std::move(lease).value()};
}

std::optional<std::int32_t> context_length_of(const api::Options& options) {
    const auto& num_ctx = options.values().load.num_ctx;
    return num_ctx ? std::optional(std::max(*num_ctx, kContextMin)) : std::nullopt;
}

template <typename Request>
void apply(const api::Options& options, Request& request) {
    options.values().put_into(request);
    request.context_length = context_length_of(options).value_or(0);
}

template void apply(const api::Options& options, ChatRequest& request);
template void apply(const api::Options& options, GenerateRequest& request);

}  // namespace mullama::server
