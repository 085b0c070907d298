#include "base/error.h"
#include "cli/daemon_assistant.h"
#include "cli/daemon_start.h"
#include "cli/embedding_text.h"
#include "cli/image_paths.h"
#include "cli/input.h"
#include "cli/local_assistant.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "store/model_details.h"
#include "store/paths.h"
#include "store/resolve.h"
#include <mullama/answer_format.h>

#include <cstdlib>
#include <iostream>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace mullama::cli {
namespace {

Result<Conversation> start_conversation(const RunArguments& arguments) {
    Conversation conversation;
    conversation.model = arguments.model;
    conversation.system = arguments.system;
    conversation.think = arguments.think;
    conversation.keep_alive = arguments.keep_alive;
    conversation.wrap = !arguments.no_word_wrap;
    conversation.verbose = arguments.verbose;
    for (const std::string& assignment : arguments.options) {
        MULLAMA_TRY(conversation.options.set(assignment));
    }
    if (!arguments.format.empty()) {
        const Result<std::string> grammar = grammar_from_format(arguments.format);
        if (!grammar) return grammar.error();
        conversation.format = arguments.format;
    }
    return conversation;
}

std::filesystem::path history_file() {
    Result<store::Paths> paths = store::default_paths();
    return paths ? paths->history() : std::filesystem::path();
}

bool history_enabled() {
    for (const char* name : {"MULLAMA_NOHISTORY", "OLLAMA_NOHISTORY"}) {
        const char* off = std::getenv(name);
        if (off != nullptr && *off != '\0' && std::string_view(off) != "0") return false;
    }
    return true;
}

ExitCode chat(Conversation& conversation, Assistant& assistant) {
    std::unique_ptr<LineReader> reader = make_terminal_reader(history_file());
    reader->set_history(history_enabled());
    if (is_smart_terminal(STDOUT_FILENO)) std::cout << dim("Send a message (/? for help)") << "\n";
    Repl(conversation, *reader, assistant, std::cout).run();
    return ExitCode::kSuccess;
}

ExitCode answer_once(Conversation& conversation, Assistant& assistant, const std::string& prompt) {
    Result<Message> message = user_message(prompt);
    if (!message) return report(message.error());
    conversation.messages.push_back(std::move(message).value());
    Result<Answer> answer = assistant.answer(conversation);
    if (!answer) return report(answer.error());
    return answer->interrupted ? ExitCode::kInterrupted : ExitCode::kSuccess;
}

// As Ollama: a model made for embeddings answers with the prompt's vector.
ExitCode print_embedding(Assistant& assistant, const RunArguments& arguments, std::string prompt) {
    if (prompt.empty()) {
        return report(fail(
            ErrorCode::kInvalidArgument,
            "embedding models need input text: mullama run {} \"your text here\"",
            arguments.model
        ));
    }
    Result<std::vector<float>> vector =
        assistant.embed({std::move(prompt), arguments.truncate, arguments.dimensions});
    if (!vector) return report(vector.error());
    std::cout << embedding_line(*vector);
    return ExitCode::kSuccess;
}

ExitCode run_with(
    Conversation& conversation,
    Assistant& assistant,
    const RunArguments& arguments,
    const std::string& prompt
) {
    // A single answer loads the model by itself; the chat has it ready before the first question.
    if (prompt.empty() || store::is_file(arguments.model)) {
        Result<void> ready = assistant.prepare(conversation);
        if (!ready) return report(ready.error());
    }
    if (assistant.embeds()) return print_embedding(assistant, arguments, prompt);
    if (prompt.empty()) return chat(conversation, assistant);
    return answer_once(conversation, assistant, prompt);
}

/// Asks the server for a model; one that it lacks and the index knows is downloaded for it.
Result<ShownModel> find_model(DaemonClient& client, const std::string& name) {
    Result<ShownModel> shown = show_model(client, name);
    const bool missing = !shown && shown.error().code == ErrorCode::kNotFound;
    if (!missing || !client.address().is_here()) return shown;
    Result<ModelFile> file = find_model_file(name);
    if (!file) return file.error();
    shown = show_model(client, name);
    if (shown || shown.error().code != ErrorCode::kNotFound) return shown;
    return fail(
        ErrorCode::kNotFound,
        "the server at {} does not find '{}', which is on this machine: it is another program, or "
        "looks in another folder ($MULLAMA_HOME); stop it, or set $MULLAMA_HOST to another address",
        client.address().to_listen(),
        name
    );
}

ExitCode run_by_daemon(
    Conversation& conversation,
    const RunArguments& arguments,
    const AnswerStyle& style,
    const std::string& prompt
) {
    Result<DaemonClient> client = connect_or_start();
    if (!client) return report(client.error());
    Result<ShownModel> model = find_model(*client, arguments.model);
    if (!model) return report(model.error());
    DaemonAssistant assistant(*client, std::move(model).value(), std::cout, style);
    return run_with(conversation, assistant, arguments, prompt);
}

/// Gives a model file the projector of the command line.
Result<void> set_projector(ModelFile& file, const std::string& projector) {
    if (projector.empty()) return {};
    if (!store::sees(projector)) {
        return fail(
            ErrorCode::kInvalidArgument,
            "'{}' is no projector that sees: give the file that is called \"mmproj\"",
            projector
        );
    }
    file.projector = projector;
    return {};
}

}  // namespace

ExitCode run(const RunArguments& arguments) {
    Result<Conversation> conversation = start_conversation(arguments);
    if (!conversation) return report(conversation.error());
    Result<std::string> prompt = read_prompt(arguments.prompt);
    if (!prompt) return report(prompt.error());
    bool terminal = is_terminal(STDOUT_FILENO);
    if (prompt->empty() && !(terminal && is_terminal(STDIN_FILENO))) {
        return report(fail(
            ErrorCode::kInvalidArgument,
            "there is no prompt: give one as an argument or on stdin, or start the chat in a "
            "terminal"
        ));
    }
    AnswerStyle style;
    style.terminal = terminal;
    style.speed_line = !prompt->empty() && (terminal || arguments.stats);
    style.hide_thinking = arguments.hide_thinking;
    if (!store::is_file(arguments.model)) {
        if (!arguments.projector.empty()) {
            return report(fail(
                ErrorCode::kInvalidArgument,
                "--projector goes with a model file: for a model of a name, give it to mullama "
                "serve"
            ));
        }
        return run_by_daemon(*conversation, arguments, style, *prompt);
    }
    Result<ModelFile> file = find_model_file(arguments.model);
    if (!file) return report(file.error());
    const Result<void> seeing = set_projector(*file, arguments.projector);
    if (!seeing) return report(seeing.error());
    LocalAssistant assistant(std::move(file).value(), std::cout, style);
    return run_with(*conversation, assistant, arguments, *prompt);
}

}  // namespace mullama::cli
