#include "cli/chat_assistant.h"

#include "base/error.h"
#include "cli/answer_view.h"
#include "cli/details_text.h"
#include "cli/image_paths.h"
#include "cli/terminal.h"
#include "cli/timing.h"

#include <chrono>
#include <cstdio>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

namespace mullama::cli {
namespace {

using Clock = std::chrono::steady_clock;

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

Result<void> refuse_images(const Conversation& conversation) {
    std::optional<std::string> image = find_image_path(conversation.messages.back().content);
    if (!image) return {};
    return fail(
        ErrorCode::kUnsupported,
        "the model {} cannot see images: leave '{}' out of the prompt",
        conversation.model,
        *image
    );
}

}  // namespace

Result<LoadedModel> ChatAssistant::load_file(
    const ModelFile& file, const api::LoadSettings& settings
) {
    Spinner spinner;
    LoadOptions options = load_options(settings);
    options.model.on_progress = [&](float progress) {
        spinner.turn(fmt::format("loading {} {:.0f}%", file.name, progress * 100));
        return !interrupt_.pressed();
    };
    Result<LoadedModel> model = LoadedModel::load(file.path, options);
    // A load that Ctrl-C ended has used it up; after one that came to its end it stops the answer.
    if (!model) interrupt_.clear();
    return model;
}

Result<void> ChatAssistant::prepare(const api::LoadSettings& settings) {
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

Result<EventStream> ChatAssistant::request(const Conversation& conversation) const {
    const api::OptionValues& values = conversation.options.values();
    if (model_->has_chat_template()) {
        ChatRequest request;
        request.messages = conversation.all_messages();
        request.sampling = conversation.sampling();
        request.max_tokens = values.max_tokens;
        request.stop = values.stop;
        return model_->chat(request);
    }
    if (!conversation.system.empty()) {
        return fail(
            ErrorCode::kUnsupported,
            "the model {} has no chat template, so it cannot follow a system message: leave it out",
            conversation.model
        );
    }
    GenerateRequest request;
    request.prompt = conversation.plain_text();
    request.sampling = conversation.sampling();
    request.max_tokens = values.max_tokens;
    request.stop = values.stop;
    return model_->generate(request);
}

Result<Answer> ChatAssistant::answer(const Conversation& conversation) {
    MULLAMA_TRY(refuse_images(conversation));
    MULLAMA_TRY(prepare(conversation.options.values().load));
    Timing timing;
    timing.load_ns = std::exchange(load_ns_, 0);

    Clock::time_point start = Clock::now();
    Result<EventStream> stream = request(conversation);
    if (!stream) return stream.error();
    bool wraps = is_smart_terminal(STDOUT_FILENO) && conversation.wrap;
    int columns = wraps ? terminal_columns(STDOUT_FILENO) : 0;
    Result<ShownAnswer> shown = show_answer(std::move(stream).value(), out_, columns, interrupt_);
    timing.total_ns = timing.load_ns + ns_since(start);
    interrupt_.clear();
    if (!shown || !shown->unread) out_ << (style_.terminal ? "\n\n" : "\n") << std::flush;
    if (!shown) return shown.error();
    if (shown->finish) {
        timing.usage = shown->finish->usage;
        if (conversation.verbose) {
            fmt::print(stderr, "{}", timing_lines(timing));
        } else if (style_.speed_line) {
            std::string line = speed_line(timing.usage);
            fmt::print(stderr, "{}\n", is_smart_terminal(STDERR_FILENO) ? dim(line) : line);
        }
    }
    return Answer{std::move(shown->text), shown->interrupted};
}

Result<void> ChatAssistant::load(const std::string& name) {
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

Result<std::string> ChatAssistant::describe(std::string_view topic) {
    Result<store::ModelDetails> details = file_details(file_);
    if (!details) return details.error();
    if (topic == "template") return details->chat_template;
    if (topic == "license") return details->licence;
    return details_text(*details);
}

Result<std::string> ChatAssistant::list() {
    return model_list("");
}

}  // namespace mullama::cli
