#include "api/extra/responses.h"

#include <gtest/gtest.h>

namespace mullama::api::extra {
namespace {

RerankCall call_with(std::vector<std::string> documents) {
    RerankCall call;
    call.documents = std::move(documents);
    return call;
}

TEST(Ranking, has_the_best_first) {
    EXPECT_EQ(
        format_ranking(call_with({"a", "b", "c"}), "m", {{0.5F, -1.0F, 2.0F}, false, 12}),
        R"({"model":"m","object":"list","results":[{"index":2,"relevance_score":2},)"
        R"({"index":0,"relevance_score":0.5},{"index":1,"relevance_score":-1}],)"
        R"("usage":{"prompt_tokens":12,"total_tokens":12}})"
    );
}

TEST(Ranking, gives_as_many_as_asked_for_and_their_documents) {
    RerankCall call = call_with({"a", "b"});
    call.top_n = 1;
    call.return_documents = true;
    const Scores scores{{0.5F, 1.5F}, false, 3};
    EXPECT_EQ(
        format_ranking(call, "m", scores),
        R"({"model":"m","object":"list","results":[{"index":1,"relevance_score":1.5,)"
        R"("document":{"text":"b"}}],"usage":{"prompt_tokens":3,"total_tokens":3}})"
    );
    call.top_n = 99;
    EXPECT_NE(format_ranking(call, "m", scores).find("\"index\":0"), std::string::npos);
}

TEST(Ranking, is_from_0_to_1_in_the_order_of_the_logits) {
    RerankCall call = call_with({"a", "b", "c", "d"});
    call.is_tei = true;
    const Scores logits{{-200.0F, 0.0F, 50.0F, 60.0F}, true, 3};
    EXPECT_EQ(
        format_ranking(call, "m", logits),
        R"([{"index":3,"score":1},{"index":2,"score":1},{"index":1,"score":0.5},)"
        R"({"index":0,"score":0}])"
    );
    call.raw_scores = true;
    EXPECT_EQ(
        format_ranking(call, "m", logits),
        R"([{"index":3,"score":60},{"index":2,"score":50},{"index":1,"score":0},)"
        R"({"index":0,"score":-200}])"
    );
}

TEST(Ranking, of_teis_is_a_list) {
    RerankCall call = call_with({"a", "b"});
    call.is_tei = true;
    call.return_documents = true;
    EXPECT_EQ(
        format_ranking(call, "m", {{0.5F, 1.5F}, false, 3}),
        R"([{"index":1,"score":1.5,"text":"b"},{"index":0,"score":0.5,"text":"a"}])"
    );
}

TEST(Tokens, are_numbers_or_have_pieces) {
    const std::vector<TokenPiece> tokens = {{5, "a"}, {6, "\xC3"}};
    EXPECT_EQ(format_tokens(tokens, false), R"({"tokens":[5,6]})");
    EXPECT_EQ(
        format_tokens(tokens, true), R"({"tokens":[{"id":5,"piece":"a"},{"id":6,"piece":[195]}]})"
    );
}

TEST(Texts, stand_in_one_field) {
    EXPECT_EQ(format_content("a"), R"({"content":"a"})");
    EXPECT_EQ(format_prompt("a"), R"({"prompt":"a"})");
}

}  // namespace
}  // namespace mullama::api::extra
