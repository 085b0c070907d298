#pragma once

#include "api/answer.h"
#include "api/json_writer.h"
#include "api/llamacpp/requests.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mullama::api::llamacpp {

/// Answers of /completion and /infill: one object, a list of them where there are several choices,
/// or a stream that ends with that object.
/// Threads: thread-compatible.
class CompletionFormat final : public AnswerFormat {
  public:
    /// `model` as the client wrote it; empty = the name of the one that answers. Without `pings` a
    /// stream is never pinged.
    CompletionFormat(std::string model, AnswerShape shape, bool pings)
        : model_(std::move(model)), shape_(std::move(shape)), pings_(pings) {}

    void start(std::size_t choice, const AnswerStart& start) override;
    std::string_view stream_type() const override { return "text/event-stream"; }
    std::string delta(const AnswerDelta& delta) override;
    std::string end(const AnswerEnd& end) override;
    std::string error(const Error& error) override;
    std::string ping() const override { return pings_ ? ":\n\n" : ""; }
    std::string whole(const std::vector<Answer>& answers) override;

  private:
    struct Choice {
        AnswerStart start = {};
        std::int64_t predicted = 0;  // tokens so far
        bool has_line = false;
        bool prompt_told = false;  // that all of it is computed
        // Of tokens whose text has not come out yet.
        std::vector<Token> tokens = {};
        std::vector<TokenLogprobs> logprobs = {};
    };

    Choice& choice(std::size_t index);
    std::string piece(std::size_t index, std::string_view text, const AnswerDelta& delta);
    std::string prompt_piece(std::size_t index, const AnswerDelta& delta);
    std::string last(const AnswerEnd& end, const Answer& answer);

    std::string model_;
    AnswerShape shape_;
    bool pings_;
    std::vector<Choice> choices_;
    bool failed_ = false;
};

}  // namespace mullama::api::llamacpp
