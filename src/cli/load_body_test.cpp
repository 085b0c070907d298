#include "cli/load_body.h"

#include "api/json.h"

#include <iterator>
#include <set>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

namespace mullama::cli {
namespace {

BenchServeArguments arguments() {
    BenchServeArguments arguments;
    arguments.input_words = 3;
    arguments.output_tokens = 7;
    return arguments;
}

api::json::value parsed(const std::string& body) {
    return api::parse_json(body).value();
}

TEST(LoadBody, questions_differ_by_number_and_seed_alone) {
    BenchServeArguments other = arguments();
    EXPECT_EQ(load_question(arguments(), 1), load_question(other, 1));
    EXPECT_NE(load_question(arguments(), 1), load_question(arguments(), 2));
    other.seed = 2;
    EXPECT_NE(load_question(arguments(), 1), load_question(other, 1));
}

TEST(LoadBody, a_copy_is_asked_for_after_an_example_of_it) {
    BenchServeArguments copy = arguments();
    copy.copy = true;
    const std::string words = load_question(arguments(), 1);
    const std::string asked = "Copy of the text:\n";
    EXPECT_EQ(
        load_question(copy, 1), "Text:\n" + words + ".\n\n" + asked + words + ".\n\n" + asked
    );
}

TEST(LoadBody, a_chat_has_the_common_beginning_and_all_that_was_said) {
    BenchServeArguments load = arguments();
    load.prefix_words = 2;
    const std::string texts[] = {"one", "two", "three"};
    const api::json::value body = parsed(answer_body(load, "m", texts));
    EXPECT_EQ(body.at("model"), "m");
    EXPECT_EQ(body.at("max_tokens").to_number<int>(), 7);
    EXPECT_EQ(body.at("ignore_eos"), true);
    const api::json::array& messages = body.at("messages").as_array();
    ASSERT_EQ(messages.size(), 4U);
    const std::pair<const char*, const char*> expected[] = {
        {"user", "one"}, {"assistant", "two"}, {"user", "three"}
    };
    EXPECT_EQ(messages[0].at("role"), "system");
    for (std::size_t i = 0; i < std::size(expected); ++i) {
        EXPECT_EQ(messages[i + 1].at("role"), expected[i].first);
        EXPECT_EQ(messages[i + 1].at("content"), expected[i].second);
    }
}

TEST(LoadBody, a_continuation_has_them_as_one_text) {
    BenchServeArguments load = arguments();
    load.endpoint = "/v1/completions";
    const std::string texts[] = {"one", " two", "three"};
    EXPECT_EQ(parsed(answer_body(load, "m", texts)).at("prompt"), "one two three");
    load.prefix_words = 1;
    const api::json::value body = parsed(answer_body(load, "m", texts));
    const std::string_view prompt = body.at("prompt").as_string();
    EXPECT_TRUE(prompt.ends_with(" one two three")) << prompt;
    EXPECT_FALSE(prompt.starts_with(" ")) << prompt;
}

TEST(LoadBody, an_answer_by_a_schema_ends_where_the_model_ends_it) {
    BenchServeArguments load = arguments();
    load.json = true;
    const std::string texts[] = {"one"};
    const api::json::value body = parsed(answer_body(load, "m", texts));
    EXPECT_EQ(body.at("response_format").at("type"), "json_schema");
    EXPECT_FALSE(body.as_object().contains("ignore_eos"));
}

TEST(LoadBody, vectors_are_asked_for_texts_that_all_differ) {
    BenchServeArguments load = arguments();
    load.texts = 3;
    std::set<std::string> seen;
    for (std::int32_t number = 0; number < 2; ++number) {
        const api::json::value body = parsed(embedding_body(load, "m", number));
        for (const api::json::value& text : body.at("input").as_array()) {
            seen.emplace(text.as_string());
        }
    }
    EXPECT_EQ(seen.size(), 6U);
}

}  // namespace
}  // namespace mullama::cli
