#include "cli/local_assistant.h"

#include "base/error.h"
#include "cli/details_text.h"
#include "cli/terminal.h"
#include "cli/timing.h"
#include "store/paths.h"
#include <mullama/answer_format.h>

#include <chrono>
#include <utility>

#include <fmt/format.h>

namespace mullama::cli {
namespace {

using Clock = std::chrono::steady_clock;

// How long Ctrl-C may go unnoticed while the model is silent.
constexpr std::chrono::milliseconds kLook(50);

std::int64_t ns_since(Clock::time_point start) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
}

LoadOptions load_options(const api::LoadSettings& settings) {
    LoadOptions options;
    options.engine.sequences_max = 1;
    // A terminal may stand still for as long as its user likes.
    options.engine.stall_timeout_ms = 0;
    options.engine.context_length = settings.num_ctx.value_or(options.engine.context_length);
    if (settings.num_batch) {
        options.engine.batch_size = *settings.num_batch;
        options.engine.ubatch_size = *settings.num_batch;
    }
    options.engine.threads = settings.num_thread.value_or(0);
    options.engine.threads_batch = settings.num_thread.value_or(0);
    options.model.gpu_layers = settings.num_gpu.value_or(options.model.gpu_layers);
    if (settings.main_gpu) {
        options.model.split_mode = SplitMode::kNone;
        options.model.main_gpu = *settings.main_gpu;
    }
    if (settings.use_mmap) {
        options.model.load_mode = *settings.use_mmap ? LoadMode::kMmap : LoadMode::kRead;
    }
    return options;
}

// As Ollama's "think" on the command line.
void set_thinking(const std::string& think, ChatRequest& request) {
    if (think.empty()) return;
    request.thinking = think == "false" ? Thinking::kOff : Thinking::kOn;
    if (think != "true" && think != "false") request.reasoning_effort = think;
}

void show_parts(const std::vector<AnswerPart>& parts, std::string& thinking, std::string& text) {
    for (const AnswerPart& part : parts) {
        if (part.kind == AnswerPartKind::kThinking) thinking += part.text;
        if (part.kind == AnswerPartKind::kContent) text += part.text;
    }
}

}  // namespace

Result<LoadedModel> LocalAssistant::load_file(
    const ModelFile& file, const api::LoadSettings& settings
) {
    Spinner spinner;
    LoadOptions options = load_options(settings);
    options.projector = file.projector;
    options.adapters = file.adapters;
    options.draft_model = file.draft;
    options.draft_optional = !settings.draft_model;
    if (settings.draft_model) {
        options.draft_model.clear();
        if (!settings.draft_model->empty()) {
            auto draft = find_model_file(*settings.draft_model);
            if (!draft) return draft.error();
            options.draft_model = std::move(draft->path);
        }
    }
    options.projector_options.threads = options.engine.threads;
    if (const auto paths = store::default_paths()) options.model.tuning_file = paths->tuning();
    options.model.on_progress = [&](float progress) {
        spinner.turn(fmt::format("loading {} {:.0f}%", file.name, progress * 100));
        return !interrupt_.pressed();
    };
    Result<LoadedModel> model = LoadedModel::load(file.path, options);
    if (model && !options.draft_optional && model->no_draft_model()) {
        model = *model->no_draft_model();
    }
    // A load that Ctrl-C ended has used it up; after one that came to its end it stops the answer.
    if (!model) interrupt_.clear();
    return model;
}

Result<void> LocalAssistant::prepare(const Conversation& conversation) {
    const api::LoadSettings& settings = conversation.options.values().load;
    Clock::time_point start = Clock::now();
    if (!model_ || loaded_with_ != settings) {
        // The old one's memory goes first: there may be no room for both.
        model_.reset();
        Result<LoadedModel> model = load_file(file_, settings);
        if (!model) return model.error();
        model_ = std::move(model).value();
        loaded_with_ = settings;
    }
    load_ns_ += ns_since(start);
    return {};
}

Result<ChatAnswer> LocalAssistant::request(const Conversation& conversation) const {
    const api::OptionValues& values = conversation.options.values();
    if (model_->has_chat_template()) {
        ChatRequest request;
        request.messages = conversation.all_messages();
        values.put_into(request);
        request.overflow.cut_prompt = request.overflow.shift = true;
        request.format = conversation.format;
        set_thinking(conversation.think, request);
        return model_->answer(request);
    }
    MULLAMA_TRY(conversation.check_plain());
    GenerateRequest request;
    request.prompt = conversation.plain_text();
    values.put_into(request);
    request.overflow.cut_prompt = request.overflow.shift = true;
    if (!conversation.format.empty()) {
        Result<std::string> grammar = grammar_from_format(conversation.format);
        if (!grammar) return grammar.error();
        request.sampling.grammar = std::move(grammar).value();
    }
    Result<EventStream> stream =
        model_->generate(std::move(request), conversation.messages.back().images);
    if (!stream) return stream.error();
    return ChatAnswer{std::move(stream).value(), AnswerParser(nullptr), {}};
}

Result<Answer> LocalAssistant::answer(const Conversation& conversation) {
    const bool has_images = !conversation.messages.back().images.empty();
    if (has_images && file_.projector.empty()) return conversation.cannot_see();
    MULLAMA_TRY(prepare(conversation));
    Timing timing;
    timing.load_ns = std::exchange(load_ns_, 0);
    Clock::time_point start = Clock::now();
    Result<ChatAnswer> answer = request(conversation);
    if (!answer) return answer.error();
    AnswerView view(out_, style_, conversation.wrap);
    std::optional<Finish> finish;
    while (!finish && !view.unread() && !interrupt_.pressed()) {
        std::optional<Event> event = answer->events.next_for(kLook);
        if (!event) {
            view.wait();
            continue;
        }
        std::string thinking;
        std::string text;
        show_parts(answer->parser.push(event->text), thinking, text);
        if (event->finish) show_parts(answer->parser.finish(), thinking, text);
        const Result<void> shown = view.show(thinking, text);
        if (!shown) return shown.error();
        finish = std::move(event->finish);
    }
    interrupt_.clear();
    timing.total_ns = timing.load_ns + ns_since(start);
    if (!finish || finish->reason == FinishReason::kError) view.break_off();
    if (!finish) return view.answer(!view.unread());
    if (finish->reason == FinishReason::kError) {
        return finish->error.value_or(Error{ErrorCode::kInternal, "the answer broke off"});
    }
    timing.usage = finish->usage;
    view.finish(timing, conversation.verbose);
    return view.answer(false);
}

Result<void> LocalAssistant::load(const Conversation&, const std::string& name) {
    Result<ModelFile> file = find_model_file(name);
    if (!file) return file.error();
    Clock::time_point start = Clock::now();
    model_.reset();
    Result<LoadedModel> model = load_file(*file, loaded_with_);
    // The next answer then loads the old one again.
    if (!model) return model.error();
    file_ = std::move(file).value();
    model_ = std::move(model).value();
    load_ns_ = ns_since(start);
    return {};
}

bool LocalAssistant::embeds() const {
    const Model& model = model_->model();
    return model.metadata(model.architecture() + ".pooling_type").has_value();
}

Result<std::vector<float>> LocalAssistant::embed(const EmbedInput& input) {
    EmbedRequest request;
    request.input = {input.text};
    request.options.truncate = input.truncate;
    request.options.dimensions = input.dimensions;
    Result<Embeddings> embeddings = model_->embed(request);
    if (!embeddings) return embeddings.error();
    return std::move(embeddings->rows.front());
}

Result<std::string> LocalAssistant::describe(std::string_view topic) {
    Result<store::ModelDetails> details = file_details(file_);
    if (!details) return details.error();
    if (topic == "template") return details->chat_template;
    if (topic == "license") return details->licence;
    if (topic == "info") return details_text(*details);
    // The others are no part of a file.
    return std::string();
}

Result<std::string> LocalAssistant::list() {
    return model_list("");
}

}  // namespace mullama::cli
