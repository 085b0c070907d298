#include "api/extra/requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::api::extra {
namespace {

using ::testing::ElementsAre;

template <typename T>
std::string problem(const Result<T>& result) {
    return result ? "accepted" : result.error().message;
}

TEST(Rerank, takes_documents_as_texts_or_objects) {
    const auto call = parse_rerank(R"({
        "model": "m", "query": "q", "documents": ["a", {"text": "b", "id": 7}], "top_n": 1,
        "return_documents": true
    })");
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_EQ(call->use.model, "m");
    EXPECT_TRUE(call->use.any_model);
    EXPECT_THAT(call->documents, ElementsAre("a", "b"));
    EXPECT_EQ(call->top_n, 1);
    EXPECT_TRUE(call->return_documents);
    EXPECT_FALSE(call->is_tei);
    EXPECT_FALSE(call->raw_scores);
}

TEST(Rerank, knows_texts_as_teis_name_for_documents) {
    const auto call =
        parse_rerank(R"({"query": "q", "texts": ["a"], "return_text": true, "raw_scores": true})");
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_TRUE(call->is_tei);
    EXPECT_TRUE(call->raw_scores);
    EXPECT_TRUE(call->return_documents);
}

TEST(Rerank, names_what_is_missing) {
    EXPECT_EQ(problem(parse_rerank(R"({"documents": ["a"]})")), "\"query\" must be provided");
    EXPECT_EQ(
        problem(parse_rerank(R"({"query": "q"})")), "\"documents\" must be a list that is not empty"
    );
    EXPECT_EQ(
        problem(parse_rerank(R"({"query": "q", "documents": [{"title": "a"}]})")),
        "\"documents\" must be a list of texts or of objects with a \"text\""
    );
    EXPECT_EQ(
        problem(parse_rerank(R"({"query": "q", "documents": ["a"], "top_n": 0})")),
        "top_n is 0: give a number from 1 on"
    );
}

TEST(Tokenize, has_its_text_under_three_names) {
    for (const char* name : {"content", "prompt", "text"}) {
        const auto call = parse_tokenize("{\"" + std::string(name) + "\": \"hello\"}");
        ASSERT_TRUE(call) << call.error().message;
        EXPECT_EQ(call->content.at(0).text, "hello");
        EXPECT_FALSE(call->add_special || call->with_pieces);
        EXPECT_TRUE(call->parse_special);
    }
    EXPECT_EQ(problem(parse_tokenize("{}")), "\"content\" must be provided");
    EXPECT_TRUE(parse_tokenize(R"({"content": ""})"));
}

TEST(Detokenize, takes_a_list_of_tokens) {
    EXPECT_THAT(parse_detokenize(R"({"tokens": [1, 2]})")->tokens, ElementsAre(1, 2));
    EXPECT_TRUE(parse_detokenize(R"({"tokens": []})"));
    EXPECT_EQ(problem(parse_detokenize("{}")), "\"tokens\" must be provided");
    EXPECT_FALSE(parse_detokenize(R"({"tokens": ["a"]})"));
}

}  // namespace
}  // namespace mullama::api::extra
