#include "api/ollama/responses.h"

#include "api/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::api::ollama {
namespace {

using ::testing::HasSubstr;

json::object object_of(std::string_view text) {
    return *parse_body(text);
}

AnswerDelta delta(std::vector<AnswerPart> parts) {
    return {.parts = std::move(parts)};
}

TEST(OllamaFormat, a_call_goes_out_whole) {
    OllamaFormat format(Endpoint::kChat, "m", 1);
    EXPECT_EQ(format.delta(delta({{AnswerPartKind::kToolCall, "f", 0}})), "");
    EXPECT_EQ(format.delta(delta({{AnswerPartKind::kToolArguments, "{\"a\":", 0}})), "");
    EXPECT_EQ(format.delta(delta({{AnswerPartKind::kToolArguments, "1}", 0}})), "");
    const json::object line =
        object_of(format.delta(delta({{AnswerPartKind::kToolCallEnd, "", 0}})));
    const json::object& call = line.at("message").at("tool_calls").at(0).as_object();
    EXPECT_EQ(call.at("function").at("name").as_string(), "f");
    EXPECT_EQ(call.at("function").at("arguments").at("a").as_int64(), 1);
    EXPECT_THAT(std::string(call.at("id").as_string()), ::testing::MatchesRegex("call_[a-z0-9]+"));
    EXPECT_FALSE(line.at("done").as_bool());
}

TEST(OllamaFormat, a_call_that_is_none_is_content) {
    OllamaFormat format(Endpoint::kChat, "m", 1);
    EXPECT_EQ(format.delta(delta({{AnswerPartKind::kToolCall, "f", 0}})), "");
    const json::object line =
        object_of(format.delta(delta({{AnswerPartKind::kToolCallBroken, "<tool>f", 0}})));
    EXPECT_EQ(line.at("message").at("content").as_string(), "<tool>f");
    EXPECT_FALSE(line.at("message").as_object().contains("tool_calls"));
}

TEST(OllamaFormat, arguments_with_raw_line_breaks_still_make_json) {
    OllamaFormat format(Endpoint::kChat, "m", 1);
    Answer answer;
    answer.calls = {{"id", "f", "{\"a\": \"x\ny\\\"\"}"}, {"id", "g", "{broken"}};
    const json::object whole = object_of(format.whole({answer}));
    const json::value& calls = whole.at("message").at("tool_calls");
    EXPECT_EQ(calls.at(0).at("function").at("arguments").at("a").as_string(), "x\ny\"");
    EXPECT_TRUE(calls.at(1).at("function").at("arguments").as_object().empty());
}

TEST(OllamaFormat, a_call_over_several_lines_is_one_line) {
    OllamaFormat format(Endpoint::kChat, "m", 1);
    const std::string line = format.delta(delta({
        {AnswerPartKind::kToolCall, "f", 0, "id"},
        {AnswerPartKind::kToolArguments, "{\n  \"a\": \"x\u2028y z\",\n  \"b\": 1.0\n}", 0},
        {AnswerPartKind::kToolCallEnd, "", 0},
    }));
    EXPECT_THAT(line, HasSubstr(R"("arguments":{"a":"x\u2028y z","b":1.0})"));
    EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(OllamaFormat, logprobs_go_with_the_text_of_their_tokens) {
    OllamaFormat format(Endpoint::kGenerate, "m", 1);
    AnswerDelta half;
    half.logprobs = {{.chosen = {1, "\xC3", -0.5F}}};
    EXPECT_EQ(format.delta(half), "");
    AnswerDelta rest = delta({{AnswerPartKind::kContent, "é"}});
    rest.logprobs = {{.chosen = {2, "\xA9", -0.25F}, .top = {{2, "\xA9", -0.25F}}}};
    const json::object line = object_of(format.delta(rest));
    EXPECT_EQ(line.at("response").as_string(), "é");
    EXPECT_EQ(line.at("logprobs").as_array().size(), 2U);
    EXPECT_EQ(line.at("logprobs").at(0).at("bytes").at(0).as_int64(), 0xC3);
    EXPECT_EQ(line.at("logprobs").at(1).at("top_logprobs").at(0).at("logprob").as_double(), -0.25);
}

TEST(OllamaFormat, an_error_ends_the_stream_with_a_line_of_its_own) {
    OllamaFormat format(Endpoint::kChat, "m", 1);
    AnswerEnd end;
    end.finish.reason = FinishReason::kError;
    end.finish.error = Error{ErrorCode::kInternal, "it \"broke\""};
    EXPECT_EQ(format.end(end), "{\"error\":\"it \\\"broke\\\"\"}\n");
}

TEST(OllamaShow, writes_parameters_as_ollama_does) {
    ModelDescription model;
    model.info.name = "m:latest";
    model.file = "/models/blob";
    model.adapters = {"/models/lora"};
    model.projectors = {"/models/mmproj"};
    model.draft = "/models/small";
    ASSERT_TRUE(model.parameters.set("temperature=0.5"));
    ASSERT_TRUE(model.parameters.set("stop=<a>"));
    ASSERT_TRUE(model.parameters.set("stop=\"b"));
    model.system = "Be brief.";
    model.metadata = {{"general.architecture", "\"llama\""}, {"llama.block_count", "30"}};
    const json::object show = object_of(format_show(model));
    EXPECT_EQ(
        show.at("parameters").as_string(),
        "stop                           \"<a>\"\n"
        "stop                           \"\\\"b\"\n"
        "temperature                    0.5"
    );
    const std::string modelfile(show.at("modelfile").as_string());
    EXPECT_THAT(
        modelfile,
        HasSubstr(
            "FROM /models/blob\nADAPTER /models/lora\nDRAFT /models/small\nFROM /models/mmproj\n"
        )
    );
    EXPECT_THAT(modelfile, HasSubstr("SYSTEM \"\"\"Be brief.\"\"\"\n"));
    EXPECT_THAT(modelfile, HasSubstr("PARAMETER stop                           \"<a>\"\n"));
    EXPECT_EQ(show.at("model_info").at("llama.block_count").as_int64(), 30);
    EXPECT_FALSE(show.contains("license"));
    EXPECT_FALSE(show.contains("projector_info"));
}

TEST(OllamaShow, tells_of_the_projector) {
    ModelDescription model;
    model.projector_metadata = {{"general.architecture", "\"clip\""}};
    const json::object show = object_of(format_show(model));
    EXPECT_EQ(show.at("projector_info").at("general.architecture").as_string(), "clip");
}

}  // namespace
}  // namespace mullama::api::ollama
