#pragma once

#include "cli/answer_view.h"
#include "cli/interrupt.h"
#include "cli/model_file.h"
#include "cli/repl.h"
#include <mullama/runtime.h>

#include <cstdint>
#include <optional>
#include <ostream>

namespace mullama::cli {

/// An Assistant on a model in this process. Answers go to `out`, all else to stderr. While it
/// lives, Ctrl-C ends a load or an answer, and not the program. Threads: thread-compatible.
class LocalAssistant final : public Assistant {
  public:
    /// `out` is borrowed for the object's life.
    LocalAssistant(ModelFile file, std::ostream& out, AnswerStyle style)
        : file_(std::move(file)), out_(out), style_(style) {}

    Result<void> prepare(const Conversation& conversation) override;
    Result<Answer> answer(const Conversation& conversation) override;
    Result<void> load(const Conversation& conversation, const std::string& model) override;
    Result<std::string> describe(std::string_view topic) override;
    Result<std::string> list() override;
    bool embeds() const override;
    Result<std::vector<float>> embed(const EmbedInput& input) override;

  private:
    Result<LoadedModel> load_file(const ModelFile& file, const api::LoadSettings& settings);
    Result<ChatAnswer> request(const Conversation& conversation) const;

    Interrupt interrupt_;
    ModelFile file_;
    std::ostream& out_;
    AnswerStyle style_;
    std::optional<LoadedModel> model_;
    api::LoadSettings loaded_with_;
    std::int64_t load_ns_ = 0;  ///< Spent on loading since the last answer.
};

}  // namespace mullama::cli
