#pragma once

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

    /// The template's text.
    const std::string& source() const;

    /// Whether the template can switch a thinking phase on and off.
    bool supports_thinking() const;

  private:
    struct Impl;
    explicit ChatTemplate(std::shared_ptr<const Impl> impl);

    std::shared_ptr<const Impl> impl_;
};

}  // namespace mullama
