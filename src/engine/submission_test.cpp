#include "engine/submission.h"

#include "engine/fake_decoder.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace mullama {
namespace {

constexpr EngineInfo kInfo{
    .context_length = 16,
    .sequences_max = 1,
    .kv_cells = 16,
    .batch_size = 16,
    .vocab_size = 257,
};

Result<std::unique_ptr<Sequence>> submit(const GenerateRequest& request) {
    static const ByteTokenizer tokenizer;
    static const FakeDecoder decoder(kInfo);
    return make_sequence(request, tokenizer, decoder);
}

Error error_of(const GenerateRequest& request) {
    const auto result = submit(request);
    return result ? Error{ErrorCode::kInternal, "there was no error"} : result.error();
}

GenerateRequest ask(std::string prompt) {
    GenerateRequest request;
    request.prompt = std::move(prompt);
    return request;
}

TEST(Submission, takes_the_prompt_as_text_or_as_tokens) {
    auto request = ask("abc");
    EXPECT_EQ((*submit(request))->tokens, (std::vector<Token>{'a', 'b', 'c'}));
    request.tokens = {1, 2};
    EXPECT_EQ((*submit(request))->tokens, (std::vector<Token>{1, 2}));
}

TEST(Submission, refuses_an_empty_prompt) {
    EXPECT_EQ(error_of(ask("")).code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(error_of(ask("")).message, "prompt is empty: give text or tokens");
}

TEST(Submission, takes_an_empty_prompt_where_texts_begin_with_a_token_of_their_own) {
    class BeginningTokenizer final : public ByteTokenizer {
      public:
        Result<std::vector<Token>> encode(
            std::string_view text, bool add_special, bool parse_special
        ) const override {
            auto tokens = ByteTokenizer::encode(text, add_special, parse_special);
            if (tokens && add_special) tokens->insert(tokens->begin(), 1);
            return tokens;
        }
    };
    const FakeDecoder decoder(kInfo);
    const auto sequence = make_sequence(ask(""), BeginningTokenizer(), decoder);
    ASSERT_TRUE(sequence) << sequence.error().message;
    EXPECT_EQ((*sequence)->tokens, std::vector<Token>{1});
}

TEST(Submission, refuses_a_prompt_longer_than_the_context) {
    EXPECT_TRUE(submit(ask(std::string(16, 'a'))));
    EXPECT_EQ(
        error_of(ask(std::string(17, 'a'))).message,
        "prompt has 17 tokens, context is 16: raise num_ctx or shorten the prompt"
    );
}

TEST(Submission, refuses_tokens_outside_the_vocabulary) {
    GenerateRequest request;
    request.tokens = {0, 256, 257};
    EXPECT_EQ(
        error_of(request).message,
        "token 257 at position 2 is not in the vocabulary: tokens are 0 to 256"
    );
    request.tokens = {-1};
    EXPECT_EQ(error_of(request).code, ErrorCode::kInvalidArgument);
}

TEST(Submission, refuses_negative_max_tokens_but_minus_one) {
    auto request = ask("a");
    request.max_tokens = -1;
    EXPECT_TRUE(submit(request));
    request.max_tokens = -2;
    EXPECT_EQ(
        error_of(request).message, "max_tokens is -2: give a number from 0 on, or -1 for no limit"
    );
}

TEST(Submission, refuses_stop_strings_that_cannot_be) {
    auto request = ask("a");
    request.stop = {"x", ""};
    EXPECT_EQ(error_of(request).message, "stop string 1 is empty: leave it out");
    request.stop = {std::string(1025, 'x')};
    EXPECT_EQ(error_of(request).message, "stop string 0 has 1025 bytes, the most is 1024");
    request.stop = {"\xFF"};
    EXPECT_EQ(error_of(request).message, "stop string 0 is not valid UTF-8");
    request.stop.assign(65, "x");
    EXPECT_EQ(error_of(request).message, "request has 65 stop strings, the most is 64");
}

TEST(Submission, passes_the_samplers_refusal_on) {
    auto request = ask("a");
    request.sampling.temperature = -1;
    EXPECT_EQ(error_of(request).code, ErrorCode::kInvalidArgument);
}

TEST(Submission, limits_the_answer_to_what_the_context_leaves) {
    auto request = ask("12345678");
    request.max_tokens = 4;
    EXPECT_EQ((*submit(request))->answer_tokens_max, 4);
    EXPECT_EQ((*submit(request))->cells, 11) << "the last token of an answer needs no cell";
    request.max_tokens = 100;
    EXPECT_EQ((*submit(request))->answer_tokens_max, 9);
    EXPECT_EQ((*submit(request))->cells, 16);
    request.max_tokens = -1;
    EXPECT_EQ((*submit(request))->cells, 16);
    request.max_tokens = 0;
    EXPECT_EQ((*submit(request))->answer_tokens_max, 0);
    EXPECT_EQ((*submit(request))->cells, 8);
}

}  // namespace
}  // namespace mullama
