#include "tests/support/models.h"
#include <mullama/chat.h>
#include <mullama/sampler.h>
#include <mullama/tokenizer.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama {
namespace {

using testing::HasSubstr;

const std::filesystem::path kEngineModels =
    std::filesystem::path(MULLAMA_LLAMA_SOURCE_DIR) / "models";

Model vocabulary(const std::filesystem::path& path) {
    ModelOptions options;
    options.vocab_only = true;
    auto model = Model::load(path, options);
    EXPECT_TRUE(model) << (model ? "" : model.error().message);
    return std::move(model).value();
}

Model smollm2() {
    return vocabulary(test::smollm2_path());
}

TEST(ChatTemplate, renders_the_models_own_format) {
    auto chat = ChatTemplate::from_model(smollm2());
    ASSERT_TRUE(chat);
    const std::vector<Message> talk = {
        {"system", "Be brief."}, {"user", "Hi"}, {"assistant", "Hello."}, {"user", "Bye"}
    };
    auto prompt = chat->render(talk);
    ASSERT_TRUE(prompt);
    EXPECT_EQ(
        prompt->text,
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
        "<|im_start|>assistant\nHello.<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n"
        "<|im_start|>assistant\n"
    );
}

TEST(ChatTemplate, goes_on_inside_a_last_message_of_the_assistants) {
    auto chat = ChatTemplate::from_model(smollm2());
    ASSERT_TRUE(chat);
    const std::vector<Message> talk = {
        {"system", "Be brief."}, {"user", "Count."}, {"assistant", "One, two,"}
    };
    auto prompt = chat->render(talk);
    ASSERT_TRUE(prompt);
    EXPECT_THAT(prompt->text, testing::EndsWith("<|im_start|>assistant\nOne, two,"));
}

TEST(ChatTemplate, text_of_a_message_is_kept_byte_for_byte) {
    auto chat = ChatTemplate::from_model(smollm2());
    ASSERT_TRUE(chat);
    const std::string odd = "{{ 7*7 }} {% raw %} \"q\" 'a' \\ \t é 漢字 🙂 <|x|>";
    const std::vector<Message> talk = {{"system", "s"}, {"user", odd}};
    auto prompt = chat->render(talk);
    ASSERT_TRUE(prompt);
    EXPECT_THAT(prompt->text, HasSubstr("user\n" + odd + "<|im_end|>"));
}

TEST(ChatTemplate, takes_a_template_of_the_callers) {
    auto chat = ChatTemplate::parse(
        smollm2(), "{% for m in messages %}[{{ m.role }}: {{ m.content }}]{% endfor %}"
    );
    ASSERT_TRUE(chat) << chat.error().message;
    const std::vector<Message> talk = {{"user", "Hi"}};
    auto prompt = chat->render(talk);
    ASSERT_TRUE(prompt);
    EXPECT_THAT(prompt->text, HasSubstr("[user: Hi]"));
}

TEST(ChatTemplate, a_template_that_does_not_parse_is_an_error) {
    auto chat = ChatTemplate::parse(smollm2(), "{% for m in messages %}");
    ASSERT_FALSE(chat);
    EXPECT_EQ(chat.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(chat.error().message, HasSubstr("does not parse"));
}

TEST(ChatTemplate, an_exception_raised_by_the_template_reaches_the_caller_in_its_own_words) {
    auto chat = ChatTemplate::parse(
        smollm2(),
        "{% if messages[0].role == 'tool' %}{{ raise_exception('tools go last') }}{% endif %}"
        "{% for m in messages %}{{ m.content }}{% endfor %}"
    );
    ASSERT_TRUE(chat) << chat.error().message;
    const std::vector<Message> talk = {{"tool", "x"}, {"user", "y"}};
    auto prompt = chat->render(talk);
    ASSERT_FALSE(prompt);
    EXPECT_EQ(prompt.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(prompt.error().message, HasSubstr("tools go last"));
}

std::string sample_template(const std::string& name) {
    std::ifstream file(kEngineModels / "templates" / (name + ".jinja"), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// A talk in which a function was called under this name.
std::vector<Message> talk_with_call(const std::string& id) {
    return {
        {"user", "Weather in Rome?"},
        {.role = "assistant", .tool_calls = {{id, "get_weather", R"({"city":"Rome"})"}}},
        {.role = "tool", .content = "sunny", .tool_name = "get_weather", .tool_call_id = id},
    };
}

TEST(ChatTemplate, names_calls_as_mistrals_templates_want_them) {
    auto chat =
        ChatTemplate::parse(smollm2(), sample_template("mistralai-Mistral-Nemo-Instruct-2407"));
    ASSERT_TRUE(chat) << chat.error().message;
    for (const std::string id : {"call_di7b0ajj1wighh0klf6bunyk", ""}) {
        const auto prompt = chat->render(talk_with_call(id));
        ASSERT_TRUE(prompt) << prompt.error().message;
        EXPECT_THAT(prompt->text, HasSubstr("sunny"));
        EXPECT_EQ(prompt->text, chat->render(talk_with_call(id))->text);
    }
    const auto own = chat->render(talk_with_call("a1B2c3D4e"));
    ASSERT_TRUE(own) << own.error().message;
    EXPECT_THAT(own->text, HasSubstr(R"("id": "a1B2c3D4e")"));
    EXPECT_THAT(own->text, HasSubstr(R"("call_id": "a1B2c3D4e")"));
}

/// Whether an answer follows the grammar of a prompt.
bool allows(const ChatPrompt& prompt, std::string_view answer) {
    const Model model = smollm2();
    Sampler sampler;
    const auto constrained =
        sampler.constrain(model.vocab(), prompt.grammar, "root", prompt.grammar_prefix);
    EXPECT_TRUE(constrained) << (constrained ? "" : constrained.error().message);
    auto tokens = model_tokenizer(model)->encode(answer, false, false).value();
    tokens.push_back(model.vocab().eos());
    return std::ranges::all_of(tokens, [&](Token token) {
        return sampler.accept(token).has_value();
    });
}

constexpr const char* kCall =
    "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Rome\"}}\n</tool_call>";

/// A chat with a tool whose answer has a form.
ChatRequest request_with_both() {
    const auto with_text = [](const std::string& name) {
        return R"({"type":"object","properties":{")" + name +
               R"(":{"type":"string"}},"required":[")" + name + "\"]}";
    };
    ChatRequest request;
    request.tools = {{"get_weather", "Tells the weather.", with_text("city")}};
    request.format = with_text("sky");
    return request;
}

TEST(ChatTemplate, an_answer_with_a_format_may_be_a_call_too) {
    auto chat = ChatTemplate::parse(smollm2(), sample_template("Qwen-Qwen2.5-7B-Instruct"));
    ASSERT_TRUE(chat) << chat.error().message;
    const std::vector<Message> talk = {{"user", "Weather in Rome?"}};
    const auto prompt = chat->render(talk, request_with_both());
    ASSERT_TRUE(prompt) << prompt.error().message;
    EXPECT_THAT(prompt->text, HasSubstr("get_weather"));
    EXPECT_TRUE(allows(*prompt, R"({"sky": "blue"})"));
    EXPECT_TRUE(allows(*prompt, kCall));
    EXPECT_FALSE(allows(*prompt, "It is blue."));
    EXPECT_FALSE(allows(*prompt, "```json\n{\"sky\": \"blue\"}\n```"));
    const auto begins_call = testing::Field(&AnswerPart::kind, AnswerPartKind::kToolCall);
    EXPECT_THAT(AnswerParser(prompt->syntax).push(kCall), testing::Contains(begins_call));
}

TEST(ChatTemplate, an_answer_that_has_to_be_a_call_has_no_other_format) {
    auto chat = ChatTemplate::parse(smollm2(), sample_template("Qwen-Qwen2.5-7B-Instruct"));
    ASSERT_TRUE(chat) << chat.error().message;
    ChatRequest request = request_with_both();
    request.tool_choice = ToolChoice::kRequired;
    const std::vector<Message> talk = {{"user", "Weather in Rome?"}};
    const auto prompt = chat->render(talk, request);
    ASSERT_TRUE(prompt) << prompt.error().message;
    EXPECT_TRUE(allows(*prompt, kCall));
    EXPECT_FALSE(allows(*prompt, R"({"sky": "blue"})"));
}

TEST(ChatTemplate, tools_with_a_format_give_a_grammar_that_samplers_take) {
    const Model model = smollm2();
    const std::vector<Message> talk = {{"user", "Weather in Rome?"}};
    for (const auto& entry : std::filesystem::directory_iterator(kEngineModels / "templates")) {
        if (entry.path().extension() != ".jinja") continue;
        auto chat = ChatTemplate::parse(model, sample_template(entry.path().stem().string()));
        ASSERT_TRUE(chat) << entry.path() << ": " << chat.error().message;
        const auto prompt = chat->render(talk, request_with_both());
        if (!prompt || prompt->grammar.empty()) continue;
        const auto constrained =
            Sampler().constrain(model.vocab(), prompt->grammar, "root", prompt->grammar_prefix);
        EXPECT_TRUE(constrained) << entry.path() << ": " << constrained.error().message;
    }
}

TEST(ChatTemplate, a_model_without_one_is_an_error_that_names_the_cure) {
    auto chat = ChatTemplate::from_model(vocabulary(kEngineModels / "ggml-vocab-gpt-2.gguf"));
    ASSERT_FALSE(chat);
    EXPECT_EQ(chat.error().code, ErrorCode::kUnsupported);
    EXPECT_THAT(chat.error().message, HasSubstr("generate"));
}

TEST(ChatTemplate, refuses_no_messages_and_unknown_roles) {
    auto chat = ChatTemplate::from_model(smollm2());
    ASSERT_TRUE(chat);
    EXPECT_FALSE(chat->render({}));
    const std::vector<Message> talk = {{"narrator", "Once"}};
    auto prompt = chat->render(talk);
    ASSERT_FALSE(prompt);
    EXPECT_THAT(prompt.error().message, HasSubstr("\"narrator\""));
}

TEST(ChatTemplate, renders_every_sample_template_or_says_why_not) {
    const Model model = smollm2();
    int rendered = 0;
    int total = 0;
    for (const auto& entry : std::filesystem::directory_iterator(kEngineModels / "templates")) {
        if (entry.path().extension() != ".jinja") continue;
        ++total;
        std::ifstream file(entry.path(), std::ios::binary);
        const std::string source{std::istreambuf_iterator<char>(file), {}};
        auto chat = ChatTemplate::parse(model, source);
        ASSERT_TRUE(chat) << entry.path() << ": " << chat.error().message;
        const std::vector<Message> talk = {{"user", "What is the capital of France?"}};
        auto prompt = chat->render(talk);
        if (!prompt) {
            EXPECT_FALSE(prompt.error().message.empty());
            continue;
        }
        EXPECT_THAT(prompt->text, HasSubstr("capital of France")) << entry.path();
        ++rendered;
    }
    EXPECT_GT(total, 30);
    EXPECT_GT(rendered, total * 9 / 10);
}

}  // namespace
}  // namespace mullama
