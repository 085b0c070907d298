#include "tests/support/models.h"
#include <mullama/runtime.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

/// SmolLM2 behind a template of llama.cpp's collection.
LoadedModel with_template(const std::string& name) {
    const auto path = std::filesystem::path(MULLAMA_LLAMA_SOURCE_DIR) / "models" / "templates" /
                      (name + ".jinja");
    std::ifstream file(path, std::ios::binary);
    LoadOptions options;
    options.engine.context_length = 1024;
    options.engine.sequences_max = 2;
    options.chat_template = {std::istreambuf_iterator<char>(file), {}};
    auto model = LoadedModel::load(test::smollm2_path(), options);
    EXPECT_TRUE(model) << (model ? "" : model.error().message);
    return std::move(model).value();
}

ChatRequest greedy(std::string text, std::int32_t max_tokens) {
    ChatRequest request;
    request.messages = {{"user", std::move(text)}};
    request.sampling.temperature = 0.0F;
    request.max_tokens = max_tokens;
    return request;
}

struct Parts {
    std::string content;
    std::string thinking;
    std::vector<ToolCall> calls;
    std::size_t ended = 0;
    Finish finish;
};

Parts collect(ChatAnswer answer) {
    Parts parts;
    const auto take = [&](const std::vector<AnswerPart>& more) {
        for (const AnswerPart& part : more) {
            if (part.kind == AnswerPartKind::kContent) parts.content += part.text;
            if (part.kind == AnswerPartKind::kThinking) parts.thinking += part.text;
            if (part.kind == AnswerPartKind::kToolCall) parts.calls.push_back({.name = part.text});
            if (part.kind == AnswerPartKind::kToolArguments) {
                parts.calls.at(part.call).arguments += part.text;
            }
            if (part.kind == AnswerPartKind::kToolCallEnd) ++parts.ended;
        }
    };
    while (auto event = answer.events.next()) {
        take(answer.parser.push(event->text));
        if (event->finish) parts.finish = *event->finish;
    }
    take(answer.parser.finish());
    return parts;
}

constexpr const char* kWeather =
    R"({"type":"object","properties":{"city":{"type":"string","enum":["Paris","Rome"]},)"
    R"("days":{"type":"integer","minimum":1,"maximum":9}},"required":["city","days"]})";

TEST(Answer, a_required_call_is_one_whatever_the_model_is_like) {
    const LoadedModel model = with_template("NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use");
    EXPECT_TRUE(model.chat_abilities().tools);
    ChatRequest request = greedy("Tell me a story about a dog.", 120);
    request.tools = {{"get_weather", "Tells the weather.", kWeather}};
    request.tool_choice = ToolChoice::kRequired;
    request.parallel_tool_calls = false;
    auto answer = model.answer(request);
    ASSERT_TRUE(answer) << answer.error().message;
    const Parts parts = collect(std::move(*answer));
    ASSERT_EQ(parts.calls.size(), 1U) << parts.content;
    EXPECT_EQ(parts.ended, 1U);
    EXPECT_EQ(parts.calls[0].name, "get_weather");
    std::string arguments = parts.calls[0].arguments;
    std::erase_if(arguments, [](char c) { return c == ' ' || c == '\n'; });
    EXPECT_THAT(arguments, MatchesRegex(R"re(\{"city":"(Paris|Rome)","days":[1-9]\})re"));
    EXPECT_EQ(parts.finish.reason, FinishReason::kStop);
}

TEST(Answer, a_format_is_followed) {
    const LoadedModel model = with_template("NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use");
    ChatRequest request = greedy("What is the capital of France?", 60);
    request.format = kWeather;
    auto answer = model.answer(request);
    ASSERT_TRUE(answer) << answer.error().message;
    const Parts parts = collect(std::move(*answer));
    EXPECT_THAT(parts.content, HasSubstr("\"city\""));
    EXPECT_THAT(parts.content, StartsWith("{"));
}

TEST(Answer, thinking_comes_apart_from_content_and_keeps_its_budget) {
    const LoadedModel model = with_template("deepseek-ai-DeepSeek-R1-Distill-Qwen-32B");
    ChatRequest request = greedy("What is the capital of France?", 40);
    request.thinking_tokens_max = 8;
    auto answer = model.answer(request);
    ASSERT_TRUE(answer) << answer.error().message;
    const Parts parts = collect(std::move(*answer));
    EXPECT_FALSE(parts.thinking.empty());
    EXPECT_LT(parts.thinking.size(), 80U) << parts.thinking;
    EXPECT_FALSE(parts.content.empty());
    EXPECT_THAT(parts.content, testing::Not(HasSubstr("</think>")));
}

TEST(Answer, infill_needs_a_model_with_tokens_for_it) {
    const LoadedModel model = with_template("NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use");
    InfillRequest request{.prefix = "def add(a, b):\n    ", .suffix = "\nprint(add(1, 2))\n"};
    request.generate.max_tokens = 8;
    request.generate.sampling.temperature = 0.0F;
    auto stream = model.infill(request);
    if (!model.can_infill()) {
        ASSERT_FALSE(stream);
        EXPECT_EQ(stream.error().code, ErrorCode::kUnsupported);
        return;
    }
    ASSERT_TRUE(stream) << stream.error().message;
    EXPECT_FALSE(stream->collect().tokens.empty());
}

}  // namespace
}  // namespace mullama
