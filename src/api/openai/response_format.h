#pragma once

#include "api/answer.h"
#include "api/json_writer.h"
#include "api/openai/response_ids.h"
#include "api/openai/response_object.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace mullama::api::openai {

/// Answers of /v1/responses. What the model thinks, says and calls is one item each.
/// Threads: thread-compatible.
/// Source:  developers.openai.com/api/reference, "Responses: streaming events".
class ResponseFormat final : public AnswerFormat {
  public:
    /// Is given the response object that an answer ends with, before the client is.
    using Keep = std::function<void(const std::string& response)>;

    /// `ids` has named the response and its input. `keep` may be empty.
    ResponseFormat(ResponseTerms terms, ResponseIds ids, Keep keep);

    void start(std::size_t choice, const AnswerStart& start) override;
    std::string_view stream_type() const override { return "text/event-stream"; }
    std::string begin(std::size_t prompt_tokens) override;
    std::string delta(const AnswerDelta& delta) override;
    std::string end(const AnswerEnd& end) override;
    std::string error(const Error& error) override;
    std::string ping() const override { return ": ping\n\n"; }
    std::string whole(const std::vector<Answer>& answers) override;

  private:
    enum class Item { kNone, kText, kThinking, kCall };

    // Each gives the events that it causes.
    std::string open_text();
    std::string open_thinking();
    std::string open_call(const AnswerPart& part);
    std::string add_text(const std::string& text);
    std::string add_thinking(const std::string& text);
    std::string add_arguments(const std::string& text);
    std::string close(std::string_view status);
    std::string close_text(std::string_view status);
    std::string close_thinking(std::string_view status);
    std::string close_call(std::string_view status);
    std::string take_back_call(const AnswerPart& part);

    std::string added(std::string_view item);
    std::string done(std::string item, bool keeps = true);
    JsonWriter place(std::string_view index_name);
    std::string event(std::string_view type, JsonWriter fields);
    std::string lifecycle(std::string_view type, std::string_view response);
    /// The response object at its end, which is kept.
    std::string finished(const AnswerEnd& end);
    std::string keep(ResponseState& state);

    ResponseTerms terms_;
    ResponseIds ids_;
    Keep keep_;
    std::uint64_t sequence_ = 0;
    bool begun_ = false;

    // The item that is open.
    Item item_ = Item::kNone;
    std::string id_;
    std::string text_;
    ToolCall call_;
    std::vector<TokenLogprobs> logprobs_;

    std::vector<TokenLogprobs> waiting_;  // of tokens whose text has not come out yet
    std::size_t index_ = 0;               // of the item that is open, or the next one
    std::vector<std::string> output_;     // items that are done
    ThinkingTokens thinking_;
};

}  // namespace mullama::api::openai
