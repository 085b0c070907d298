#include "base/error.h"
#include "cli/chat_assistant.h"
#include "cli/embedding_text.h"
#include "cli/input.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "store/paths.h"
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
    conversation.wrap = !arguments.no_word_wrap;
    conversation.verbose = arguments.verbose;
    for (const std::string& assignment : arguments.options) {
        MULLAMA_TRY(conversation.options.set(assignment));
    }
    if (!arguments.format.empty()) {
        Result<std::string> grammar = grammar_from_format(arguments.format);
        if (!grammar) return grammar.error();
        conversation.grammar = std::move(grammar).value();
    }
    return conversation;
}

std::filesystem::path history_file() {
    Result<store::Paths> paths = store::default_paths();
    return paths ? paths->history() : std::filesystem::path();
}

bool history_enabled() {
    const char* off = std::getenv("MULLAMA_NOHISTORY");
    return off == nullptr || *off == '\0' || std::string_view(off) == "0";
}

ExitCode chat(Conversation& conversation, ChatAssistant& assistant) {
    std::unique_ptr<LineReader> reader = make_terminal_reader(history_file());
    reader->set_history(history_enabled());
    if (is_smart_terminal(STDOUT_FILENO)) std::cout << dim("Send a message (/? for help)") << "\n";
    Repl(conversation, *reader, assistant, std::cout).run();
    return ExitCode::kSuccess;
}

ExitCode answer_once(Conversation& conversation, ChatAssistant& assistant, std::string prompt) {
    conversation.messages.push_back({"user", std::move(prompt)});
    Result<Answer> answer = assistant.answer(conversation);
    if (!answer) return report(answer.error());
    return answer->interrupted ? ExitCode::kInterrupted : ExitCode::kSuccess;
}

// As Ollama: a model made for embeddings answers with the prompt's vector.
bool is_embedding_model(const Model& model) {
    return model.metadata(model.architecture() + ".pooling_type").has_value();
}

ExitCode print_embedding(
    const ChatAssistant& assistant, const std::string& name, std::string prompt
) {
    if (prompt.empty()) {
        return report(fail(
            ErrorCode::kInvalidArgument,
            "embedding models need input text: mullama run {} \"your text here\"",
            name
        ));
    }
    EmbedRequest request;
    request.input = {std::move(prompt)};
    Result<Embeddings> embeddings = assistant.model().embed(request);
    if (!embeddings) return report(embeddings.error());
    std::cout << embedding_line(embeddings->rows.front());
    return ExitCode::kSuccess;
}

ExitCode run_loaded(Conversation& conversation, ChatAssistant& assistant, std::string prompt) {
    Result<void> ready = assistant.prepare(conversation.options.values().load);
    if (!ready && ready.error().code == ErrorCode::kCancelled) return ExitCode::kInterrupted;
    if (!ready) return report(ready.error());
    if (is_embedding_model(assistant.model().model())) {
        return print_embedding(assistant, conversation.model, std::move(prompt));
    }
    if (prompt.empty()) return chat(conversation, assistant);
    return answer_once(conversation, assistant, std::move(prompt));
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
    Result<ModelFile> file = find_model_file(arguments.model);
    if (!file) return report(file.error());
    AnswerStyle style;
    style.terminal = terminal;
    style.speed_line = !prompt->empty() && (terminal || arguments.stats);
    ChatAssistant assistant(std::move(file).value(), std::cout, style);
    return run_loaded(*conversation, assistant, std::move(prompt).value());
}

}  // namespace mullama::cli
