#pragma once

#include "cli/interrupt.h"
#include "cli/model_file.h"
#include "cli/repl.h"
#include <mullama/runtime.h>

#include <optional>
#include <ostream>

namespace mullama::cli {

/// How answers are shown.
struct AnswerStyle {
    bool terminal = false;    ///< Leave an empty line behind the answer.
    bool speed_line = false;  ///< Say how many tokens, how fast, where --verbose does not.
};

/// An Assistant on a model in this process. Answers go to `out`, all else to stderr. While it
/// lives, Ctrl-C ends a load or an answer, and not the program. Threads: thread-compatible.
class ChatAssistant final : public Assistant {
  public:
    /// `out` is borrowed for the object's life.
    ChatAssistant(ModelFile file, std::ostream& out, AnswerStyle style)
        : file_(std::move(file)), out_(out), style_(style) {}

    /// Loads the model, or loads it anew where `settings` changed.
    /// Errors: those of LoadedModel::load(); kCancelled: Ctrl-C.
    Result<void> prepare(const api::LoadSettings& settings);

    /// The model; call prepare() first.
    const LoadedModel& model() const { return *model_; }

    Result<Answer> answer(const Conversation& conversation) override;
    Result<void> load(const std::string& model) override;
    Result<std::string> describe(std::string_view topic) override;
    Result<std::string> list() override;

  private:
    Result<LoadedModel> load_file(const ModelFile& file, const api::LoadSettings& settings);
    Result<EventStream> request(const Conversation& conversation) const;

    Interrupt interrupt_;
    ModelFile file_;
    std::ostream& out_;
    AnswerStyle style_;
    std::optional<LoadedModel> model_;
    api::LoadSettings loaded_with_;
    std::int64_t load_ns_ = 0;  ///< Spent on loading since the last answer.
};

}  // namespace mullama::cli
