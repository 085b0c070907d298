#include "tests/support/models.h"
#include <mullama/answer_format.h>
#include <mullama/model.h>
#include <mullama/sampler.h>
#include <mullama/tokenizer.h>

#include <array>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama {
namespace {

using testing::HasSubstr;

// Holds texts against a grammar through a sampler that refuses what does not follow it.
class AnswerFormat : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        ModelOptions options;
        options.vocab_only = true;
        model_ = new Model(Model::load(test::smollm2_path(), options).value());
    }
    static void TearDownTestSuite() { delete model_; }

    static bool allows(const Result<std::string>& grammar, std::string_view text) {
        EXPECT_TRUE(grammar) << grammar.error().message;
        Sampler sampler;
        const auto constrained = sampler.constrain(model_->vocab(), *grammar);
        EXPECT_TRUE(constrained) << constrained.error().message;
        auto tokens = model_tokenizer(*model_)->encode(text, false, false);
        EXPECT_TRUE(tokens);
        tokens->push_back(model_->vocab().eos());
        for (const Token token : *tokens) {
            if (!sampler.accept(token)) return false;
        }
        return true;
    }

    static inline Model* model_ = nullptr;
};

TEST_F(AnswerFormat, json_is_an_object) {
    const auto grammar = grammar_from_format("json");
    EXPECT_TRUE(allows(grammar, R"({"a": [1, -2.5e3, "x\n", true, null]})"));
    EXPECT_TRUE(allows(grammar, "{}"));
    EXPECT_FALSE(allows(grammar, "[1]"));
    EXPECT_FALSE(allows(grammar, R"({"a": 01})"));
    EXPECT_FALSE(allows(grammar, R"({"a")"));
    EXPECT_EQ(*grammar, json_grammar());
}

TEST_F(AnswerFormat, a_schema_says_which_values_there_are) {
    const auto grammar = grammar_from_format(R"({
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "age": {"type": "integer"},
            "tags": {"type": "array", "items": {"enum": ["a", "b"]}}
        },
        "required": ["name", "age"]
    })");
    EXPECT_TRUE(allows(grammar, R"({"name": "Ada", "age": 36})"));
    EXPECT_TRUE(allows(grammar, R"({"name": "Ada", "age": 36, "tags": ["a", "b"]})"));
    EXPECT_FALSE(allows(grammar, R"({"name": "Ada"})"));
    EXPECT_FALSE(allows(grammar, R"({"name": "Ada", "age": "36"})"));
    EXPECT_FALSE(allows(grammar, R"({"name": "Ada", "age": 36, "tags": ["c"]})"));
}

TEST_F(AnswerFormat, a_schema_may_name_its_parts) {
    const auto grammar = grammar_from_json_schema(
        R"({"$defs": {"n": {"type": "integer"}}, "type": "array", "items": {"$ref": "#/$defs/n"}})"
    );
    EXPECT_TRUE(allows(grammar, "[1, 2]"));
    EXPECT_FALSE(allows(grammar, R"(["1"])"));
}

TEST_F(AnswerFormat, what_is_no_schema_is_an_error) {
    const std::array<std::string, 6> bad = {
        "",
        "yaml",
        "{",
        R"({"type": "nothing of the kind"})",
        R"({"$ref": "#/$defs/none"})",
        std::string(kSchemaDepthMax + 1, '[') + std::string(kSchemaDepthMax + 1, ']'),
    };
    for (const std::string& schema : bad) {
        const auto grammar = grammar_from_format(schema);
        ASSERT_FALSE(grammar) << schema;
        EXPECT_EQ(grammar.error().code, ErrorCode::kInvalidArgument) << schema;
        EXPECT_THAT(grammar.error().message, HasSubstr("JSON Schema")) << schema;
    }
    EXPECT_FALSE(grammar_from_json_schema(std::string(kSchemaBytesMax + 1, ' ')));
}

}  // namespace
}  // namespace mullama
