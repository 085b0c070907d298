#include "cli/repl.h"

#include "cli/exit_code.h"
#include "cli/image_paths.h"
#include "cli/repl_help.h"

#include <algorithm>
#include <array>
#include <sstream>

#include <fmt/ostream.h>
#include <fmt/ranges.h>

namespace mullama::cli {
namespace {

constexpr std::string_view kQuotes = "\"\"\"";

std::vector<std::string> words_of(const std::string& line) {
    std::istringstream stream(line);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    return words;
}

// What stands behind the first `count` words, its own spaces kept.
std::string_view behind_words(std::string_view line, int count) {
    constexpr std::string_view kSpace = " \t\n";
    for (int i = 0; i < count; ++i) {
        line.remove_prefix(std::min(line.find_first_not_of(kSpace), line.size()));
        line.remove_prefix(std::min(line.find_first_of(kSpace), line.size()));
    }
    line.remove_prefix(std::min(line.find_first_not_of(kSpace), line.size()));
    return line;
}

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\n") == std::string_view::npos;
}

}  // namespace

void Repl::run() {
    while (true) {
        TypedLine line = reader_.read(open_ == Open::kNothing ? ">>> " : "... ");
        switch (line.kind) {
            case TypedLine::Kind::kEnd:
                out_ << "\n";
                return;
            case TypedLine::Kind::kInterrupt:
                if (line.text.empty()) out_ << "Use Ctrl + d or /bye to exit.\n";
                open_ = Open::kNothing;
                text_.clear();
                break;
            case TypedLine::Kind::kLine:
                if (!handle(line.text)) return;
                break;
        }
        out_.flush();
        // Whoever read our output has gone.
        if (!out_) return;
    }
}

bool Repl::handle(const std::string& line) {
    if (open_ != Open::kNothing) {
        add_to_open_text(line);
    } else if (line.starts_with(kQuotes)) {
        open_text(Open::kPrompt, std::string_view(line).substr(kQuotes.size()));
    } else if (line.starts_with('/')) {
        return handle_command(line);
    } else if (!is_blank(line)) {
        ask(line);
    }
    return true;
}

void Repl::open_text(Open what, std::string_view text) {
    open_ = what;
    text_.clear();
    add_to_open_text(text);
}

void Repl::add_to_open_text(std::string_view line) {
    if (line.ends_with(kQuotes)) {
        text_ += line.substr(0, line.size() - kQuotes.size());
        finish_text();
    } else {
        text_ += line;
        text_ += '\n';
    }
}

void Repl::finish_text() {
    Open what = std::exchange(open_, Open::kNothing);
    std::string text = std::exchange(text_, {});
    if (what == Open::kSystem) {
        set_system(text);
    } else if (!is_blank(text)) {
        ask(text);
    }
}

void Repl::ask(const std::string& prompt) {
    std::vector<Message>& messages = conversation_.messages;
    Result<Message> message = user_message(prompt);
    if (!message) return print_error(message.error());
    messages.push_back(std::move(message).value());
    Result<Answer> answer = assistant_.answer(conversation_);
    if (!answer) print_error(answer.error());
    // A question that got no answer at all is forgotten: turns must alternate.
    if (!answer || answer->text.empty()) {
        messages.pop_back();
    } else {
        Message said{"assistant", std::move(answer->text)};
        said.thinking = std::move(answer->thinking);
        messages.push_back(std::move(said));
    }
}

bool Repl::handle_command(const std::string& line) {
    Words words = words_of(line);
    const std::string& command = words[0];
    if (command == "/bye" || command == "/exit") return false;
    if (command == "/set") {
        set(words, line);
    } else if (command == "/show") {
        show(words);
    } else if (command == "/load") {
        load(words);
    } else if (command == "/list") {
        list();
    } else if (command == "/clear") {
        conversation_.messages.clear();
        out_ << "Cleared session context\n";
    } else if (command == "/help" || command == "/?") {
        help(words);
    } else {
        out_ << "Unknown command '" << command << "'. Type /? for help\n";
    }
    return true;
}

void Repl::set(const Words& words, const std::string& line) {
    std::string what = words.size() > 1 ? words[1] : "";
    if (what.empty()) {
        out_ << kReplSetHelp;
    } else if (what == "parameter") {
        set_parameter(words);
    } else if (what == "system") {
        std::string_view text = behind_words(line, 2);
        if (text.empty()) {
            out_ << kReplSetHelp;
        } else if (text.starts_with(kQuotes)) {
            open_text(Open::kSystem, text.substr(kQuotes.size()));
        } else {
            set_system(std::string(text));
        }
    } else if (what == "history" || what == "nohistory") {
        reader_.set_history(what == "history");
    } else if (what == "wordwrap" || what == "nowordwrap") {
        set_flag(conversation_.wrap, what == "wordwrap", what);
    } else if (what == "verbose" || what == "quiet") {
        set_flag(conversation_.verbose, what == "verbose", what);
    } else if (what == "format") {
        set_format(words);
    } else if (what == "noformat") {
        conversation_.format.clear();
        out_ << "Disabled format.\n";
    } else if (what == "think" || what == "nothink") {
        set_think(words);
    } else {
        out_ << "Unknown command '/set " << what << "'. Type /? for help\n";
    }
}

void Repl::set_flag(bool& flag, bool value, std::string_view mode) {
    flag = value;
    out_ << "Set '" << mode << "' mode.\n";
}

void Repl::set_parameter(const Words& words) {
    if (words.size() < 4) {
        out_ << repl_parameters_help();
        return;
    }
    Words values(words.begin() + 3, words.end());
    Result<void> result = conversation_.options.set(words[2], values);
    if (result) {
        fmt::print(out_, "Set parameter '{}' to '{}'\n", words[2], fmt::join(values, ", "));
    } else {
        out_ << "Couldn't set parameter: " << result.error().message << "\n";
    }
}

void Repl::set_format(const Words& words) {
    if (words.size() < 3 || words[2] != "json") {
        out_ << "Invalid or missing format. For 'json' mode use '/set format json'\n";
        return;
    }
    conversation_.format = "json";
    out_ << "Set format to 'json' mode.\n";
}

void Repl::set_think(const Words& words) {
    if (words[1] == "nothink") {
        conversation_.think = "false";
        out_ << "Set 'nothink' mode.\n";
    } else if (words.size() > 2) {
        conversation_.think = words[2];
        out_ << "Set 'think' mode to '" << words[2] << "'.\n";
    } else {
        conversation_.think = "true";
        out_ << "Set 'think' mode.\n";
    }
}

void Repl::set_system(const std::string& text) {
    conversation_.system = text;
    out_ << "Set system message.\n";
}

void Repl::show(const Words& words) {
    std::string what = words.size() > 1 ? words[1] : "";
    if (what.empty()) {
        out_ << kReplShowHelp;
    } else if (what == "info" || what == "modelfile") {
        show_topic(what, "");
    } else if (what == "license") {
        show_topic(what, "No license was specified for this model.\n");
    } else if (what == "template") {
        show_topic(what, "No prompt template was specified for this model.\n");
    } else if (what == "parameters") {
        show_parameters();
    } else if (what == "system") {
        show_system();
    } else {
        out_ << "Unknown command '/show " << what << "'. Type /? for help\n";
    }
}

void Repl::show_topic(std::string_view topic, std::string_view where_nothing) {
    Result<std::string> text = assistant_.describe(topic);
    if (!text) {
        print_error(text.error());
    } else if (text->empty()) {
        out_ << where_nothing;
    } else {
        out_ << *text << (text->ends_with('\n') ? "" : "\n");
    }
}

void Repl::show_system() {
    if (conversation_.system.empty()) {
        show_topic("system", "No system message was specified for this model.\n");
    } else {
        out_ << conversation_.system << "\n";
    }
    out_ << "\n";
}

void Repl::show_parameters() {
    Result<std::string> own = assistant_.describe("parameters");
    if (!own) return print_error(own.error());
    out_ << "Model defined parameters:\n";
    if (own->empty()) out_ << "  No additional parameters were specified for this model.\n";
    std::istringstream lines(*own);
    for (std::string line; std::getline(lines, line);) out_ << "  " << line << "\n";
    out_ << "\n";
    if (conversation_.options.given().empty()) return;
    out_ << "User defined parameters:\n";
    for (const auto& [name, values] : conversation_.options.given()) {
        fmt::print(out_, "  {:<30} {}\n", name, fmt::join(values, ", "));
    }
    out_ << "\n";
}

void Repl::load(const Words& words) {
    if (words.size() != 2) {
        out_ << "Usage:\n  /load <modelname>\n";
        return;
    }
    out_ << "Loading model '" << words[1] << "'\n" << std::flush;
    Result<void> loaded = assistant_.load(conversation_, words[1]);
    if (loaded) {
        conversation_.model = words[1];
        conversation_.messages.clear();
    } else if (loaded.error().code == ErrorCode::kNotFound) {
        out_ << "Couldn't find model '" << words[1] << "'\n";
    } else {
        print_error(loaded.error());
    }
}

void Repl::list() {
    Result<std::string> table = assistant_.list();
    if (table) {
        out_ << *table;
    } else {
        print_error(table.error());
    }
}

void Repl::help(const Words& words) {
    std::string topic = words.size() > 1 ? words[1] : "";
    if (topic == "set" || topic == "/set") {
        out_ << kReplSetHelp;
    } else if (topic == "show" || topic == "/show") {
        out_ << kReplShowHelp;
    } else if (topic == "shortcut" || topic == "shortcuts") {
        out_ << kReplShortcutsHelp;
    } else {
        out_ << kReplHelp;
    }
}

void Repl::print_error(const Error& error) {
    out_ << error_line(error);
}

}  // namespace mullama::cli
