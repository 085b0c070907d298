#include "api/openai/logprobs.h"

#include <gtest/gtest.h>

namespace mullama::api::openai {
namespace {

const std::vector<TokenLogprobs> kTokens = {
    {.chosen = {1, "a", -0.5F}, .top = {{1, "a", -0.5F}, {2, "b", -1.0F}}},
    {.chosen = {3, "\xC3", -0.25F}},
};

TEST(OpenAiLogprobs, of_a_chat_name_tokens_by_text_and_bytes) {
    EXPECT_EQ(
        chat_logprobs(kTokens),
        "{\"content\":[{\"token\":\"a\",\"logprob\":-0.5,\"bytes\":[97],\"top_logprobs\":["
        "{\"token\":\"a\",\"logprob\":-0.5,\"bytes\":[97]},"
        "{\"token\":\"b\",\"logprob\":-1,\"bytes\":[98]}]},"
        "{\"token\":\"\uFFFD\",\"logprob\":-0.25,\"bytes\":[195],\"top_logprobs\":[]}],"
        "\"refusal\":null}"
    );
}

TEST(OpenAiLogprobs, stand_alone_as_a_list) {
    EXPECT_EQ(logprob_list({}), "[]");
    EXPECT_EQ(
        "{\"content\":" + logprob_list(kTokens) + ",\"refusal\":null}", chat_logprobs(kTokens)
    );
}

TEST(OpenAiLogprobs, of_a_completion_are_lists_side_by_side) {
    EXPECT_EQ(
        completion_logprobs(kTokens, 10),
        R"({"tokens":["a","bytes:\\xc3"],"token_logprobs":[-0.5,-0.25],)"
        R"("top_logprobs":[{"a":-0.5,"b":-1},{}],"text_offset":[10,11]})"
    );
}

TEST(OpenAiLogprobs, tell_tokens_apart_that_are_no_text) {
    const std::vector<TokenLogprobs> tokens = {
        {.chosen = {1, "\xC3", -0.5F}, .top = {{1, "\xC3", -0.5F}, {2, "\xE2\x80", -1.0F}}},
    };
    EXPECT_EQ(
        completion_logprobs(tokens, 0),
        R"({"tokens":["bytes:\\xc3"],"token_logprobs":[-0.5],)"
        R"("top_logprobs":[{"bytes:\\xc3":-0.5,"bytes:\\xe2\\x80":-1}],"text_offset":[0]})"
    );
}

TEST(OpenAiLogprobs, count_characters_and_not_bytes) {
    EXPECT_EQ(character_count(""), 0U);
    EXPECT_EQ(character_count("aé漢🙂"), 4U);
    EXPECT_EQ(character_count("\xA9"), 0U) << "the rest of a character counts with its beginning";
}

}  // namespace
}  // namespace mullama::api::openai
