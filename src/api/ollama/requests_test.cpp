#include "api/ollama/requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::api::ollama {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string problem(const auto& parsed) {
    if (parsed) return "accepted";
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
    return parsed.error().message;
}

TEST(OllamaGenerate, reads_what_a_client_sends) {
    const auto call = parse_generate(R"({
        "model": "smollm2:135m", "prompt": "Hi", "suffix": "!", "system": "Be brief.",
        "context": [1, 2, 3], "stream": false, "format": "json", "keep_alive": "10m",
        "options": {"temperature": 0.5, "num_ctx": 512, "stop": ["a"], "num_predict": 7, "num_keep": 9,
                    "unknown": "x", "logit_bias": {"3": 1}},
        "think": "low", "truncate": false, "shift": false, "logprobs": true, "top_logprobs": 3,
        "images": ["aGVsbG8="]
    })");
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_EQ(call->use.model, "smollm2:135m");
    EXPECT_EQ(call->prompt, "Hi");
    EXPECT_EQ(call->suffix, "!");
    EXPECT_EQ(call->system, "Be brief.");
    EXPECT_THAT(call->context, ElementsAre(1, 2, 3));
    EXPECT_FALSE(call->stream);
    EXPECT_EQ(call->use.keep_alive, 10min);
    const OptionValues& options = call->use.options.values();
    EXPECT_FLOAT_EQ(options.sampling.temperature, 0.5F);
    EXPECT_EQ(options.load.num_ctx, 512);
    EXPECT_EQ(options.max_tokens, 7);
    EXPECT_EQ(options.keep_tokens, 9);
    EXPECT_THAT(options.stop, ElementsAre("a"));
    EXPECT_EQ(options.sampling.logit_bias.size(), 1U);
    EXPECT_EQ(call->request.format, "json");
    EXPECT_EQ(call->request.thinking, Thinking::kOn);
    EXPECT_EQ(call->request.reasoning_effort, "low");
    EXPECT_FALSE(call->request.truncate);
    EXPECT_FALSE(call->request.overflow.cut_prompt);
    EXPECT_FALSE(call->request.overflow.shift);
    EXPECT_EQ(call->request.top_logprobs, 3);
    EXPECT_THAT(call->images, ElementsAre("hello"));
}

TEST(OllamaGenerate, has_ollamas_defaults) {
    const auto call = parse_generate(R"({"model": "m"})");
    ASSERT_TRUE(call);
    EXPECT_TRUE(call->stream);
    EXPECT_EQ(call->system, "");
    EXPECT_FALSE(call->use.keep_alive);
    EXPECT_EQ(call->request.thinking, Thinking::kModel);
    EXPECT_TRUE(call->request.truncate);
    EXPECT_TRUE(call->request.overflow.cut_prompt);
    EXPECT_TRUE(call->request.overflow.shift);
    EXPECT_FALSE(call->request.top_logprobs);
}

TEST(OllamaGenerate, refuses_in_ollamas_words) {
    const auto refused = [](std::string_view body) { return problem(parse_generate(body)); };
    EXPECT_EQ(refused(""), "missing request body");
    EXPECT_EQ(
        refused(R"({"model": "m", "raw": true, "system": "s"})"),
        "raw mode does not support template, system, or context"
    );
    EXPECT_EQ(refused(R"({"raw": true, "system": ""})"), "accepted");
    EXPECT_EQ(
        refused(R"({"model": 1})"),
        "json: cannot unmarshal number 1 into Go struct field GenerateRequest.model of type string"
    );
    EXPECT_EQ(refused(R"({"keep_alive": "300"})"), "time: missing unit in duration \"300\"");
    EXPECT_EQ(refused(R"({"top_logprobs": 21})"), "top_logprobs must be between 0 and 20");
    EXPECT_THAT(refused(R"({"think": "much"})"), StartsWith("invalid think value: \"much\""));
    EXPECT_THAT(refused(R"({"think": 1})"), StartsWith("think must be a boolean or string"));
    EXPECT_EQ(
        refused(R"({"options": {"num_ctx": "big"}})"), "option \"num_ctx\" must be of type integer"
    );
    EXPECT_THAT(refused(R"({"images": ["!"]})"), HasSubstr("base64"));
    EXPECT_THAT(refused(R"({"context": ["a"]})"), HasSubstr("GenerateRequest.context"));
    EXPECT_THAT(refused(R"({"format": "yaml"})"), HasSubstr("invalid format"));
}

TEST(OllamaChat, reads_a_talk_with_tools) {
    const auto call = parse_chat(R"({
        "model": "m",
        "messages": [
            {"role": "System", "content": "s"},
            {"role": "user", "content": "u", "images": ["aGk="]},
            {"role": "assistant", "thinking": "hm", "tool_calls": [
                {"function": {"name": "f", "arguments": {"z": 1, "a": [2]}}}]},
            {"role": "tool", "tool_name": "f", "content": "r"}
        ],
        "tools": [{"type": "function", "function": {"name": "f"}}]
    })");
    ASSERT_TRUE(call) << call.error().message;
    const auto& messages = call->request.messages;
    ASSERT_EQ(messages.size(), 4U);
    EXPECT_EQ(messages[0].role, "system");
    EXPECT_THAT(messages[1].images, ElementsAre("hi"));
    EXPECT_EQ(messages[2].thinking, "hm");
    EXPECT_THAT(messages[2].tool_calls, ElementsAre(ToolCall{"", "f", R"({"z":1,"a":[2]})"}));
    EXPECT_EQ(messages[3].tool_name, "f");
    ASSERT_EQ(call->request.tools.size(), 1U);
    EXPECT_TRUE(call->stream);
}

TEST(OllamaChat, refuses_messages_of_another_shape) {
    const auto refused = [](std::string_view body) { return problem(parse_chat(body)); };
    EXPECT_THAT(refused(R"({"messages": "x"})"), HasSubstr("ChatRequest.messages"));
    EXPECT_THAT(refused(R"({"messages": ["x"]})"), HasSubstr("ChatRequest.messages"));
    EXPECT_THAT(
        refused(R"({"messages": [{"content": ["x"]}]})"),
        HasSubstr("cannot unmarshal array into Go struct field ChatRequest.messages.content")
    );
    EXPECT_THAT(
        refused(R"({"messages": [{"tool_calls": [{"function": {"arguments": "x"}}]}]})"),
        HasSubstr("ChatRequest.messages.tool_calls.function.arguments")
    );
}

TEST(OllamaEmbed, takes_one_text_or_many) {
    EXPECT_EQ(parse_embed(R"({"model": "m", "input": "a"})")->input.size(), 1U);
    const auto many = parse_embed(R"({"input": ["a", "b"], "truncate": false, "dimensions": 8})");
    ASSERT_TRUE(many);
    EXPECT_EQ(many->input.at(1).text, "b");
    EXPECT_FALSE(many->truncate);
    EXPECT_EQ(many->dimensions, 8);
    EXPECT_TRUE(parse_embed(R"({"input": ""})")->input.empty());
    EXPECT_TRUE(parse_embed(R"({"input": []})")->input.empty());
    EXPECT_EQ(problem(parse_embed(R"({"input": 5})")), "invalid input type");
    EXPECT_EQ(problem(parse_embed(R"({"input": [5]})")), "invalid input type");
    const auto old = parse_embeddings(R"({"model": "m", "prompt": "a"})");
    ASSERT_TRUE(old);
    EXPECT_EQ(old->normalization, -1);
    EXPECT_EQ(old->input.size(), 1U);
}

TEST(OllamaShow, takes_the_older_name_too) {
    EXPECT_EQ(parse_show(R"({"name": "m"})")->model, "m");
    EXPECT_EQ(parse_show(R"({"model": "", "name": "m"})")->model, "m");
    EXPECT_EQ(parse_show(R"({"model": "m", "name": "old"})")->model, "m");
    EXPECT_EQ(parse_show(R"({"model": "m", "verbose": true})")->verbose, true);
}

}  // namespace
}  // namespace mullama::api::ollama
