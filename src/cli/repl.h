#pragma once

#include "cli/conversation.h"
#include "cli/line_reader.h"
#include <mullama/result.h>

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace mullama::cli {

/// An answer that has been shown.
struct Answer {
    std::string text;
    std::string thinking;
    bool interrupted = false;  ///< Ctrl-C ended it; `text` is what was there.
};

/// A text to turn into a vector.
struct EmbedInput {
    std::string text;
    bool truncate = true;         ///< To the context length, in place of an error.
    std::int32_t dimensions = 0;  ///< 0 = all.
};

/// What the program needs of a model: a seam, so that the chat prompt can be tested without one.
class Assistant {
  public:
    virtual ~Assistant() = default;

    /// Has the model ready as the conversation needs it; answer() does so by itself too.
    /// Errors: those of loading it; kCancelled: Ctrl-C.
    virtual Result<void> prepare(const Conversation& conversation) = 0;

    /// Answers the conversation's last message, showing the text as it comes.
    virtual Result<Answer> answer(const Conversation& conversation) = 0;

    /// Loads a model to answer with from now on; on an error the old one stays.
    virtual Result<void> load(const Conversation& conversation, const std::string& model) = 0;

    /// What the model says about itself: "info", "template", "license", "system", "parameters",
    /// "modelfile"; empty where it says nothing.
    virtual Result<std::string> describe(std::string_view topic) = 0;

    /// The table of downloaded models.
    virtual Result<std::string> list() = 0;

    /// Whether the model makes vectors and no answers. Call prepare() first.
    virtual bool embeds() const = 0;

    /// The vector of a text.
    virtual Result<std::vector<float>> embed(const EmbedInput& input) = 0;
};

/// The chat prompt: reads lines, runs slash commands, and has the rest answered. Wording as
/// Ollama's.
/// Threads: thread-compatible.
class Repl {
  public:
    /// All arguments are borrowed for the object's life.
    Repl(Conversation& conversation, LineReader& reader, Assistant& assistant, std::ostream& out)
        : conversation_(conversation), reader_(reader), assistant_(assistant), out_(out) {}

    /// Runs until /bye, Ctrl-D or the end of the terminal.
    void run();

  private:
    /// A text between three quotes that is still open.
    enum class Open { kNothing, kPrompt, kSystem };

    using Words = std::vector<std::string>;

    bool handle(const std::string& line);
    bool handle_command(const std::string& line);
    void add_to_open_text(std::string_view line);
    void open_text(Open what, std::string_view text);
    void finish_text();
    void ask(const std::string& prompt);

    void set(const Words& words, const std::string& line);
    void set_parameter(const Words& words);
    void set_format(const Words& words);
    void set_think(const Words& words);
    void set_system(const std::string& text);
    void set_flag(bool& flag, bool value, std::string_view mode);
    void show(const Words& words);
    void show_topic(std::string_view topic, std::string_view where_nothing);
    void show_parameters();
    void show_system();
    void load(const Words& words);
    void list();
    void help(const Words& words);
    void print_error(const Error& error);

    Conversation& conversation_;
    LineReader& reader_;
    Assistant& assistant_;
    std::ostream& out_;
    Open open_ = Open::kNothing;
    std::string text_;  ///< What has been typed of an open text.
};

}  // namespace mullama::cli
