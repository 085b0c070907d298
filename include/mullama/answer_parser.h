#pragma once

#include <mullama/types.h>

#include <memory>
#include <string_view>
#include <vector>

namespace mullama {

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
