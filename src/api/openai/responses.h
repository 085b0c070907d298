#pragma once

#include "api/answer.h"
#include "api/id_source.h"
#include "api/model_info.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mullama::api::openai {

/// What the answers of one call have in common.
struct AnswerTerms {
    std::string model = {};  ///< As the client wrote it.
    WallTime created = {};
    std::uint64_t seed = 0;  ///< For names.
    bool include_usage = false;
};

/// Answers of /v1/chat/completions.
/// Threads: thread-compatible.
class ChatCompletionFormat final : public AnswerFormat {
  public:
    explicit ChatCompletionFormat(AnswerTerms terms);

    std::string_view stream_type() const override { return "text/event-stream"; }
    std::string delta(const AnswerDelta& delta) override;
    std::string end(const AnswerEnd& end) override;
    std::string finish() override;
    std::string error(const Error& error) override;
    std::string ping() const override { return ": ping\n\n"; }
    std::string whole(const std::vector<Answer>& answers) override;

  private:
    struct Choice {
        bool has_role = false;
        std::vector<TokenLogprobs> waiting = {};  // of tokens whose text has not come out yet
        ThinkingTokens thinking = ThinkingTokens();
        Usage usage = {};
    };

    std::string chunk(std::size_t choice, std::string_view delta, std::string_view rest);
    Choice& choice(std::size_t index);
    std::string role(Choice& choice);
    std::string logprobs(Choice& choice);
    std::string delta_of(Choice& choice, const AnswerPart& part);
    std::string call_start(const AnswerPart& part);

    AnswerTerms terms_;
    IdSource ids_;
    std::string head_;  // of each chunk
    std::vector<Choice> choices_;
    bool failed_ = false;
};

/// Answers of /v1/completions.
/// Threads: thread-compatible.
class CompletionFormat final : public AnswerFormat {
  public:
    /// Of each prompt's `best_of` answers in a row, whole() gives the likeliest `choices`.
    CompletionFormat(AnswerTerms terms, std::size_t choices, std::size_t best_of, bool logprobs);

    std::string_view stream_type() const override { return "text/event-stream"; }
    std::string delta(const AnswerDelta& delta) override;
    std::string end(const AnswerEnd& end) override;
    std::string finish() override;
    std::string error(const Error& error) override;
    std::string ping() const override { return ": ping\n\n"; }
    std::string whole(const std::vector<Answer>& answers) override;

  private:
    struct Choice {
        std::size_t offset = 0;  // characters that have been told
        std::vector<TokenLogprobs> waiting = {};
        Usage usage = {};
    };

    std::string chunk(std::size_t choice, std::string_view text, std::string_view reason);
    Choice& choice(std::size_t index);

    AnswerTerms terms_;
    std::size_t per_prompt_;
    std::size_t best_of_;
    bool logprobs_;
    std::string id_;
    std::vector<Choice> choices_;
    bool failed_ = false;
};

/// The answer of /v1/embeddings.
std::string format_embeddings(
    std::string_view model,
    const std::vector<std::vector<float>>& rows,
    std::int64_t tokens,
    bool base64
);

/// The answers of /v1/models and /v1/models/{id}.
std::string format_models(const std::vector<ModelInfo>& models);
std::string format_model(const ModelInfo& model);

}  // namespace mullama::api::openai
