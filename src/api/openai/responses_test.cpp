#include "api/openai/responses.h"

#include "api/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::api::openai {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kDone = "data: [DONE]\n\n";

AnswerTerms terms(bool include_usage = false) {
    return {
        .model = "m",
        .created = WallTime(std::chrono::seconds(1'700'000'000)),
        .seed = 1,
        .include_usage = include_usage,
    };
}

AnswerDelta delta(std::vector<AnswerPart> parts, std::size_t choice = 0) {
    return {.choice = choice, .parts = std::move(parts)};
}

AnswerDelta text(std::string content, std::size_t choice = 0) {
    return delta({{AnswerPartKind::kContent, std::move(content)}}, choice);
}

AnswerEnd end_of(std::size_t choice = 0, Usage usage = {}) {
    AnswerEnd end{.choice = choice};
    end.finish.usage = usage;
    return end;
}

AnswerEnd failure() {
    AnswerEnd end;
    end.finish.reason = FinishReason::kError;
    end.finish.error = Error{ErrorCode::kInternal, "it broke"};
    return end;
}

TokenLogprobs logprob(std::string piece) {
    return {.chosen = {1, std::move(piece), -0.5F}};
}

/// The objects of a stream's events, without [DONE].
std::vector<json::object> events_of(std::string_view stream) {
    std::vector<json::object> events;
    while (!stream.empty()) {
        EXPECT_THAT(stream, StartsWith("data: "));
        const std::size_t end = stream.find("\n\n");
        if (end == std::string_view::npos) break;
        const std::string_view data = stream.substr(6, end - 6);
        stream.remove_prefix(end + 2);
        if (data != "[DONE]") events.push_back(*parse_body(data));
    }
    return events;
}

json::object delta_of(const json::object& event) {
    return event.at("choices").at(0).at("delta").as_object();
}

TEST(OpenAiChatStream, tells_the_role_once_for_each_choice) {
    ChatCompletionFormat format(terms());
    std::string stream;
    for (const AnswerDelta& each : {text("a"), text("b"), text("c", 1), text("d", 1)}) {
        stream += format.delta(each);
    }
    const auto events = events_of(stream);
    ASSERT_EQ(events.size(), 4U);
    EXPECT_EQ(delta_of(events[0]), (json::object{{"role", "assistant"}, {"content", "a"}}));
    EXPECT_EQ(delta_of(events[1]), (json::object{{"content", "b"}}));
    EXPECT_EQ(delta_of(events[2]).at("role"), "assistant");
    EXPECT_EQ(events[2].at("choices").at(0).at("index"), 1);
    EXPECT_FALSE(delta_of(events[3]).contains("role"));
}

TEST(OpenAiChatStream, has_the_same_head_in_each_chunk) {
    ChatCompletionFormat format(terms());
    std::string stream = format.delta(text("a"));
    stream += format.end(end_of());
    const auto events = events_of(stream);
    ASSERT_EQ(events.size(), 2U);
    for (const json::object& event : events) {
        EXPECT_EQ(event.at("object"), "chat.completion.chunk");
        EXPECT_EQ(event.at("created"), 1'700'000'000);
        EXPECT_EQ(event.at("model"), "m");
        EXPECT_EQ(event.at("id"), events[0].at("id"));
        EXPECT_FALSE(event.contains("usage"));
    }
    EXPECT_THAT(std::string(events[0].at("id").as_string()), MatchesRegex("chatcmpl-[a-z0-9]+"));
    EXPECT_TRUE(events[0].at("choices").at(0).at("finish_reason").is_null());
    EXPECT_EQ(events[1].at("choices").at(0).at("finish_reason"), "stop");
}

TEST(OpenAiChatStream, an_answer_without_text_has_a_role_too) {
    ChatCompletionFormat format(terms());
    const auto events = events_of(format.end(end_of()));
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(delta_of(events[0]), (json::object{{"role", "assistant"}, {"content", ""}}));
}

TEST(OpenAiChatStream, a_call_begins_with_its_name_and_goes_on_with_arguments) {
    ChatCompletionFormat format(terms());
    const auto events = events_of(format.delta(delta({
        {AnswerPartKind::kToolCall, "f", 1},
        {AnswerPartKind::kToolArguments, "{\"a\":", 1},
        {AnswerPartKind::kToolArguments, "1}", 1},
        {AnswerPartKind::kToolCallEnd, "", 1},
    })));
    ASSERT_EQ(events.size(), 3U);
    const json::object call = delta_of(events[0]).at("tool_calls").at(0).as_object();
    EXPECT_EQ(call.at("index"), 1);
    EXPECT_EQ(call.at("type"), "function");
    EXPECT_EQ(call.at("function"), (json::object{{"name", "f"}, {"arguments", ""}}));
    EXPECT_THAT(std::string(call.at("id").as_string()), MatchesRegex("call_[a-z0-9]+"));
    EXPECT_EQ(
        delta_of(events[2]).at("tool_calls").at(0),
        (json::object{{"index", 1}, {"function", {{"arguments", "1}"}}}})
    );
}

TEST(OpenAiChatStream, keeps_the_name_that_the_model_gave_its_call) {
    ChatCompletionFormat format(terms());
    const auto events = events_of(format.delta(delta({{AnswerPartKind::kToolCall, "f", 0, "x7"}})));
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(delta_of(events[0]).at("tool_calls").at(0).at("id"), "x7");
}

TEST(OpenAiChatStream, a_call_that_is_none_is_told_as_content) {
    ChatCompletionFormat format(terms());
    const auto events = events_of(format.delta(delta({
        {AnswerPartKind::kToolCall, "f", 0},
        {AnswerPartKind::kToolCallBroken, "<tool>f", 0},
    })));
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(delta_of(events[1]), (json::object{{"content", "<tool>f"}}));
}

TEST(OpenAiChatStream, logprobs_go_with_the_first_text_after_their_tokens) {
    ChatCompletionFormat format(terms());
    AnswerDelta half;
    half.logprobs = {logprob("\xC3")};
    EXPECT_EQ(format.delta(half), "");
    AnswerDelta rest = delta({{AnswerPartKind::kThinking, "é"}, {AnswerPartKind::kContent, "b"}});
    rest.logprobs = {logprob("\xA9")};
    const auto events = events_of(format.delta(rest));
    ASSERT_EQ(events.size(), 2U);
    const json::object& choice = events[0].at("choices").at(0).as_object();
    EXPECT_EQ(choice.at("logprobs").at("content").as_array().size(), 2U);
    EXPECT_FALSE(events[1].at("choices").at(0).as_object().contains("logprobs"));
}

TEST(OpenAiChatStream, logprobs_of_tokens_without_text_come_with_the_end) {
    ChatCompletionFormat format(terms());
    AnswerDelta last;
    last.logprobs = {logprob("<eot>")};
    EXPECT_EQ(format.delta(last), "");
    const auto events = events_of(format.end(end_of()));
    ASSERT_EQ(events.size(), 1U);
    const json::object& choice = events[0].at("choices").at(0).as_object();
    ASSERT_TRUE(choice.contains("logprobs"));
    EXPECT_EQ(choice.at("logprobs").at("content").at(0).at("token"), "<eot>");
    EXPECT_EQ(choice.at("finish_reason"), "stop");
}

TEST(OpenAiChatStream, tells_why_an_answer_ended) {
    AnswerEnd end = end_of();
    end.finish.reason = FinishReason::kLength;
    EXPECT_THAT(ChatCompletionFormat(terms()).end(end), HasSubstr(R"("finish_reason":"length")"));
    end.has_calls = true;
    EXPECT_THAT(
        ChatCompletionFormat(terms()).end(end), HasSubstr(R"("finish_reason":"tool_calls")")
    );
}

TEST(OpenAiChatStream, counts_the_prompt_once_for_all_choices) {
    ChatCompletionFormat format(terms(true));
    const Usage usage{.prompt_tokens = 5, .cached_tokens = 2, .completion_tokens = 3};
    std::string stream = format.end(end_of(0, usage));
    stream += format.end(end_of(1, usage));
    stream += format.finish();
    EXPECT_THAT(stream, EndsWith(kDone));
    const auto events = events_of(stream);
    ASSERT_EQ(events.size(), 3U);
    EXPECT_TRUE(events[0].at("usage").is_null());
    EXPECT_EQ(events[2].at("choices"), json::array());
    EXPECT_EQ(events[2].at("usage").at("prompt_tokens"), 5);
    EXPECT_EQ(events[2].at("usage").at("completion_tokens"), 6);
    EXPECT_EQ(events[2].at("usage").at("total_tokens"), 11);
    EXPECT_EQ(events[2].at("usage").at("prompt_tokens_details").at("cached_tokens"), 2);
}

TEST(OpenAiChatStream, tells_thinking_under_both_its_names_and_counts_its_tokens) {
    ChatCompletionFormat format(terms(true));
    AnswerDelta thought = delta({{AnswerPartKind::kThinking, "hm"}});
    thought.tokens = {1, 2};
    AnswerDelta said = text("a");
    said.tokens = {3};
    std::string stream = format.delta(thought);
    stream += format.delta(said);
    stream += format.end(end_of());
    const auto events = events_of(stream + format.finish());
    ASSERT_EQ(events.size(), 4U);
    EXPECT_EQ(delta_of(events[0]).at("reasoning"), "hm");
    EXPECT_EQ(delta_of(events[0]).at("reasoning_content"), "hm");
    const json::value& details = events[3].at("usage").at("completion_tokens_details");
    EXPECT_EQ(details.at("reasoning_tokens"), 2);
}

TEST(OpenAiChat, counts_the_tokens_of_all_choices_thinking) {
    Answer answer;
    answer.thinking_tokens = 3;
    const json::object whole = *parse_body(ChatCompletionFormat(terms()).whole({answer, answer}));
    const json::value& details = whole.at("usage").at("completion_tokens_details");
    EXPECT_EQ(details.at("reasoning_tokens"), 6);
}

TEST(OpenAiChatStream, nothing_follows_an_error) {
    ChatCompletionFormat format(terms(true));
    EXPECT_EQ(
        format.end(failure()),
        "data: {\"error\":{\"message\":\"it broke\",\"type\":\"api_error\",\"param\":null,"
        "\"code\":null}}\n\n"
    );
    EXPECT_EQ(format.delta(text("b", 1)), "");
    EXPECT_EQ(format.end(end_of(1)), "");
    EXPECT_EQ(format.finish(), "");
}

TEST(OpenAiChatStream, a_ping_is_a_comment) {
    EXPECT_EQ(ChatCompletionFormat(terms()).ping(), ": ping\n\n");
    EXPECT_EQ(ChatCompletionFormat(terms()).stream_type(), "text/event-stream");
}

TEST(OpenAiChat, a_whole_answer_has_thinking_calls_and_logprobs) {
    Answer answer;
    answer.thinking = "hm";
    answer.calls = {{"", "f", "{\"a\":1}"}, {"x7", "g", "{broken"}};
    answer.logprobs = {logprob("t")};
    answer.end.has_calls = true;
    const json::object whole = *parse_body(ChatCompletionFormat(terms()).whole({answer}));
    EXPECT_EQ(whole.at("object"), "chat.completion");
    const json::object& choice = whole.at("choices").at(0).as_object();
    EXPECT_EQ(choice.at("finish_reason"), "tool_calls");
    EXPECT_EQ(choice.at("logprobs").at("content").at(0).at("token"), "t");
    const json::object& message = choice.at("message").as_object();
    EXPECT_EQ(message.at("role"), "assistant");
    EXPECT_TRUE(message.at("content").is_null());
    EXPECT_EQ(message.at("reasoning"), "hm");
    EXPECT_EQ(message.at("reasoning_content"), "hm");
    EXPECT_EQ(message.at("tool_calls").at(0).at("function").at("arguments"), "{\"a\":1}");
    EXPECT_EQ(message.at("tool_calls").at(1).at("id"), "x7");
    EXPECT_EQ(message.at("tool_calls").at(1).at("function").at("arguments"), "{}");
}

TEST(OpenAiChat, an_empty_answer_is_an_empty_text) {
    const json::object whole = *parse_body(ChatCompletionFormat(terms()).whole({Answer()}));
    const json::object& choice = whole.at("choices").at(0).as_object();
    EXPECT_EQ(choice.at("message"), (json::object{{"role", "assistant"}, {"content", ""}}));
    EXPECT_FALSE(choice.contains("logprobs"));
}

TEST(OpenAiCompletionStream, counts_each_prompt_once) {
    CompletionFormat format(terms(true), 2, 2, false);
    std::string stream;
    for (std::size_t choice = 0; choice < 4; ++choice) {
        const std::int64_t tokens = choice < 2 ? 5 : 7;
        const Usage usage{.prompt_tokens = tokens, .cached_tokens = 1, .completion_tokens = 2};
        stream += format.end(end_of(choice, usage));
    }
    const auto events = events_of(stream + format.finish());
    ASSERT_EQ(events.size(), 5U);
    const json::object& usage = events[4].at("usage").as_object();
    EXPECT_EQ(usage.at("prompt_tokens"), 12);
    EXPECT_EQ(usage.at("completion_tokens"), 8);
    EXPECT_EQ(usage.at("prompt_tokens_details").at("cached_tokens"), 2);
}

TEST(OpenAiCompletionStream, text_offsets_count_characters_from_the_beginning) {
    CompletionFormat format(terms(), 1, 1, true);
    AnswerDelta first = text("né");
    first.logprobs = {logprob("n"), logprob("é")};
    AnswerDelta second = text("e");
    second.logprobs = {logprob("e")};
    std::string stream = format.delta(first);
    stream += format.delta(second);
    const auto events = events_of(stream);
    ASSERT_EQ(events.size(), 2U);
    const auto offsets = [&](std::size_t i) {
        return events[i].at("choices").at(0).at("logprobs").at("text_offset");
    };
    EXPECT_EQ(offsets(0), (json::array{0, 1}));
    EXPECT_EQ(offsets(1), json::array{2});
}

TEST(OpenAiCompletionStream, nothing_follows_an_error) {
    CompletionFormat format(terms(), 2, 2, false);
    EXPECT_THAT(format.end(failure()), HasSubstr("it broke"));
    EXPECT_EQ(format.delta(text("b", 1)), "");
    EXPECT_EQ(format.end(end_of(1)), "");
    EXPECT_EQ(format.finish(), "");
}

TEST(OpenAiCompletion, gives_the_likeliest_answers_of_each_prompt) {
    std::vector<Answer> answers(4);
    for (std::size_t i = 0; i < answers.size(); ++i) {
        answers[i].content = std::string(1, static_cast<char>('a' + i));
        answers[i].logprobs = {logprob("t")};
        answers[i].logprobs[0].chosen.logprob = i % 2 == 0 ? -2.0F : -1.0F;
        answers[i].end = end_of(i, {.prompt_tokens = 3, .completion_tokens = 1});
    }
    const json::object whole = *parse_body(CompletionFormat(terms(), 1, 2, false).whole(answers));
    const json::array& choices = whole.at("choices").as_array();
    ASSERT_EQ(choices.size(), 2U);
    EXPECT_EQ(choices[0].at("text"), "b");
    EXPECT_EQ(choices[1].at("text"), "d");
    EXPECT_EQ(choices[1].at("index"), 1);
    EXPECT_TRUE(choices[1].at("logprobs").is_null());
    EXPECT_EQ(whole.at("usage").at("prompt_tokens"), 6);
    EXPECT_EQ(whole.at("usage").at("completion_tokens"), 4);
}

TEST(OpenAiEmbeddings, are_numbers_or_base64_of_their_bytes) {
    const std::vector<std::vector<float>> rows = {{1.0F, -0.5F}, {}};
    EXPECT_EQ(
        format_embeddings("m", rows, 7, false),
        R"({"object":"list","data":[{"object":"embedding","embedding":[1,-0.5],"index":0},)"
        R"({"object":"embedding","embedding":[],"index":1}],"model":"m",)"
        R"("usage":{"prompt_tokens":7,"total_tokens":7}})"
    );
    EXPECT_THAT(format_embeddings("m", rows, 7, true), HasSubstr(R"("embedding":"AACAPwAAAL8=")"));
}

TEST(OpenAiModels, tell_who_owns_them) {
    ModelInfo info;
    info.modified = WallTime(std::chrono::seconds(5));
    const auto owner = [&](std::string name) {
        info.name = std::move(name);
        return parse_body(format_model(info))->at("owned_by");
    };
    EXPECT_EQ(owner("llama:latest"), "library");
    EXPECT_EQ(owner("me/llama:latest"), "me");
    EXPECT_EQ(owner("hf.co/you/llama:q4"), "you");
    EXPECT_EQ(
        format_models({info}),
        R"({"object":"list","data":[{"id":"hf.co/you/llama:q4","object":"model","created":5,)"
        R"("owned_by":"you"}]})"
    );
    EXPECT_THAT(format_models({}), Not(HasSubstr("id")));
}

}  // namespace
}  // namespace mullama::api::openai
