#include "cli/daemon_assistant.h"

#include "api/json.h"
#include "api/json_writer.h"
#include "base/error.h"
#include "cli/chat_body.h"
#include "cli/details_text.h"
#include "cli/model_file.h"
#include "cli/model_table.h"
#include "cli/terminal.h"
#include "store/resolve.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace mullama::cli {
namespace {

/// One line of an answer.
struct AnswerLine {
    std::string thinking;
    std::string text;
    std::optional<Timing> timing;  ///< In the last one.
};

Result<AnswerLine> parse_line(std::string_view line) {
    const Result<api::json::value> value = api::parse_json(line);
    if (!value || !value->is_object()) {
        return fail(ErrorCode::kUnavailable, "the server's answer is not understood: {}", line);
    }
    api::Fields fields(value->get_object(), "answer");
    std::string error;
    fields.read("error", error);
    if (!error.empty()) return Error{ErrorCode::kInternal, error};
    AnswerLine parsed;
    fields.read("response", parsed.text);
    if (const api::json::object* message = fields.object("message")) {
        api::Fields inner(*message, "answer.message");
        inner.read("content", parsed.text);
        inner.read("thinking", parsed.thinking);
        MULLAMA_TRY(inner.result());
    }
    bool done = false;
    fields.read("done", done);
    if (done) {
        Timing& timing = parsed.timing.emplace();
        fields.read("total_duration", timing.total_ns);
        fields.read("load_duration", timing.load_ns);
        fields.read("prompt_eval_count", timing.usage.prompt_tokens);
        fields.read("prompt_cut_count", timing.usage.cut_tokens);
        fields.read("prompt_eval_duration", timing.usage.prompt_ns);
        fields.read("eval_count", timing.usage.completion_tokens);
        fields.read("eval_duration", timing.usage.decode_ns);
    }
    MULLAMA_TRY(fields.result());
    return parsed;
}

Result<std::vector<float>> parse_vector(const std::string& body) {
    const Result<api::json::value> value = api::parse_json(body);
    if (!value || !value->is_object()) return value.error();
    const api::json::value* rows = value->get_object().if_contains("embeddings");
    std::vector<float> vector;
    if (rows == nullptr || !rows->is_array() || rows->get_array().empty()) return vector;
    const api::json::array* row = rows->get_array().front().if_array();
    if (row == nullptr) return vector;
    for (const api::json::value& each : *row) {
        if (each.is_number()) vector.push_back(each.to_number<float>());
    }
    return vector;
}

}  // namespace

Result<void> DaemonAssistant::prepare(const Conversation& conversation) {
    // A vector model is loaded by its first text.
    if (embeds()) return {};
    Spinner spinner;
    const auto ignore = [](std::string_view) { return true; };
    const auto wait = [&] {
        spinner.turn(fmt::format("loading {}", conversation.model));
        return !interrupt_.pressed();
    };
    const Result<void> loaded =
        client_.post_lines("/api/generate", load_body(conversation), ignore, wait);
    // A load that Ctrl-C ended has used it up; after one that came to its end it stops the answer.
    if (!loaded) interrupt_.clear();
    return loaded;
}

Result<Answer> DaemonAssistant::answer(const Conversation& conversation) {
    const bool sees = std::ranges::count(model_.details.capabilities, "vision") > 0;
    if (!conversation.messages.back().images.empty() && !sees) return conversation.cannot_see();
    const bool plain = model_.details.chat_template.empty();
    if (plain) MULLAMA_TRY(conversation.check_plain());
    AnswerView view(out_, style_, conversation.wrap);
    std::optional<Timing> timing;
    Result<void> shown;
    const auto on_line = [&](std::string_view line) {
        Result<AnswerLine> parsed = parse_line(line);
        shown = parsed ? view.show(parsed->thinking, parsed->text) : parsed.error();
        if (parsed) timing = parsed->timing;
        return shown && !view.unread() && !timing;
    };
    const auto wait = [&] {
        view.wait();
        return !interrupt_.pressed();
    };
    const Result<void> called = client_.post_lines(
        plain ? "/api/generate" : "/api/chat",
        plain ? continue_body(conversation) : chat_body(conversation),
        on_line,
        wait
    );
    interrupt_.clear();
    if (timing) {
        view.finish(*timing, conversation.verbose);
        return view.answer(false);
    }
    // Refused before it began: there is no line to end.
    if (view.blank() && !called && called.error().code != ErrorCode::kCancelled) {
        return called.error();
    }
    view.break_off();
    if (!shown) return shown.error();
    if (!called && called.error().code == ErrorCode::kCancelled) return view.answer(true);
    if (!called) return called.error();
    if (view.unread()) return view.answer(false);
    return fail(ErrorCode::kUnavailable, "the server broke the answer off");
}

Result<void> DaemonAssistant::load(const Conversation& conversation, const std::string& name) {
    if (store::is_file(name)) {
        return fail(
            ErrorCode::kInvalidArgument,
            "'{}' is a file: give it a name with `mullama serve --model NAME={}`, or start "
            "`mullama run {}`",
            name,
            name,
            name
        );
    }
    Result<ShownModel> model = show_model(client_, name);
    if (!model) return model.error();
    Conversation next = conversation;
    next.model = name;
    MULLAMA_TRY(prepare(next));
    model_ = std::move(model).value();
    return {};
}

Result<std::string> DaemonAssistant::describe(std::string_view topic) {
    if (topic == "info") return details_text(model_.details);
    if (topic == "license") return model_.details.licence;
    if (topic == "template") return model_.details.chat_template;
    if (topic == "system") return model_.system;
    if (topic == "parameters") return model_.parameters;
    return model_.modelfile;
}

Result<std::string> DaemonAssistant::list() {
    return daemon_model_table(client_, "");
}

bool DaemonAssistant::embeds() const {
    return std::ranges::count(model_.details.capabilities, "embedding") > 0;
}

Result<std::vector<float>> DaemonAssistant::embed(const EmbedInput& input) {
    api::JsonWriter out;
    out.begin_object().field("model", model_.name).field("input", input.text);
    out.field("truncate", input.truncate);
    if (input.dimensions > 0) out.field("dimensions", input.dimensions);
    out.end_object();
    const Result<std::string> body = client_.post("/api/embed", out.take());
    if (!body) return body.error();
    return parse_vector(*body);
}

}  // namespace mullama::cli
