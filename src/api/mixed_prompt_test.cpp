#include "api/mixed_prompt.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Prompts as text: parts between '|', tokens in brackets.
std::string shown(const MixedPrompt& prompt) {
    std::string text;
    for (const Prompt& part : prompt) {
        if (!text.empty()) text += '|';
        text += part.text;
        for (const Token token : part.tokens) text += "[" + std::to_string(token) + "]";
    }
    return text;
}

std::vector<std::string> prompts_of(std::string_view value) {
    const json::object object = *parse_body("{\"prompt\": " + std::string(value) + "}");
    Fields fields(object, "Request");
    std::vector<std::string> texts;
    for (const MixedPrompt& prompt : read_mixed_prompts(fields, "prompt")) {
        texts.push_back(shown(prompt));
    }
    if (fields.failed()) return {fields.result().error().message};
    return texts;
}

TEST(MixedPrompts, one_prompt_is_a_text_or_a_list_with_a_token) {
    EXPECT_THAT(prompts_of(R"("a")"), ElementsAre("a"));
    EXPECT_THAT(prompts_of(R"([12, 34])"), ElementsAre("[12][34]"));
    EXPECT_THAT(prompts_of(R"([12, 34, "a", "b", 5])"), ElementsAre("[12][34]|a|b|[5]"));
    EXPECT_THAT(prompts_of(R"({"prompt_string": "a"})"), ElementsAre("a"));
}

TEST(MixedPrompts, a_list_of_prompts_has_texts_lists_and_objects) {
    EXPECT_THAT(prompts_of(R"(["a", "b"])"), ElementsAre("a", "b"));
    EXPECT_THAT(
        prompts_of(R"([[1, "a"], [2], "b", {"prompt_string": "c", "multimodal_data": []}])"),
        ElementsAre("[1]|a", "[2]", "b", "c")
    );
    EXPECT_THAT(prompts_of("[]"), ElementsAre());
    EXPECT_THAT(prompts_of("null"), ElementsAre());
}

TEST(MixedPrompts, other_shapes_are_refused) {
    for (const char* value :
         {"true", "{}", "[true]", "[[[1]]]", "[1.5]", "[99999999999]", "[1, true]", "[1, [2]]"}) {
        EXPECT_THAT(prompts_of(value), ElementsAre(HasSubstr("must be a text"))) << value;
    }
    EXPECT_THAT(
        prompts_of(R"({"prompt_string": "a", "multimodal_data": ["QQ=="]})"),
        ElementsAre(HasSubstr("multimodal_data is not supported"))
    );
}

TEST(MixedPrompts, a_single_one_may_be_a_list_of_texts) {
    const json::object object = *parse_body(R"({"content": ["a", "b", 3]})");
    Fields fields(object, "Request");
    EXPECT_EQ(shown(read_mixed_prompt(fields, "content")), "a|b|[3]");
    EXPECT_TRUE(read_mixed_prompt(fields, "none").empty());
    EXPECT_FALSE(fields.failed());
}

}  // namespace
}  // namespace mullama::api
