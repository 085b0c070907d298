#include "api/anthropic/responses.h"

#include "api/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::api::anthropic {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

struct StreamEvent {
    std::string name;
    json::object data;
};

std::vector<StreamEvent> events_of(std::string_view stream) {
    std::vector<StreamEvent> events;
    while (!stream.empty()) {
        EXPECT_THAT(stream, StartsWith("event: "));
        const std::size_t line = stream.find("\ndata: ");
        const std::size_t end = stream.find("\n\n");
        if (line == std::string_view::npos || end == std::string_view::npos) break;
        const std::string_view data = stream.substr(line + 7, end - line - 7);
        events.push_back({std::string(stream.substr(7, line - 7)), *parse_body(data)});
        EXPECT_EQ(events.back().data.at("type").as_string(), events.back().name);
        stream.remove_prefix(end + 2);
    }
    return events;
}

std::vector<std::string> names_of(const std::vector<StreamEvent>& events) {
    std::vector<std::string> names;
    for (const StreamEvent& event : events) names.push_back(event.name);
    return names;
}

MessagesFormat new_format(std::vector<std::string> stops = {}) {
    return {"m", std::move(stops), 1, "req_1"};
}

std::string delta(MessagesFormat& format, std::vector<AnswerPart> parts) {
    return format.delta({.parts = std::move(parts)});
}

AnswerEnd end_with(FinishReason reason, std::string stop = "", bool has_calls = false) {
    AnswerEnd end{.has_calls = has_calls};
    end.finish.reason = reason;
    end.finish.stop = std::move(stop);
    end.finish.usage = {.prompt_tokens = 9, .cached_tokens = 4, .completion_tokens = 3};
    return end;
}

TEST(AnthropicStream, begins_with_an_empty_message_and_a_ping) {
    MessagesFormat format = new_format();
    const auto events = events_of(format.begin(9));
    ASSERT_THAT(names_of(events), ElementsAre("message_start", "ping"));
    const json::object& message = events[0].data.at("message").as_object();
    EXPECT_THAT(std::string(message.at("id").as_string()), MatchesRegex("msg_[a-z0-9]+"));
    EXPECT_EQ(message.at("role"), "assistant");
    EXPECT_EQ(message.at("model"), "m");
    EXPECT_EQ(message.at("content"), json::array());
    EXPECT_TRUE(message.at("stop_reason").is_null());
    EXPECT_EQ(message.at("usage").at("input_tokens"), 9);
    EXPECT_EQ(message.at("usage").at("output_tokens"), 0);
}

TEST(AnthropicStream, puts_each_kind_of_text_in_a_block_of_its_own) {
    MessagesFormat format = new_format();
    std::string stream =
        delta(format, {{AnswerPartKind::kThinking, "h"}, {AnswerPartKind::kThinking, "m"}});
    stream += delta(format, {{AnswerPartKind::kContent, "a"}});
    stream += delta(format, {{AnswerPartKind::kContent, "b"}});
    stream += format.end(end_with(FinishReason::kStop));
    const auto events = events_of(stream);
    ASSERT_THAT(
        names_of(events),
        ElementsAre(
            "content_block_start",
            "content_block_delta",
            "content_block_delta",
            "content_block_delta",
            "content_block_stop",
            "content_block_start",
            "content_block_delta",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop"
        )
    );
    EXPECT_EQ(events[0].data.at("content_block").at("type"), "thinking");
    EXPECT_EQ(events[1].data.at("delta").at("thinking"), "h");
    EXPECT_EQ(events[3].data.at("delta").at("type"), "signature_delta");
    EXPECT_EQ(events[4].data.at("index"), 0);
    EXPECT_EQ(events[5].data.at("index"), 1);
    EXPECT_EQ(events[6].data.at("delta").at("text"), "a");
    EXPECT_EQ(events[9].data.at("usage").at("input_tokens"), 5);
    EXPECT_EQ(events[9].data.at("usage").at("cache_read_input_tokens"), 4);
    EXPECT_EQ(events[9].data.at("usage").at("output_tokens"), 3);
}

TEST(AnthropicStream, calls_are_blocks_whose_input_comes_in_pieces) {
    MessagesFormat format = new_format();
    const auto events = events_of(delta(
        format,
        {
            {AnswerPartKind::kToolCall, "f", 0},
            {AnswerPartKind::kToolArguments, "{\"a\"", 0},
            {AnswerPartKind::kToolCallEnd, "", 0},
            {AnswerPartKind::kToolCall, "g", 1},
            {AnswerPartKind::kToolCallEnd, "", 1},
        }
    ));
    ASSERT_THAT(
        names_of(events),
        ElementsAre(
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "content_block_start",
            "content_block_stop"
        )
    );
    const json::object& block = events[0].data.at("content_block").as_object();
    EXPECT_EQ(block.at("type"), "tool_use");
    EXPECT_EQ(block.at("name"), "f");
    EXPECT_EQ(block.at("input"), json::object());
    EXPECT_THAT(std::string(block.at("id").as_string()), MatchesRegex("toolu_[a-z0-9]+"));
    EXPECT_EQ(events[1].data.at("delta").at("partial_json"), "{\"a\"");
    EXPECT_EQ(events[3].data.at("index"), 1);
}

TEST(AnthropicStream, a_call_that_is_none_is_told_as_text) {
    MessagesFormat format = new_format();
    const auto events = events_of(delta(
        format,
        {{AnswerPartKind::kToolCall, "f", 0}, {AnswerPartKind::kToolCallBroken, "<tool>f", 0}}
    ));
    ASSERT_EQ(events.size(), 4U);
    EXPECT_EQ(events[1].name, "content_block_stop");
    EXPECT_EQ(events[2].data.at("content_block").at("type"), "text");
    EXPECT_EQ(events[3].data.at("delta").at("text"), "<tool>f");
}

TEST(AnthropicStream, tells_why_an_answer_ended) {
    const auto stop_of = [](const AnswerEnd& end) {
        MessagesFormat format = new_format({"END"});
        return events_of(format.end(end))[0].data.at("delta").as_object();
    };
    EXPECT_EQ(stop_of(end_with(FinishReason::kStop)).at("stop_reason"), "end_turn");
    EXPECT_EQ(stop_of(end_with(FinishReason::kLength)).at("stop_reason"), "max_tokens");
    EXPECT_EQ(stop_of(end_with(FinishReason::kStop, "", true)).at("stop_reason"), "tool_use");
    const json::object at_stop = stop_of(end_with(FinishReason::kStop, "END"));
    EXPECT_EQ(at_stop.at("stop_reason"), "stop_sequence");
    EXPECT_EQ(at_stop.at("stop_sequence"), "END");
    const json::object of_model = stop_of(end_with(FinishReason::kStop, "<|eot|>"));
    EXPECT_EQ(of_model.at("stop_reason"), "end_turn") << "a stop that the client has not asked for";
    EXPECT_TRUE(of_model.at("stop_sequence").is_null());
}

TEST(AnthropicStream, an_error_is_an_event_with_the_requests_id) {
    MessagesFormat format = new_format();
    AnswerEnd end = end_with(FinishReason::kError);
    end.finish.error = Error{ErrorCode::kInternal, "it broke"};
    const auto events = events_of(format.end(end));
    ASSERT_THAT(names_of(events), ElementsAre("error"));
    EXPECT_EQ(events[0].data.at("error").at("type"), "api_error");
    EXPECT_EQ(events[0].data.at("error").at("message"), "it broke");
    EXPECT_EQ(events[0].data.at("request_id"), "req_1");
}

TEST(AnthropicMessage, a_whole_answer_has_its_blocks_in_order) {
    Answer answer;
    answer.content = "text";
    answer.thinking = "hm";
    answer.calls = {{"", "f", "{\n \"a\": 1\n}"}};
    answer.end = end_with(FinishReason::kStop, "", true);
    const json::object whole = *parse_body(new_format().whole({answer}));
    EXPECT_EQ(whole.at("type"), "message");
    EXPECT_EQ(whole.at("stop_reason"), "tool_use");
    EXPECT_EQ(whole.at("usage").at("output_tokens"), 3);
    const json::array& content = whole.at("content").as_array();
    ASSERT_EQ(content.size(), 3U);
    EXPECT_EQ(content[0].at("thinking"), "hm");
    EXPECT_FALSE(content[0].at("signature").as_string().empty());
    EXPECT_EQ(content[1], (json::object{{"type", "text"}, {"text", "text"}}));
    EXPECT_EQ(content[2].at("type"), "tool_use");
    EXPECT_EQ(content[2].at("input"), (json::object{{"a", 1}}));
}

TEST(AnthropicMessage, an_empty_answer_has_no_blocks) {
    Answer answer;
    answer.end = end_with(FinishReason::kLength);
    const json::object whole = *parse_body(new_format().whole({answer}));
    EXPECT_EQ(whole.at("content"), json::array());
    EXPECT_EQ(whole.at("stop_reason"), "max_tokens");
}

TEST(AnthropicTokenCount, is_one_number) {
    EXPECT_EQ(format_token_count(12), R"({"input_tokens":12})");
}

}  // namespace
}  // namespace mullama::api::anthropic
