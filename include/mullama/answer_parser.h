#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mullama {

/// What kind of text an AnswerPart brings.
enum class AnswerPartKind {
    kContent,        ///< Further text of the answer.
    kThinking,       ///< Further text of the thinking before it.
    kToolCall,       ///< A call begins; the text is the function's name.
    kToolArguments,  ///< Further text of the call's arguments, a JSON object.
    kToolCallEnd,    ///< The call's arguments are complete.
    /// The call turned out to be none: take it back if that is still possible; the text is all that
    /// the model wrote from its beginning on.
    kToolCallBroken,
};

/// A piece of an answer, taken apart.
struct AnswerPart {
    /// What the text is.
    AnswerPartKind kind = AnswerPartKind::kContent;
    /// See AnswerPartKind.
    std::string text = {};
    /// Which call, from 0, where it is about one.
    std::size_t call = 0;
    /// Of kToolCall: the call's name for itself, where the model gave one.
    std::string id = {};

    friend bool operator==(const AnswerPart&, const AnswerPart&) = default;
};

/// How a model writes thinking and calls, as its template has it. Immutable.
class AnswerSyntax;

/// Takes an answer apart into content, thinking and tool calls while it comes, looking at each
/// piece of it once. Whatever a model writes has parts: a call that is none is content.
///
///     AnswerParser parser(prompt.syntax);
///     while (auto event = stream.next()) {
///         for (const AnswerPart& part : parser.push(event->text)) show(part);
///     }
///     for (const AnswerPart& part : parser.finish()) show(part);
///
/// Threads: thread-compatible.
class AnswerParser {
  public:
    /// For an answer to a prompt with this ChatPrompt::syntax; null takes all as content.
    explicit AnswerParser(std::shared_ptr<const AnswerSyntax> syntax);
    /// Takes over what the other holds; the other can then only be destroyed or assigned to.
    AnswerParser(AnswerParser&&) noexcept;
    /// As above.
    AnswerParser& operator=(AnswerParser&&) noexcept;
    ~AnswerParser();

    /// The parts that are complete, or have grown, with a further piece of valid UTF-8.
    std::vector<AnswerPart> push(std::string_view text);

    /// What was held back, at the end of the answer.
    std::vector<AnswerPart> finish();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mullama
