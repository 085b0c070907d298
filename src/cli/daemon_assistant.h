#pragma once

#include "cli/answer_view.h"
#include "cli/daemon_client.h"
#include "cli/interrupt.h"
#include "cli/repl.h"
#include "cli/shown_model.h"

#include <ostream>
#include <string>
#include <vector>

namespace mullama::cli {

/// An Assistant on a model of a server. Answers go to `out`, all else to stderr. While it lives,
/// Ctrl-C ends a load or an answer, and not the program. Threads: thread-compatible.
class DaemonAssistant final : public Assistant {
  public:
    /// `model` is what show_model() tells of it. `out` is borrowed for the object's life.
    DaemonAssistant(DaemonClient& client, ShownModel model, std::ostream& out, AnswerStyle style)
        : client_(client), model_(std::move(model)), out_(out), style_(style) {}

    Result<void> prepare(const Conversation& conversation) override;
    Result<Answer> answer(const Conversation& conversation) override;
    Result<void> load(const Conversation& conversation, const std::string& model) override;
    Result<std::string> describe(std::string_view topic) override;
    Result<std::string> list() override;
    bool embeds() const override;
    Result<std::vector<float>> embed(const EmbedInput& input) override;

  private:
    Interrupt interrupt_;
    DaemonClient& client_;
    ShownModel model_;
    std::ostream& out_;
    AnswerStyle style_;
};

}  // namespace mullama::cli
