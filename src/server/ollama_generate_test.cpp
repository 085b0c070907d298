#include "server/ollama_generate.h"

#include "server/plain_text.h"
#include "tests/support/scratch_dir.h"
#include "tests/support/tiny_models.h"

#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kTemplate =
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}<assistant>";
constexpr std::int32_t kContextLength = 64;

LoadedModel load(const test::TinyLlamaOptions& tiny) {
    const test::ScratchDir folder;
    const auto file = folder.path() / "model.gguf";
    test::write_tiny_llama(file, 1, tiny);
    LoadOptions options;
    options.engine.context_length = kContextLength;
    return LoadedModel::load(file, options).value();
}

const LoadedModel& chatting() {
    static const LoadedModel model = load({.vocab_file = {}, .chat_template = kTemplate});
    return model;
}

const LoadedModel& plain() {
    static const LoadedModel model = load({.vocab_file = {}, .chat_template = {}});
    return model;
}

/// One with tokens for a gap.
const LoadedModel& coding() {
    static const LoadedModel model =
        load({.vocab_file = test::vocab_path("deepseek-coder"), .chat_template = {}});
    return model;
}

api::ollama::GenerateCall call_of(std::string_view body) {
    return api::ollama::parse_generate(body).value();
}

std::string prompt_of(
    std::string_view body, const LoadedModel& model, const ModelChoice& choice = {}
) {
    const Result<std::string> prompt = generate_prompt(call_of(body), choice, model);
    return prompt ? *prompt : prompt.error().message;
}

TEST(OllamaGeneratePrompt, an_empty_system_leaves_the_models_own) {
    ModelChoice choice;
    choice.model.settings.system = "own";
    const std::string own = "<system>own<user>a<assistant>";
    EXPECT_EQ(prompt_of(R"({"prompt": "a"})", chatting(), choice), own);
    EXPECT_EQ(prompt_of(R"({"prompt": "a", "system": ""})", chatting(), choice), own);
    EXPECT_EQ(
        prompt_of(R"({"prompt": "a", "system": "new"})", chatting(), choice),
        "<system>new<user>a<assistant>"
    );
}

TEST(OllamaGeneratePrompt, is_the_text_that_is_sent) {
    EXPECT_EQ(prompt_of(R"({"prompt": "abc", "raw": true})", chatting()), "abc");
    EXPECT_EQ(prompt_of(R"({"prompt": "abc"})", plain()), "abc");
    const auto tokens = chatting().tokenizer().encode("the talk", false, true).value();
    const std::string talk = text_of(tokens, chatting());
    EXPECT_THAT(talk, HasSubstr("the talk"));
    const std::string body =
        fmt::format(R"({{"prompt": "abc", "context": [{}]}})", fmt::join(tokens, ","));
    EXPECT_EQ(prompt_of(body, chatting()), talk + "<user>abc<assistant>");
    EXPECT_EQ(prompt_of(body, plain()), talk + "abc");
}

TEST(OllamaGeneratePrompt, shows_where_images_are) {
    ModelChoice choice;
    choice.request.load.projector = "mmproj.gguf";
    EXPECT_EQ(
        prompt_of(R"({"prompt": "abc", "raw": true, "images": ["aGk=", "aGk="]})", plain(), choice),
        "[img-0][img-1]abc"
    );
}

TEST(OllamaGeneratePrompt, of_a_gap_has_the_text_behind_it) {
    EXPECT_EQ(
        prompt_of(R"({"prompt": "def f():", "suffix": "return x"})", coding()),
        "<｜fim▁begin｜>def f():<｜fim▁hole｜>return x<｜fim▁end｜>"
    );
    EXPECT_EQ(
        prompt_of(R"({"model": "m", "prompt": "a", "suffix": "b"})", plain()),
        "m does not support insert"
    );
}

/// A prompt and a suffix that are each too long for the context.
std::string long_gap(std::string_view rest) {
    std::string before;
    std::string behind;
    for (int i = 0; i < 100; ++i) {
        before += fmt::format("{} before ", i);
        behind += fmt::format(" behind {}", i);
    }
    return fmt::format(R"({{"prompt": "{}", "suffix": "{}"{}}})", before + "here", behind, rest);
}

TEST(OllamaGeneratePrompt, that_is_too_long_keeps_what_is_next_to_the_gap) {
    const std::string cut = prompt_of(long_gap(""), coding());
    EXPECT_THAT(cut, StartsWith("<｜fim▁begin｜>"));
    EXPECT_THAT(cut, HasSubstr(" before here<｜fim▁hole｜> behind 0 behind"));
    EXPECT_THAT(cut, Not(HasSubstr("1 before 2 before")));
    const std::string whole = prompt_of(long_gap(R"(, "truncate": false)"), coding());
    EXPECT_THAT(whole, HasSubstr("<｜fim▁begin｜>0 before 1 before"));
    EXPECT_THAT(whole, HasSubstr("behind 98 behind 99<｜fim▁end｜>"));
}

TEST(OllamaGenerate, fills_a_gap_whose_surroundings_are_too_long) {
    const ModelChoice choice;
    const Result<StartedAnswer> cut = start_generate(call_of(long_gap("")), choice, coding());
    ASSERT_TRUE(cut) << cut.error().message;
    EXPECT_GT(cut->context.size(), kContextLength / 2U);
    EXPECT_LE(cut->context.size(), kContextLength * 3U / 4);
    const Result<StartedAnswer> whole =
        start_generate(call_of(long_gap(R"(, "truncate": false)")), choice, coding());
    ASSERT_FALSE(whole);
    EXPECT_EQ(whole.error().code, ErrorCode::kInvalidArgument) << whole.error().message;
    const Result<StartedAnswer> raw =
        start_generate(call_of(long_gap(R"(, "raw": true)")), choice, coding());
    ASSERT_TRUE(raw) << raw.error().message;
    EXPECT_TRUE(raw->context.empty());
}

TEST(OllamaGenerate, thinking_needs_a_model_that_thinks) {
    for (const char* body :
         {R"({"model": "m", "prompt": "a", "think": true})",
          R"({"model": "m", "prompt": "a", "think": "low"})",
          R"({"model": "m", "prompt": "a", "think": true, "raw": true})",
          R"({"model": "m", "prompt": "a", "think": true, "suffix": "b"})"}) {
        for (const LoadedModel* model : {&chatting(), &plain()}) {
            const auto started = start_generate(call_of(body), ModelChoice(), *model);
            ASSERT_FALSE(started) << body;
            EXPECT_EQ(started.error().message, "\"m\" does not support thinking") << body;
        }
    }
    EXPECT_TRUE(
        start_generate(call_of(R"({"prompt": "a", "think": false})"), ModelChoice(), plain())
    );
}

}  // namespace
}  // namespace mullama::server
