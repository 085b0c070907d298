#include "tests/support/models.h"
#include <mullama/chat.h>

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
