#pragma once

#include "api/answer.h"
#include "api/id_source.h"
#include "api/json_writer.h"
#include "api/model_info.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mullama::api::ollama {

/// Which of the two endpoints an answer belongs to.
enum class Endpoint { kGenerate, kChat };

/// Answers of /api/generate and /api/chat, as lines of JSON or as one object.
/// Threads: thread-compatible.
class OllamaFormat final : public AnswerFormat {
  public:
    /// `model` as the client wrote it.
    OllamaFormat(Endpoint endpoint, std::string model, std::uint64_t seed)
        : endpoint_(endpoint), model_(std::move(model)), ids_(seed) {}

    std::string_view stream_type() const override { return "application/x-ndjson"; }
    std::string delta(const AnswerDelta& delta) override;
    std::string end(const AnswerEnd& end) override;
    std::string error(const Error& error) override;
    std::string whole(const std::vector<Answer>& answers) override;

  private:
    struct Piece {
        std::string content = {};
        std::string thinking = {};
        std::vector<ToolCall> calls = {};
        std::vector<TokenLogprobs> logprobs = {};
    };

    std::string line(const Piece& piece, WallTime at, const AnswerEnd* end);
    void write_message(JsonWriter& out, const Piece& piece);
    void write_calls(JsonWriter& out, const std::vector<ToolCall>& calls);

    Endpoint endpoint_;
    std::string model_;
    IdSource ids_;
    std::vector<ToolCall> open_calls_;    // not complete yet: calls go out as a whole
    std::size_t calls_ = 0;               // that have gone out
    std::vector<TokenLogprobs> waiting_;  // of tokens whose text has not come out yet
};

/// The answer to an empty prompt: the model was loaded or unloaded (`reason`).
std::string format_load(
    Endpoint endpoint, std::string_view model, std::string_view reason, WallTime at
);

/// The answer to `_debug_render_only`.
std::string format_rendered(
    Endpoint endpoint,
    std::string_view model,
    std::string_view prompt,
    std::size_t images,
    WallTime at
);

/// {"error":"..."}
std::string format_error(std::string_view message);

/// The answer of /api/embed.
std::string format_embed(
    std::string_view model,
    const std::vector<std::vector<float>>& rows,
    std::int64_t total_ns,
    std::int64_t load_ns,
    std::int64_t tokens
);
/// The answer of /api/embeddings; no row gives an empty vector.
std::string format_embeddings(const std::vector<std::vector<float>>& rows);

/// The answers of /api/tags, /api/ps, /api/show and /api/version.
std::string format_tags(const std::vector<ModelInfo>& models);
std::string format_ps(const std::vector<RunningModel>& models);
std::string format_show(const ModelDescription& model);
std::string format_version(std::string_view version);

}  // namespace mullama::api::ollama
