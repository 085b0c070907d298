#include "api/llamacpp/completion_format.h"

#include "api/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::api::llamacpp {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

AnswerStart start_of(std::int32_t context_length = 100) {
    return {
        .model = "tiny:latest",
        .prompt = "Say hi",
        .prompt_tokens = 4,
        .context_length = context_length,
    };
}

AnswerDelta text_delta(std::string text, std::vector<Token> tokens) {
    AnswerDelta delta;
    if (!text.empty()) delta.parts.push_back({AnswerPartKind::kContent, std::move(text)});
    delta.tokens = std::move(tokens);
    return delta;
}

AnswerEnd end_with(FinishReason reason, std::string stop = "") {
    AnswerEnd end;
    end.finish.reason = reason;
    end.finish.stop = std::move(stop);
    end.finish.usage = {
        .prompt_tokens = 4,
        .cached_tokens = 1,
        .completion_tokens = 3,
        .queue_ns = 0,
        .prompt_ns = 6'000'000,
        .decode_ns = 10'000'000,
    };
    return end;
}

json::object object_of(std::string_view text) {
    const auto value = parse_json(text);
    EXPECT_TRUE(value) << text;
    return value && value->is_object() ? value->get_object() : json::object();
}

/// The object of the only event in `text`.
json::object event_of(std::string_view text) {
    EXPECT_THAT(text, StartsWith("data: "));
    EXPECT_TRUE(text.ends_with("\n\n"));
    return object_of(text.substr(6, text.size() - 8));
}

Answer whole_answer(AnswerEnd end) {
    Answer answer;
    answer.content = "Hi\nyou";
    answer.tokens = {5, 6, 7};
    answer.end = std::move(end);
    return answer;
}

TEST(LlamaCompletionFormat, a_whole_answer_tells_how_it_ended_and_what_it_cost) {
    CompletionFormat format("", {.return_tokens = true}, true);
    format.start(0, start_of());
    const auto answer =
        object_of(format.whole({whole_answer(end_with(FinishReason::kStop, "END"))}));
    EXPECT_EQ(answer.at("content"), "Hi\nyou");
    EXPECT_EQ(answer.at("tokens"), (json::array{5, 6, 7}));
    EXPECT_EQ(answer.at("stop"), true);
    EXPECT_EQ(answer.at("model"), "tiny:latest");
    EXPECT_EQ(answer.at("prompt"), "Say hi");
    EXPECT_EQ(answer.at("tokens_predicted"), 3);
    EXPECT_EQ(answer.at("tokens_evaluated"), 4);
    EXPECT_EQ(answer.at("stop_type"), "word");
    EXPECT_EQ(answer.at("stopping_word"), "END");
    EXPECT_EQ(answer.at("truncated"), false);
    EXPECT_EQ(answer.at("has_new_line"), true);
    const json::object& timings = answer.at("timings").as_object();
    EXPECT_EQ(timings.at("cache_n"), 1);
    EXPECT_EQ(timings.at("prompt_n"), 3);
    EXPECT_DOUBLE_EQ(timings.at("prompt_ms").to_number<double>(), 6.0);
    EXPECT_DOUBLE_EQ(timings.at("prompt_per_token_ms").to_number<double>(), 2.0);
    EXPECT_DOUBLE_EQ(timings.at("prompt_per_second").to_number<double>(), 500.0);
    EXPECT_EQ(timings.at("predicted_n"), 3);
    EXPECT_DOUBLE_EQ(timings.at("predicted_per_token_ms").to_number<double>(), 5.0);
    EXPECT_DOUBLE_EQ(timings.at("predicted_per_second").to_number<double>(), 200.0);
    EXPECT_FALSE(timings.contains("draft_n"));
    EXPECT_TRUE(answer.at("generation_settings").as_object().contains("top_k"));
    EXPECT_FALSE(answer.contains("completion_probabilities"));
}

TEST(LlamaCompletionFormat, tells_how_many_tokens_were_guessed) {
    CompletionFormat format("", {}, true);
    format.start(0, start_of());
    AnswerEnd end = end_with(FinishReason::kStop);
    end.finish.usage.drafted_tokens = 9;
    end.finish.usage.accepted_tokens = 7;
    const auto answer = object_of(format.whole({whole_answer(std::move(end))}));
    EXPECT_EQ(answer.at("timings").at("draft_n"), 9);
    EXPECT_EQ(answer.at("timings").at("draft_n_accepted"), 7);
}

TEST(LlamaCompletionFormat, tells_the_reasons_apart) {
    CompletionFormat format("mine", {}, true);
    format.start(0, start_of(7));
    const auto eos = object_of(format.whole({whole_answer(end_with(FinishReason::kStop))}));
    EXPECT_EQ(eos.at("stop_type"), "eos");
    EXPECT_EQ(eos.at("truncated"), false);
    EXPECT_EQ(eos.at("model"), "mine");
    EXPECT_EQ(eos.at("tokens"), json::array());
    const auto full = object_of(format.whole({whole_answer(end_with(FinishReason::kLength))}));
    EXPECT_EQ(full.at("stop_type"), "limit");
    EXPECT_EQ(full.at("truncated"), true) << "4 + 3 tokens fill a context of 7";
}

TEST(LlamaCompletionFormat, several_choices_are_a_list) {
    CompletionFormat format("", {}, true);
    format.start(0, start_of());
    format.start(1, start_of());
    AnswerEnd second = end_with(FinishReason::kStop);
    second.choice = 1;
    const auto list =
        parse_json(format.whole({whole_answer(end_with(FinishReason::kStop)), whole_answer(second)})
        );
    ASSERT_TRUE(list && list->is_array());
    EXPECT_EQ(list->get_array().at(1).at("index"), 1);
}

TEST(LlamaCompletionFormat, gives_only_the_fields_that_are_asked_for) {
    const std::vector<std::string> wanted = {
        "content", "timings/predicted_n", "timings/prompt_ms", "none", "content/none/at/all"
    };
    CompletionFormat format("", {.response_fields = wanted}, true);
    format.start(0, start_of());
    EXPECT_EQ(
        format.whole({whole_answer(end_with(FinishReason::kStop))}),
        R"({"content":"Hi\nyou","timings/predicted_n":3,"timings/prompt_ms":6})"
    );
}

TEST(LlamaCompletionFormat, a_stream_tells_tokens_with_the_text_that_they_complete) {
    CompletionFormat format("", {.stream = true}, true);
    format.start(0, start_of());
    EXPECT_EQ(format.delta(text_delta("", {5})), "");
    const auto piece = event_of(format.delta(text_delta("Hi", {6})));
    EXPECT_EQ(piece.at("content"), "Hi");
    EXPECT_EQ(piece.at("tokens"), (json::array{5, 6}));
    EXPECT_EQ(piece.at("stop"), false);
    EXPECT_EQ(piece.at("tokens_predicted"), 2);
    EXPECT_EQ(piece.at("tokens_evaluated"), 4);
    EXPECT_FALSE(piece.contains("timings"));
    const auto last = event_of(format.end(end_with(FinishReason::kStop)));
    EXPECT_EQ(last.at("content"), "");
    EXPECT_EQ(last.at("tokens"), json::array());
    EXPECT_EQ(last.at("stop"), true);
    EXPECT_EQ(format.finish(), "") << "there is no [DONE]";
}

TEST(LlamaCompletionFormat, a_stream_tells_progress_and_timings_where_asked) {
    CompletionFormat format(
        "", {.stream = true, .timings_per_token = true, .return_progress = true}, true
    );
    format.start(0, start_of());
    AnswerDelta reading;
    reading.progress = Progress{2, {.prompt_tokens = 4, .prompt_ns = 3'000'000}};
    const auto amid = event_of(format.delta(reading));
    EXPECT_EQ(amid.at("prompt_progress").at("processed"), 2);
    EXPECT_EQ(amid.at("prompt_progress").at("total"), 4);
    EXPECT_EQ(amid.at("prompt_progress").at("cache"), 0);
    EXPECT_EQ(amid.at("prompt_progress").at("time_ms"), 3);
    AnswerDelta first = text_delta("Hi", {5});
    first.progress = Progress{4, {.prompt_tokens = 4, .completion_tokens = 1}};
    const std::string pieces = format.delta(first);
    const std::size_t border = pieces.find("\n\n") + 2;
    EXPECT_EQ(event_of(pieces.substr(0, border)).at("prompt_progress").at("processed"), 4);
    const auto piece = event_of(pieces.substr(border));
    EXPECT_EQ(piece.at("content"), "Hi");
    EXPECT_EQ(piece.at("timings").at("predicted_n"), 1);
    EXPECT_FALSE(event_of(format.delta(first)).contains("prompt_progress")) << "once is enough";
}

TEST(LlamaCompletionFormat, probabilities_name_tokens_by_number_text_and_bytes) {
    CompletionFormat format("", {.stream = true}, true);
    format.start(0, start_of());
    AnswerDelta delta = text_delta("a", {5});
    delta.logprobs = {{{5, "a", -0.5F}, {{5, "a", -0.5F}, {9, "\xC3", -1.0F}}}};
    const auto piece = event_of(format.delta(delta));
    const json::value& first = piece.at("completion_probabilities").as_array().at(0);
    EXPECT_EQ(first.at("id"), 5);
    EXPECT_EQ(first.at("token"), "a");
    EXPECT_EQ(first.at("top_logprobs").at(1).at("bytes"), json::array{195});
    EXPECT_DOUBLE_EQ(first.at("logprob").to_number<double>(), -0.5);
}

TEST(LlamaCompletionFormat, an_error_amid_a_stream_is_an_event) {
    CompletionFormat format("", {.stream = true}, false);
    EXPECT_EQ(format.ping(), "");
    AnswerEnd end = end_with(FinishReason::kError);
    end.finish.error = Error{ErrorCode::kInternal, "no token"};
    EXPECT_EQ(
        format.end(end),
        "data: {\"error\":{\"code\":500,\"message\":\"no token\",\"type\":\"server_error\"}}\n\n"
    );
    EXPECT_EQ(format.delta(text_delta("b", {6})), "") << "nothing follows";
    EXPECT_EQ(format.end(end_with(FinishReason::kStop)), "");
}

}  // namespace
}  // namespace mullama::api::llamacpp
