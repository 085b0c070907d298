#pragma once

#include <mullama/answer_parser.h>
#include <mullama/model.h>
#include <mullama/result.h>
#include <mullama/types.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace mullama {

/// A conversation as the model wants to read it.
struct ChatPrompt {
    /// Tokenize with special tokens added and parsed.
    std::string text = {};
    /// Strings that end the turn beside the end-of-generation tokens.
    std::vector<std::string> stops = {};
    /// For SamplingOptions::grammar, where tools or a format ask for one; else empty.
    std::string grammar = {};
    /// For SamplingOptions::grammar_prefix.
    std::string grammar_prefix = {};
    /// The text after which the model thinks, and the texts that end it; empty where it does not.
    std::string thinking_start = {};
    /// See thinking_start.
    std::vector<std::string> thinking_ends = {};
    /// Whether the prompt ends amid the thinking.
    bool thinks_already = false;
    /// Texts of control tokens that the answer has to show, so that `syntax` finds them.
    std::vector<std::string> shown_texts = {};
    /// How to take the answer apart.
    std::shared_ptr<const AnswerSyntax> syntax = {};
};

/// What a template can make of a request.
struct ChatAbilities {
    /// Tools are told to the model, and its calls understood.
    bool tools = false;
    /// A thinking phase can be switched on and off.
    bool thinking = false;
};

/// A Jinja chat template: it turns messages into the text that a model was trained to continue.
/// Threads: immutable, thread-safe. Copies share the parsed template.
/// Source:  the template language of Hugging Face `tokenizer_config.json`.
class ChatTemplate {
  public:
    /// Takes the template from the model's metadata (`tokenizer.chat_template`).
    /// Errors:  kUnsupported: the model has none, the message names the cure. kCorrupt: it does
    ///          not parse.
    static Result<ChatTemplate> from_model(const Model& model);

    /// Uses `source` in place of the model's own template.
    /// Errors:  kInvalidArgument: `source` is empty or does not parse; the message says where.
    static Result<ChatTemplate> parse(const Model& model, const std::string& source);

    /// Renders `messages`, ending with the start of the assistant's turn. If the last message is
    /// the assistant's, the text ends inside it, so that the model goes on with it.
    /// Errors:  kInvalidArgument: no messages, an unknown role, or an order of roles that the
    ///          template refuses; the message carries the template's own words.
    Result<ChatPrompt> render(std::span<const Message> messages) const;

    /// As above, with the tools, format and thinking that `request` asks for; its own messages do
    /// not count.
    /// Errors:  kInvalidArgument too for a schema, arguments or template variables that are no
    ///          JSON, and for a schema that a grammar cannot say.
    Result<ChatPrompt> render(std::span<const Message> messages, const ChatRequest& request) const;

    /// The template's text.
    const std::string& source() const;

    /// What render() can make of a request.
    ChatAbilities abilities() const;

  private:
    struct Impl;
    explicit ChatTemplate(std::shared_ptr<const Impl> impl);

    std::shared_ptr<const Impl> impl_;
};

}  // namespace mullama
