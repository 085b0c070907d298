#include "base/error.h"
#include "runtime/chat_fit.h"
#include "runtime/embed_worker.h"
#include "runtime/picture_marks.h"
#include "runtime/prompt_tokens.h"
#include <mullama/runtime.h>
#include <mullama/tokenizer.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace mullama {

struct LoadedModel::Impl {
    Impl(Model loaded, const std::vector<AdapterScale>& adapters)
        : model(std::move(loaded)), embed_worker(model, adapters) {}

    /// A conversation as text and as the tokens of that text.
    struct Prepared {
        ChatPrompt prompt;
        PromptTokens tokens;
    };

    Result<ChatPrompt> render(std::span<const Message> messages, const ChatRequest& request) const {
        auto prompt = chat_template->render(PictureMarks::instance().put(messages), request);
        if (prompt) prompt->text.insert(0, request.lead);
        return prompt;
    }

    Result<Prepared> prepare(
        std::span<const Message> messages, const ChatRequest& request, const Pictures& pictures
    ) const {
        auto prompt = render(messages, request);
        if (!prompt) return std::move(prompt).error();
        auto tokens = pictures.tokenize(prompt->text, messages, *tokenizer);
        if (!tokens) return std::move(tokens).error();
        return Prepared{std::move(prompt).value(), std::move(tokens).value()};
    }

    Result<Pictures> read_pictures(std::span<const Message> messages) const {
        auto pictures = Pictures::read(projector ? &*projector : nullptr, messages);
        const bool blind = !pictures && !projector && no_projector;
        return blind ? *no_projector : std::move(pictures);
    }

    Result<Prepared> prepare(const ChatRequest& request) const {
        if (!chat_template) return *no_chat;
        const auto pictures = read_pictures(request.messages);
        if (!pictures) return pictures.error();
        auto whole = prepare(request.messages, request, *pictures);
        if (!whole || !request.truncate || !engine) return whole;
        const std::int32_t most = engine->info().context_length;
        const std::int32_t length =
            request.context_length == 0 ? most : std::min(request.context_length, most);
        const auto limit = static_cast<std::size_t>(std::max(length - 1, 1));
        if (whole->tokens.size() <= limit) return whole;
        auto fitting = fit_messages(request.messages, limit, [&](auto messages) {
            auto prepared = prepare(messages, request, *pictures);
            using Length = Result<std::size_t>;
            return prepared ? Length(prepared->tokens.size()) : Length(prepared.error());
        });
        if (!fitting && request.overflow.cut_prompt) fitting = least_messages(request.messages);
        if (!fitting) return std::move(fitting).error();
        return prepare(*fitting, request, *pictures);
    }

    // Images are read only where it takes their tokens to know what fits.
    Result<ChatPrompt> render(const ChatRequest& request) const {
        if (!chat_template) return *no_chat;
        if (!request.truncate || !engine) return render(request.messages, request);
        auto prepared = prepare(request);
        if (!prepared) return std::move(prepared).error();
        return std::move(prepared->prompt);
    }

    GenerateRequest generate_request(const ChatRequest& request, Prepared prepared) const {
        const ChatPrompt& prompt = prepared.prompt;
        GenerateRequest generate;
        generate.tokens = std::move(prepared.tokens.tokens);
        generate.media = std::move(prepared.tokens.media);
        generate.sampling = request.sampling;
        if (generate.sampling.grammar.empty() && generate.sampling.regex.empty()) {
            generate.sampling.grammar = prompt.grammar;
            generate.sampling.grammar_prefix = prompt.grammar_prefix;
        }
        generate.max_tokens = request.max_tokens;
        generate.stop = request.stop;
        generate.stop.insert(generate.stop.end(), prompt.stops.begin(), prompt.stops.end());
        generate.ignore_eos = request.ignore_eos;
        generate.cache_prompt = request.cache_prompt;
        generate.priority = request.priority;
        generate.draft_max = request.draft_max;
        generate.adapters = request.adapters;
        generate.top_logprobs = request.top_logprobs;
        generate.context_length = request.context_length;
        generate.overflow = request.overflow;
        generate.thinking_budget = {
            .tokens = request.thinking_tokens_max,
            .start = prompt.thinks_already ? "" : prompt.thinking_start,
            .ends = prompt.thinking_ends,
        };
        generate.shown_tokens = shown_tokens(prompt);
        return generate;
    }

    std::map<Token, std::string> shown_tokens(const ChatPrompt& prompt) const {
        std::map<Token, std::string> shown;
        for (const std::string& text : prompt.shown_texts) {
            if (text.empty()) continue;
            const auto tokens = tokenizer->encode(text, false, /*parse_special=*/true);
            if (tokens && tokens->size() == 1) shown.emplace(tokens->front(), text);
        }
        return shown;
    }

    Model model;
    std::shared_ptr<const Tokenizer> tokenizer;
    std::optional<Projector> projector;
    std::optional<Error> no_projector;  // why there is none, where there should be
    std::optional<ChatTemplate> chat_template;
    std::optional<Error> no_chat;  // why there is no template
    std::unique_ptr<Engine> engine;
    std::optional<Error> no_draft;   // why it has no draft model, where it should
    std::optional<Error> no_engine;  // why there is no engine
    mutable EmbedWorker embed_worker;
    std::vector<std::filesystem::path> adapter_files;   // in the engine's order
    std::map<std::filesystem::path, Error> no_adapter;  // those that could not be loaded, and why
    std::int64_t load_ns = 0;
};

namespace {

// Some models read a picture in one pass only.
void make_room_for_pictures(const Projector& projector, EngineOptions& options) {
    options.ubatch_size = std::max(options.ubatch_size, projector.pass_rows_max());
    options.batch_size = std::max(options.batch_size, projector.pass_rows_max());
}

Result<std::vector<AdapterScale>> load_adapters(
    const Model& model, const std::vector<std::filesystem::path>& files
) {
    std::vector<AdapterScale> adapters;
    for (const auto& file : files) {
        auto adapter = Adapter::load(model, file);
        if (!adapter) return std::move(adapter).error();
        adapters.push_back({std::move(adapter).value()});
    }
    return adapters;
}

Result<Model> load_draft_model(const LoadOptions& options) {
    ModelOptions how = options.model;
    how.metadata_overrides.clear();
    if (how.on_progress) {
        how.on_progress = [told = how.on_progress](float) { return told(1.0F); };
    }
    return Model::load(options.draft_model, how);
}

Error no_guesses(const Model& model) {
    return fail(
        ErrorCode::kUnsupported,
        "{} cannot take back tokens, so that none are guessed: leave the draft model out",
        model.description()
    );
}

// Guesses can be spared: where they cannot be had, `no_draft` says why.
Result<std::unique_ptr<Engine>> make_engine(
    const Model& model,
    EngineOptions options,
    const LoadOptions& load,
    std::optional<Error>& no_draft
) {
    if (load.draft_model.empty() || options.draft_max == 0) {
        return make_local_engine(model, options);
    }
    const bool recurrent = model.is_recurrent() || model.is_hybrid();
    auto draft = recurrent ? Result<Model>(no_guesses(model)) : load_draft_model(load);
    if (draft) {
        options.draft_model = *std::move(draft);
        auto engine = make_local_engine(model, options);
        if (engine) return engine;
        no_draft = std::move(engine).error();
    } else {
        no_draft = std::move(draft).error();
    }
    options.draft_model.reset();
    return make_local_engine(model, options);
}

}  // namespace

LoadedModel::LoadedModel(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

Result<LoadedModel> LoadedModel::load(
    const std::filesystem::path& file, const LoadOptions& options
) {
    const auto start = std::chrono::steady_clock::now();
    auto model = Model::load(file, options.model);
    if (!model) return std::move(model).error();
    auto loaded = load(std::move(model).value(), options);
    if (!loaded) return loaded;
    auto impl = std::const_pointer_cast<Impl>(loaded->impl_);
    impl->load_ns = std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count();
    return loaded;
}

Result<LoadedModel> LoadedModel::load(Model model, const LoadOptions& options) {
    const auto start = std::chrono::steady_clock::now();
    auto adapters = load_adapters(model, options.adapters);
    if (!adapters) return std::move(adapters).error();
    auto impl = std::make_shared<Impl>(std::move(model), *adapters);
    impl->adapter_files = options.adapters;
    for (const auto& file : options.idle_adapters) {
        auto adapter = Adapter::load(impl->model, file);
        if (adapter) {
            adapters->push_back({*std::move(adapter), /*scale=*/0.0F});
            impl->adapter_files.push_back(file);
        } else {
            impl->no_adapter.emplace(file, std::move(adapter).error());
        }
    }

    impl->tokenizer =
        options.engine.tokenizer ? options.engine.tokenizer : model_tokenizer(impl->model);
    auto chat = options.chat_template.empty()
                    ? ChatTemplate::from_model(impl->model)
                    : ChatTemplate::parse(impl->model, options.chat_template);
    if (chat) {
        impl->chat_template = std::move(chat).value();
    } else if (options.chat_template.empty()) {
        impl->no_chat = std::move(chat).error();
    } else {
        return std::move(chat).error();
    }

    EngineOptions engine_options = options.engine;
    std::ranges::move(*adapters, std::back_inserter(engine_options.adapters));
    if (!options.projector.empty()) {
        auto projector = Projector::load(impl->model, options.projector, options.projector_options);
        if (projector) {
            make_room_for_pictures(*projector, engine_options);
            impl->projector.emplace(std::move(projector).value());
        } else if (projector.error().code == ErrorCode::kExhausted) {
            return std::move(projector).error();
        } else {
            impl->no_projector = std::move(projector).error();
        }
    }

    auto engine = make_engine(impl->model, engine_options, options, impl->no_draft);
    if (engine) {
        impl->engine = std::move(engine).value();
    } else if (engine.error().code == ErrorCode::kUnsupported) {
        impl->no_engine = std::move(engine).error();
    } else {
        return std::move(engine).error();
    }
    impl->load_ns = std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count();
    return LoadedModel(std::move(impl));
}

Result<ChatPrompt> LoadedModel::render(const ChatRequest& request) const {
    auto prompt = impl_->render(request);
    if (prompt) prompt->text = PictureMarks::instance().shown(prompt->text);
    return prompt;
}

Result<std::size_t> LoadedModel::count_tokens(const ChatRequest& request) const {
    const auto prepared = impl_->prepare(request);
    if (!prepared) return prepared.error();
    return prepared->tokens.size();
}

Result<EventStream> LoadedModel::chat(const ChatRequest& request) const {
    auto answered = answer(request);
    if (!answered) return std::move(answered).error();
    return std::move(answered->events);
}

Result<ChatAnswer> LoadedModel::answer(const ChatRequest& request) const {
    if (impl_->no_engine) return *impl_->no_engine;
    auto prepared = impl_->prepare(request);
    if (!prepared) return std::move(prepared).error();
    const auto syntax = prepared->prompt.syntax;
    std::vector<Token> prompt = prepared->tokens.tokens;
    const std::size_t size = prepared->tokens.size();
    auto events = impl_->engine->submit(impl_->generate_request(request, std::move(*prepared)));
    if (!events) return std::move(events).error();
    return ChatAnswer{std::move(events).value(), AnswerParser(syntax), std::move(prompt), size};
}

Result<EventStream> LoadedModel::infill(const InfillRequest& request) const {
    if (impl_->no_engine) return *impl_->no_engine;
    if (!can_infill()) return fail(ErrorCode::kUnsupported, "this model does not support insert");
    const Vocab& vocab = impl_->model.vocab();
    auto prefix = impl_->tokenizer->encode(request.prefix, false, false);
    if (!prefix) return std::move(prefix).error();
    auto suffix = impl_->tokenizer->encode(request.suffix, false, false);
    if (!suffix) return std::move(suffix).error();
    GenerateRequest generate = request.generate;
    generate.tokens.clear();
    if (vocab.add_bos()) generate.tokens.push_back(vocab.bos());
    generate.tokens.push_back(vocab.fim_prefix());
    generate.tokens.insert(generate.tokens.end(), prefix->begin(), prefix->end());
    generate.tokens.push_back(vocab.fim_suffix());
    generate.tokens.insert(generate.tokens.end(), suffix->begin(), suffix->end());
    generate.tokens.push_back(vocab.fim_middle());
    return impl_->engine->submit(std::move(generate));
}

Result<EventStream> LoadedModel::generate(GenerateRequest request) const {
    if (impl_->no_engine) return *impl_->no_engine;
    return impl_->engine->submit(std::move(request));
}

Result<EventStream> LoadedModel::generate(
    GenerateRequest request, const std::vector<std::string>& images
) const {
    if (images.empty()) return generate(std::move(request));
    if (impl_->no_engine) return *impl_->no_engine;
    const std::vector<Message> holder = {{.role = "user", .images = images}};
    const auto pictures = impl_->read_pictures(holder);
    if (!pictures) return pictures.error();
    const std::string text = PictureMarks::instance().put(request.prompt, images.size());
    auto prompt = pictures->tokenize(text, holder, *impl_->tokenizer);
    if (!prompt) return std::move(prompt).error();
    request.tokens = std::move(prompt->tokens);
    request.media = std::move(prompt->media);
    return impl_->engine->submit(std::move(request));
}

Result<Embeddings> LoadedModel::embed(const EmbedRequest& request) const {
    return impl_->embed_worker.embed(request);
}

void LoadedModel::embed(EmbedRequest request, std::function<void(Result<Embeddings>)> done) const {
    impl_->embed_worker.embed(std::move(request), std::move(done));
}

void LoadedModel::rank(RankRequest request, std::function<void(Result<Ranking>)> done) const {
    impl_->embed_worker.rank(std::move(request), std::move(done));
}

ChatAbilities LoadedModel::chat_abilities() const {
    return impl_->chat_template ? impl_->chat_template->abilities() : ChatAbilities();
}

bool LoadedModel::can_see() const {
    return impl_->projector.has_value();
}

bool LoadedModel::can_infill() const {
    const Vocab& vocab = impl_->model.vocab();
    return vocab.fim_prefix() != kNoToken && vocab.fim_suffix() != kNoToken &&
           vocab.fim_middle() != kNoToken;
}

const Tokenizer& LoadedModel::tokenizer() const {
    return *impl_->tokenizer;
}

bool LoadedModel::has_chat_template() const {
    return impl_->chat_template.has_value();
}

const std::string& LoadedModel::chat_template() const {
    static const std::string kNone;
    return impl_->chat_template ? impl_->chat_template->source() : kNone;
}

const std::optional<Error>& LoadedModel::no_draft_model() const {
    return impl_->no_draft;
}

Result<std::int32_t> LoadedModel::adapter(const std::filesystem::path& file) const {
    const auto broken = impl_->no_adapter.find(file);
    if (broken != impl_->no_adapter.end()) return broken->second;
    const auto found = std::ranges::find(impl_->adapter_files, file);
    if (found == impl_->adapter_files.end()) {
        return fail(ErrorCode::kNotFound, "the model has no adapter {}", file.string());
    }
    return static_cast<std::int32_t>(found - impl_->adapter_files.begin());
}

const Model& LoadedModel::model() const {
    return impl_->model;
}

const Engine* LoadedModel::engine() const {
    return impl_->engine.get();
}

std::int64_t LoadedModel::load_ns() const {
    return impl_->load_ns;
}

}  // namespace mullama
