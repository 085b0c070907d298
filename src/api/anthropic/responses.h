#pragma once

#include "api/answer.h"
#include "api/id_source.h"
#include "api/json_writer.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mullama::api::anthropic {

/// Answers of /v1/messages.
/// Threads: thread-compatible.
/// Source:  docs.anthropic.com, "Streaming Messages".
class MessagesFormat final : public AnswerFormat {
  public:
    /// `model` as the client wrote it; an answer that ends at one of `stops` tells which. Errors
    /// tell `request_id`.
    MessagesFormat(
        std::string model,
        std::vector<std::string> stops,
        std::uint64_t seed,
        std::string request_id
    );

    std::string_view stream_type() const override { return "text/event-stream"; }
    std::string begin(std::size_t prompt_tokens) override;
    std::string delta(const AnswerDelta& delta) override;
    std::string end(const AnswerEnd& end) override;
    std::string error(const Error& error) override;
    std::string ping() const override;
    std::string whole(const std::vector<Answer>& answers) override;

  private:
    enum class Block { kNone, kText, kThinking, kTool };

    std::string open(Block block, std::string_view content_block);
    std::string close();
    std::string text_delta(std::string_view type, std::string_view field, std::string_view text);
    std::string call_start(const AnswerPart& part);
    void write_stop(JsonWriter& out, const AnswerEnd& end) const;

    std::string model_;
    std::vector<std::string> stops_;
    std::string request_id_;
    IdSource ids_;
    std::string id_;
    Block block_ = Block::kNone;
    std::size_t index_ = 0;  // of the block that is open, or the next one
};

/// The answer of /v1/messages/count_tokens.
std::string format_token_count(std::size_t tokens);

}  // namespace mullama::api::anthropic
