#include "tests/support/scratch_dir.h"
#include "tests/support/tiny_models.h"
#include <mullama/detokenizer.h>
#include <mullama/engine.h>
#include <mullama/sampler.h>

#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace mullama {
namespace {

/// A tokenizer of the caller's own, in place of the model's: a byte is a token, and token 256 ends
/// the answer. It has no special tokens.
class ByteTokenizer final : public Tokenizer {
  public:
    explicit ByteTokenizer(std::int32_t size = 257) : size_(size) {}

    Result<std::vector<Token>> encode(std::string_view text, bool, bool) const override {
        std::vector<Token> tokens;
        for (const char byte : text) tokens.push_back(static_cast<unsigned char>(byte));
        return tokens;
    }
    std::string piece(Token token) const override {
        return token >= 0 && token < 256 ? std::string(1, static_cast<char>(token)) : "";
    }
    bool is_eog(Token token) const override { return token == 256; }
    std::int32_t size() const override { return size_; }

  private:
    std::int32_t size_;
};

class CustomTokenizer : public testing::Test {
  protected:
    Model load() {
        const auto path = scratch_.path() / "tiny.gguf";
        test::write_tiny_llama(path, 1);
        return Model::load(path).value();
    }

    test::ScratchDir scratch_;
};

GenerateRequest ask(const std::string& prompt) {
    GenerateRequest request;
    request.prompt = prompt;
    request.max_tokens = 24;
    request.sampling = sampling_greedy();
    return request;
}

TEST_F(CustomTokenizer, takes_the_place_of_the_models) {
    const Model model = load();
    EngineOptions options;
    options.tokenizer = std::make_shared<ByteTokenizer>();
    const auto engine = make_local_engine(model, options).value();
    const auto completion = engine->submit(ask("abc")).value().collect();
    EXPECT_EQ(completion.finish.usage.prompt_tokens, 3);
    ASSERT_FALSE(completion.tokens.empty());
    std::string bytes;
    for (const Token token : completion.tokens) bytes += options.tokenizer->piece(token);
    EXPECT_EQ(completion.text, to_valid_utf8(bytes));

    auto as_tokens = ask("");
    as_tokens.tokens = {'a', 'b', 'c'};
    EXPECT_EQ(engine->submit(as_tokens).value().collect().tokens, completion.tokens);
}

TEST_F(CustomTokenizer, decides_what_ends_an_answer) {
    const Model model = load();
    EngineOptions options;
    options.tokenizer = std::make_shared<ByteTokenizer>();
    const auto engine = make_local_engine(model, options).value();
    auto request = ask("abc");
    request.sampling.logit_bias = {{.token = 256, .bias = 1000.0F}};
    const auto completion = engine->submit(request).value().collect();
    EXPECT_TRUE(completion.tokens.empty());
    EXPECT_EQ(completion.finish.reason, FinishReason::kStop);
}

TEST_F(CustomTokenizer, with_more_tokens_than_the_model_is_refused) {
    const Model model = load();
    EngineOptions options;
    options.tokenizer = std::make_shared<ByteTokenizer>(model.vocab().size() + 1);
    const auto engine = make_local_engine(model, options);
    ASSERT_FALSE(engine);
    EXPECT_EQ(engine.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(CustomTokenizer, whose_tokens_the_model_lacks_fails_the_request) {
    class Wrong final : public Tokenizer {
      public:
        Result<std::vector<Token>> encode(std::string_view, bool, bool) const override {
            return std::vector<Token>{100000};
        }
        std::string piece(Token) const override { return {}; }
        bool is_eog(Token) const override { return false; }
        std::int32_t size() const override { return 1; }
    };
    const Model model = load();
    EngineOptions options;
    options.tokenizer = std::make_shared<Wrong>();
    const auto engine = make_local_engine(model, options).value();
    EXPECT_EQ(engine->submit(ask("abc")).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace mullama
