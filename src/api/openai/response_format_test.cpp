#include "api/openai/response_format.h"

#include "api/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::api::openai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

using Kind = AnswerPartKind;

struct Seen {
    std::string type;
    json::object data;
};

/// Takes a stream apart, and checks that each event says its name and number.
std::vector<Seen> events_of(std::string_view stream) {
    std::vector<Seen> events;
    while (!stream.empty()) {
        const std::size_t end = stream.find("\n\n");
        EXPECT_NE(end, std::string_view::npos);
        const std::string_view event = stream.substr(0, end);
        const std::size_t line = event.find("\ndata: ");
        EXPECT_TRUE(event.starts_with("event: ")) << event;
        Seen seen{std::string(event.substr(7, line - 7)), *parse_body(event.substr(line + 7))};
        EXPECT_EQ(seen.data.at("type").as_string(), seen.type);
        EXPECT_EQ(seen.data.at("sequence_number").as_int64(), std::ssize(events));
        events.push_back(std::move(seen));
        stream.remove_prefix(end + 2);
    }
    return events;
}

std::vector<std::string> types_of(const std::vector<Seen>& events) {
    std::vector<std::string> types;
    for (const Seen& event : events) types.push_back(event.type);
    return types;
}

AnswerDelta delta(std::vector<AnswerPart> parts, std::size_t tokens = 0) {
    return {.parts = std::move(parts), .tokens = std::vector<Token>(tokens)};
}

AnswerEnd end_with(FinishReason reason) {
    AnswerEnd end{.at = WallTime(std::chrono::seconds(1700000009))};
    end.finish.reason = reason;
    end.finish.usage = {.prompt_tokens = 7, .cached_tokens = 3, .completion_tokens = 5};
    return end;
}

class Responding : public ::testing::Test {
  protected:
    Responding() {
        terms_.model = "m";
        terms_.created = WallTime(std::chrono::seconds(1700000000));
    }

    ResponseFormat format() {
        ResponseIds ids(1);
        terms_.id = ids.response();
        return {terms_, ids, [this](const std::string& response) { kept_.push_back(response); }};
    }

    /// A whole stream of `deltas`.
    std::vector<Seen> stream(const std::vector<AnswerDelta>& deltas, const AnswerEnd& end) {
        ResponseFormat writer = format();
        std::string text = writer.begin(7);
        for (const AnswerDelta& each : deltas) text += writer.delta(each);
        text += writer.end(end);
        EXPECT_EQ(writer.finish(), "");
        return events_of(text);
    }

    ResponseTerms terms_;
    std::vector<std::string> kept_;
};

TEST_F(Responding, tells_the_sampling_that_holds_for_the_answer) {
    AnswerStart start;
    start.options.sampling.temperature = 0.7F;
    start.options.sampling.top_p = 0.5F;
    ResponseFormat writer = format();
    writer.start(0, start);
    EXPECT_THAT(writer.begin(7), HasSubstr(R"("temperature":0.7,)"));
    EXPECT_THAT(writer.whole({Answer()}), HasSubstr(R"("top_p":0.5,)"));
}

TEST_F(Responding, a_text_comes_as_one_message_with_one_part) {
    const auto events = stream(
        {delta({{Kind::kContent, "Hel"}}), delta({{Kind::kContent, "lo"}})},
        end_with(FinishReason::kStop)
    );
    EXPECT_THAT(
        types_of(events),
        ElementsAre(
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed"
        )
    );
    const json::object& created = events[0].data.at("response").as_object();
    EXPECT_EQ(created.at("status").as_string(), "in_progress");
    EXPECT_TRUE(created.at("usage").is_null());
    EXPECT_TRUE(created.at("output").as_array().empty());
    const std::string id(events[2].data.at("item").at("id").as_string());
    EXPECT_THAT(id, StartsWith("msg_"));
    EXPECT_EQ(events[2].data.at("item").at("status").as_string(), "in_progress");
    EXPECT_EQ(events[4].data.at("item_id").as_string(), id);
    EXPECT_EQ(events[4].data.at("output_index").as_int64(), 0);
    EXPECT_EQ(events[4].data.at("content_index").as_int64(), 0);
    EXPECT_EQ(events[4].data.at("delta").as_string(), "Hel");
    EXPECT_EQ(events[6].data.at("text").as_string(), "Hello");
    EXPECT_EQ(events[7].data.at("part").at("text").as_string(), "Hello");
    EXPECT_EQ(events[8].data.at("item").at("status").as_string(), "completed");
}

TEST_F(Responding, the_last_event_has_the_whole_response) {
    terms_.instructions = "be kind";
    terms_.metadata = R"({"k":"v"})";
    const auto events = stream({delta({{Kind::kContent, "Hi"}})}, end_with(FinishReason::kStop));
    const json::object& response = events.back().data.at("response").as_object();
    EXPECT_EQ(response.at("object").as_string(), "response");
    EXPECT_EQ(response.at("status").as_string(), "completed");
    EXPECT_EQ(response.at("created_at").as_int64(), 1700000000);
    EXPECT_EQ(response.at("completed_at").as_int64(), 1700000009);
    EXPECT_EQ(response.at("instructions").as_string(), "be kind");
    EXPECT_EQ(response.at("metadata").at("k").as_string(), "v");
    EXPECT_TRUE(response.at("error").is_null());
    EXPECT_TRUE(response.at("incomplete_details").is_null());
    EXPECT_EQ(response.at("truncation").as_string(), "disabled");
    EXPECT_EQ(response.at("usage").at("input_tokens").as_int64(), 7);
    EXPECT_EQ(response.at("usage").at("input_tokens_details").at("cached_tokens").as_int64(), 3);
    EXPECT_EQ(response.at("usage").at("total_tokens").as_int64(), 12);
    ASSERT_EQ(response.at("output").as_array().size(), 1U);
    EXPECT_EQ(response.at("output").at(0).at("content").at(0).at("text").as_string(), "Hi");
    ASSERT_EQ(kept_.size(), 1U);
    EXPECT_EQ(kept_[0], to_text(events.back().data.at("response")));
}

TEST_F(Responding, thinking_is_an_item_before_the_message) {
    const auto events = stream(
        {delta({{Kind::kThinking, "h"}}, 1),
         delta({}, 1),
         delta({{Kind::kThinking, "m"}}, 1),
         delta({{Kind::kContent, "Hi"}}, 2)},
        end_with(FinishReason::kStop)
    );
    EXPECT_THAT(
        types_of(events),
        ElementsAre(
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.reasoning_summary_part.added",
            "response.reasoning_summary_text.delta",
            "response.reasoning_summary_text.delta",
            "response.reasoning_summary_text.done",
            "response.reasoning_summary_part.done",
            "response.output_item.done",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed"
        )
    );
    EXPECT_EQ(events[4].data.at("summary_index").as_int64(), 0);
    EXPECT_EQ(events[6].data.at("text").as_string(), "hm");
    EXPECT_EQ(events[8].data.at("item").at("summary").at(0).at("text").as_string(), "hm");
    EXPECT_FALSE(events[8].data.at("item").as_object().contains("encrypted_content"));
    EXPECT_EQ(events[11].data.at("output_index").as_int64(), 1);
    const json::value& usage = events.back().data.at("response").at("usage");
    EXPECT_EQ(usage.at("output_tokens_details").at("reasoning_tokens").as_int64(), 3);
}

TEST_F(Responding, clients_without_state_get_thinking_to_send_back) {
    terms_.include_encrypted_content = true;
    const auto events = stream({delta({{Kind::kThinking, "hm"}})}, end_with(FinishReason::kStop));
    EXPECT_EQ(
        events.back().data.at("response").at("output").at(0).at("encrypted_content").as_string(),
        "hm"
    );
}

TEST_F(Responding, calls_are_items_of_their_own) {
    const auto events = stream(
        {delta({{Kind::kToolCall, "f", 0}}),
         delta({{Kind::kToolArguments, "{\"a\":", 0}}),
         delta({{Kind::kToolArguments, "1}", 0}, {Kind::kToolCallEnd, "", 0}}),
         delta({{Kind::kToolCall, "g", 1, "given"}, {Kind::kToolCallEnd, "", 1}})},
        end_with(FinishReason::kStop)
    );
    EXPECT_THAT(
        types_of(events),
        ElementsAre(
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "response.output_item.done",
            "response.output_item.added",
            "response.function_call_arguments.done",
            "response.output_item.done",
            "response.completed"
        )
    );
    const json::value& item = events[6].data.at("item");
    EXPECT_THAT(std::string(item.at("id").as_string()), StartsWith("fc_"));
    EXPECT_THAT(std::string(item.at("call_id").as_string()), StartsWith("call_"));
    EXPECT_EQ(item.at("name").as_string(), "f");
    EXPECT_EQ(item.at("arguments").as_string(), "{\"a\":1}");
    EXPECT_EQ(events[2].data.at("item").at("call_id"), item.at("call_id"));
    EXPECT_EQ(events[9].data.at("item").at("call_id").as_string(), "given");
    EXPECT_EQ(events[9].data.at("item").at("arguments").as_string(), "{}");
}

TEST_F(Responding, a_call_that_is_none_becomes_text_and_is_not_in_the_response) {
    const auto events = stream(
        {delta({{Kind::kToolCall, "f", 0}}), delta({{Kind::kToolCallBroken, "<tool>f", 0}})},
        end_with(FinishReason::kStop)
    );
    EXPECT_EQ(events[3].type, "response.output_item.done");
    EXPECT_EQ(events[3].data.at("item").at("status").as_string(), "incomplete");
    const json::array& output = events.back().data.at("response").at("output").as_array();
    ASSERT_EQ(output.size(), 1U);
    EXPECT_EQ(output.at(0).at("content").at(0).at("text").as_string(), "<tool>f");
}

TEST_F(Responding, an_answer_cut_short_is_incomplete) {
    const auto events = stream({delta({{Kind::kContent, "Hi"}})}, end_with(FinishReason::kLength));
    EXPECT_EQ(events.back().type, "response.incomplete");
    const json::object& response = events.back().data.at("response").as_object();
    EXPECT_EQ(response.at("status").as_string(), "incomplete");
    EXPECT_EQ(response.at("incomplete_details").at("reason").as_string(), "max_output_tokens");
    EXPECT_EQ(response.at("output").at(0).at("status").as_string(), "incomplete");
    EXPECT_TRUE(response.at("completed_at").is_null());
}

TEST_F(Responding, a_cancelled_answer_says_so) {
    const auto events =
        stream({delta({{Kind::kContent, "Hi"}})}, end_with(FinishReason::kCancelled));
    EXPECT_EQ(events.back().type, "response.incomplete");
    EXPECT_EQ(events.back().data.at("response").at("status").as_string(), "cancelled");
    EXPECT_TRUE(events.back().data.at("response").at("incomplete_details").is_null());
}

TEST_F(Responding, a_failure_amid_the_answer_closes_what_is_open) {
    ResponseFormat writer = format();
    std::string text = writer.begin(7);
    text += writer.delta(delta({{Kind::kContent, "Hi"}}));
    AnswerEnd end = end_with(FinishReason::kError);
    end.finish.error = Error{ErrorCode::kInternal, "it broke"};
    text += writer.end(end);
    const auto events = events_of(text);
    EXPECT_EQ(events.back().type, "response.failed");
    const json::object& response = events.back().data.at("response").as_object();
    EXPECT_EQ(response.at("status").as_string(), "failed");
    EXPECT_EQ(response.at("error").at("code").as_string(), "server_error");
    EXPECT_EQ(response.at("error").at("message").as_string(), "it broke");
    EXPECT_EQ(events[events.size() - 2].type, "response.output_item.done");
    EXPECT_EQ(kept_.size(), 1U);
}

TEST_F(Responding, a_failure_before_the_answer_still_begins_it) {
    ResponseFormat writer = format();
    const auto events = events_of(writer.error({ErrorCode::kExhausted, "full"}));
    EXPECT_THAT(
        types_of(events), ElementsAre("response.created", "response.in_progress", "response.failed")
    );
    EXPECT_EQ(
        events.back().data.at("response").at("error").at("code").as_string(), "rate_limit_exceeded"
    );
}

TEST_F(Responding, logprobs_go_with_the_text_of_their_tokens) {
    AnswerDelta half;
    half.logprobs = {{.chosen = {1, "\xC3", -0.5F}}};
    AnswerDelta rest = delta({{Kind::kContent, "é"}});
    rest.logprobs = {{.chosen = {2, "\xA9", -0.25F}, .top = {{2, "\xA9", -0.25F}}}};
    const auto events = stream({half, rest}, end_with(FinishReason::kStop));
    const json::array& told = events[4].data.at("logprobs").as_array();
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told.at(1).at("bytes").at(0).as_int64(), 0xA9);
    EXPECT_EQ(told.at(1).at("top_logprobs").as_array().size(), 1U);
    EXPECT_EQ(events[5].data.at("logprobs").as_array().size(), 2U);
    const json::value& text = events.back().data.at("response").at("output").at(0).at("content");
    EXPECT_EQ(text.at(0).at("logprobs").as_array().size(), 2U);
}

TEST_F(Responding, a_whole_answer_is_the_collected_stream) {
    const std::vector<AnswerDelta> deltas = {
        delta({{Kind::kThinking, "hm"}}, 4),
        delta({{Kind::kContent, "Hi "}}, 1),
        delta({{Kind::kContent, "there"}}, 1),
        delta({{Kind::kToolCall, "f", 0, "id"}}, 1),
        delta({{Kind::kToolArguments, "{}", 0}, {Kind::kToolCallEnd, "", 0}}, 1),
    };
    const AnswerEnd end = end_with(FinishReason::kStop);
    AnswerCollector collector;
    for (const AnswerDelta& each : deltas) collector.add(each);
    ResponseFormat writer = format();
    const std::string whole = writer.whole({collector.take(end)});
    const auto events = stream(deltas, end);
    EXPECT_EQ(*parse_json(whole), events.back().data.at("response"));
    EXPECT_THAT(kept_, ElementsAre(whole, whole));
    EXPECT_THAT(whole, HasSubstr("\"reasoning_tokens\":4"));
}

TEST_F(Responding, an_answer_without_text_has_no_items) {
    const auto events = stream({}, end_with(FinishReason::kStop));
    EXPECT_EQ(events.size(), 3U);
    EXPECT_TRUE(events.back().data.at("response").at("output").as_array().empty());
}

TEST_F(Responding, nothing_is_kept_where_nobody_wants_it) {
    ResponseFormat writer(terms_, ResponseIds(1), {});
    EXPECT_THAT(
        writer.whole({Answer{.content = "a", .end = end_with(FinishReason::kStop)}}),
        HasSubstr("\"text\":\"a\"")
    );
    EXPECT_THAT(kept_, IsEmpty());
}

}  // namespace
}  // namespace mullama::api::openai
