#include "chat/answer_syntax.h"
#include "llama/handles.h"
#include "tests/support/models.h"
#include <mullama/chat.h>
#include <mullama/sampler.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include <chat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama {
namespace {

const std::filesystem::path kTemplates =
    std::filesystem::path(MULLAMA_LLAMA_SOURCE_DIR) / "models" / "templates";

constexpr const char* kWeather = R"({"type":"object","properties":{"city":{"type":"string"},)"
                                 R"("days":{"type":"integer"}},"required":["city","days"]})";

const Model& vocabulary() {
    static const Model model = [] {
        ModelOptions options;
        options.vocab_only = true;
        return std::move(Model::load(test::smollm2_path(), options)).value();
    }();
    return model;
}

std::string read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::filesystem::path> templates() {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator(kTemplates)) {
        if (entry.path().extension() == ".jinja") paths.push_back(entry.path());
    }
    return paths;
}

/// An answer as a client that does not stream gets it.
struct Collected {
    std::string content;
    std::string thinking;
    std::vector<ToolCall> calls;
    std::size_t ended = 0;

    void add(const std::vector<AnswerPart>& parts) {
        for (const AnswerPart& part : parts) {
            switch (part.kind) {
                case AnswerPartKind::kContent:
                    content += part.text;
                    break;
                case AnswerPartKind::kThinking:
                    thinking += part.text;
                    break;
                case AnswerPartKind::kToolCall:
                    ASSERT_EQ(part.call, calls.size());
                    calls.push_back({part.id, part.text, ""});
                    break;
                case AnswerPartKind::kToolArguments:
                    calls.at(part.call).arguments += part.text;
                    break;
                case AnswerPartKind::kToolCallEnd:
                    ++ended;
                    break;
                case AnswerPartKind::kToolCallBroken:
                    calls.pop_back();
                    content += part.text;
                    break;
            }
        }
    }
};

Collected parse(
    const std::shared_ptr<const AnswerSyntax>& syntax, const std::string& text, auto piece
) {
    AnswerParser parser(syntax);
    Collected collected;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = std::min<std::size_t>(at + piece(), text.size());
        while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) ++end;
        collected.add(parser.push(std::string_view(text).substr(at, end - at)));
        at = end;
    }
    collected.add(parser.finish());
    return collected;
}

std::size_t one() {
    return 1;
}

ChatRequest weather_request() {
    ChatRequest request;
    request.tools = {{"get_weather", "Tells the weather.", kWeather}};
    return request;
}

const std::vector<Message> kQuestion = {{"user", "What is the weather in Paris?"}};

/// What a model of this template writes for a turn: the template's own text of it.
std::string turn_of(const std::string& source, const Message& turn, const ChatPrompt& prompt) {
    auto chat = common_chat_templates_init(handle(vocabulary()), source);
    common_chat_templates_inputs inputs;
    inputs.tools = {{"get_weather", "Tells the weather.", kWeather}};
    inputs.parallel_tool_calls = true;
    inputs.add_generation_prompt = false;
    common_chat_msg user;
    user.role = "user";
    user.content = kQuestion[0].content;
    common_chat_msg answer;
    answer.role = "assistant";
    answer.content = turn.content;
    answer.reasoning_content = turn.thinking;
    for (const ToolCall& call : turn.tool_calls) {
        answer.tool_calls.push_back({call.name, call.arguments, call.id});
    }
    inputs.messages = {user, answer};
    std::string text;
    try {
        text = common_chat_templates_apply(chat.get(), inputs).prompt;
    } catch (const std::exception&) {
        return "";
    }
    const auto [differs, in_prompt] = std::ranges::mismatch(text, prompt.text);
    // A prompt that begins the thinking is no part of a turn that has none.
    std::size_t begin = static_cast<std::size_t>(differs - text.begin());
    if (in_prompt != prompt.text.end()) begin = text.find_last_of(">\n", begin - 1) + 1;
    text.erase(0, begin);
    // The token that ends the turn is no text.
    for (const char* end :
         {"<|im_end|>",
          "<|eot_id|>",
          "</s>",
          "<|end|>",
          "<eos>",
          "<turn|>",
          "<end_of_turn>",
          "<|return|>",
          "<|call|>",
          "<|END_OF_TURN_TOKEN|>",
          "<|im_user|>",
          "<|user|>",
          "<|eom_id|>",
          "[e~[",
          "<｜end▁of▁sentence｜>",
          "<|message_sep|>",
          "<|end_of_text|>",
          "<|observation|>",
          "<|eot|>"}) {
        const std::size_t found = text.rfind(end);
        if (found != std::string::npos && found + 40 > text.size()) text.erase(found);
    }
    return text;
}

/// What the engine makes of a whole answer; no name where it refuses it.
std::optional<common_chat_msg> reference(const std::string& source, const std::string& text) {
    auto chat = common_chat_templates_init(handle(vocabulary()), source);
    common_chat_templates_inputs inputs;
    inputs.tools = {{"get_weather", "Tells the weather.", kWeather}};
    inputs.parallel_tool_calls = true;
    inputs.reasoning_format = COMMON_REASONING_FORMAT_DEEPSEEK;
    common_chat_msg user;
    user.role = "user";
    user.content = kQuestion[0].content;
    inputs.messages = {user};
    const common_chat_params params = common_chat_templates_apply(chat.get(), inputs);
    common_chat_parser_params syntax(params);
    syntax.reasoning_format = COMMON_REASONING_FORMAT_DEEPSEEK;
    syntax.parser.load(params.parser);
    try {
        return common_chat_parse(text, false, syntax);
    } catch (const std::exception&) {
        return std::nullopt;
    }
}

TEST(AnswerParser, without_a_syntax_all_is_content) {
    const Collected answer = parse(nullptr, "<think>Hi</think>", one);
    EXPECT_EQ(answer.content, "<think>Hi</think>");
    EXPECT_TRUE(answer.calls.empty());
}

class OnTemplate : public ::testing::TestWithParam<std::filesystem::path> {
  protected:
    std::optional<ChatPrompt> prompt(const ChatRequest& request) {
        source_ = read(GetParam());
        auto chat = ChatTemplate::parse(vocabulary(), source_);
        EXPECT_TRUE(chat);
        if (!chat) return std::nullopt;
        auto rendered = chat->render(kQuestion, request);
        if (!rendered) return std::nullopt;
        return *rendered;
    }

    std::string source_;
};

TEST_P(OnTemplate, agrees_with_the_engines_parser_however_the_answer_is_cut) {
    const auto rendered = prompt(weather_request());
    if (!rendered) return;
    const std::vector<Message> turns = {
        {.role = "assistant", .content = "It is sunny in Paris. 1 < 2, {\"a\": 1} é"},
        {.role = "assistant", .content = "Sunny.", .thinking = "The user wants the weather."},
        {.role = "assistant",
         .tool_calls = {{"call12345", "get_weather", R"({"city":"Paris \"X\" é","days":3})"}}},
        {.role = "assistant",
         .content = "Let me look.",
         .thinking = "I need the tool.",
         .tool_calls = {{"call12345", "get_weather", R"({"city":"Paris","days":3})"}}},
        {.role = "assistant",
         .tool_calls =
             {{"call12345", "get_weather", R"({"city":"Paris","days":3})"},
              {"call23456", "get_weather", R"({"city":"Rome","days":1})"}}},
    };
    std::mt19937 random(11);
    for (const Message& turn : turns) {
        const std::string text = turn_of(source_, turn, *rendered);
        const auto expected = reference(source_, text);
        if (!expected) continue;
        for (int cut = 0; cut < 4; ++cut) {
            const Collected answer = parse(rendered->syntax, text, [&] {
                return cut == 0 ? 1 : cut == 1 ? text.size() : 1 + random() % 7;
            });
            EXPECT_EQ(answer.thinking, expected->reasoning_content) << text;
            const bool blank = expected->content.find_first_not_of(" \n") == std::string::npos;
            if (!blank || expected->tool_calls.empty()) {
                EXPECT_EQ(answer.content, expected->content) << text;
            }
            ASSERT_EQ(answer.calls.size(), expected->tool_calls.size()) << text;
            for (std::size_t i = 0; i < answer.calls.size(); ++i) {
                EXPECT_EQ(answer.calls[i].name, expected->tool_calls[i].name) << text;
                EXPECT_EQ(answer.calls[i].arguments, expected->tool_calls[i].arguments) << text;
                // One that comes behind the arguments is too late for a stream.
                if (!answer.calls[i].id.empty()) {
                    EXPECT_EQ(answer.calls[i].id, expected->tool_calls[i].id) << text;
                }
            }
            EXPECT_EQ(answer.ended, answer.calls.size()) << text;
        }
    }
}

TEST_P(OnTemplate, a_call_of_an_unknown_function_is_content) {
    const auto rendered = prompt(weather_request());
    if (!rendered) return;
    const Message turn{
        .role = "assistant",
        .tool_calls = {{"call12345", "get_weather", R"({"city":"Paris","days":3})"}}
    };
    std::string text = turn_of(source_, turn, *rendered);
    std::size_t name = text.find("get_weather");
    if (name == std::string::npos) return;
    for (; name != std::string::npos; name = text.find("get_weather")) {
        text.replace(name, 11, "rm_rf_slash");
    }
    const Collected answer = parse(rendered->syntax, text, one);
    EXPECT_TRUE(answer.calls.empty()) << text;
    EXPECT_THAT(answer.content + answer.thinking, testing::HasSubstr("rm_rf_slash")) << text;
}

TEST_P(OnTemplate, a_grammar_for_a_required_call_is_one_that_samplers_take) {
    ChatRequest request = weather_request();
    request.tool_choice = ToolChoice::kRequired;
    const auto rendered = prompt(request);
    if (!rendered || rendered->grammar.empty()) return;
    SamplingOptions sampling;
    sampling.grammar = rendered->grammar;
    sampling.grammar_prefix = rendered->grammar_prefix;
    auto sampler = make_sampler(vocabulary().vocab(), sampling, 4096);
    EXPECT_TRUE(sampler) << sampler.error().message;
}

std::string template_name(const ::testing::TestParamInfo<std::filesystem::path>& info) {
    std::string name = info.param.stem().string();
    std::ranges::replace_if(name, [](char c) { return std::isalnum(c) == 0; }, '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Answers, OnTemplate, ::testing::ValuesIn(templates()), template_name);

TEST(AnswerParser, knows_the_calls_of_most_template_families) {
    int understood = 0;
    for (const auto& path : templates()) {
        const std::string source = read(path);
        auto chat = ChatTemplate::parse(vocabulary(), source);
        ASSERT_TRUE(chat);
        const auto prompt = chat->render(kQuestion, weather_request());
        if (!prompt) continue;
        const Message turn{
            .role = "assistant",
            .thinking = "I need the tool.",
            .tool_calls = {{"call12345", "get_weather", R"({"city":"Paris","days":3})"}}
        };
        const Collected answer = parse(prompt->syntax, turn_of(source, turn, *prompt), one);
        if (answer.calls.size() == 1 && answer.calls[0].name == "get_weather") ++understood;
    }
    EXPECT_GE(understood, 45);
}

}  // namespace
}  // namespace mullama
