#include "llama/tiny_model.h"
#include "tests/support/scratch_dir.h"
#include "tests/support/tiny_models.h"
#include <mullama/detokenizer.h>
#include <mullama/model.h>
#include <mullama/vocab.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <limits>
#include <random>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>

namespace mullama {
namespace {

namespace fs = std::filesystem;

Model load_vocab(const fs::path& path) {
    auto model = Model::load(path, {.vocab_only = true});
    if (!model) throw std::runtime_error(model.error().message);
    return *std::move(model);
}

Model load_known(const std::string& name) {
    return load_vocab(test::vocab_path(name));
}

std::vector<fs::path> vocabularies_with_answers() {
    std::vector<fs::path> paths = test::vocab_paths();
    std::erase_if(paths, [](const fs::path& path) { return !fs::exists(path.string() + ".inp"); });
    return paths;
}

std::string read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

struct KnownAnswer {
    std::string text;
    std::vector<Token> tokens;
};

// The format of llama.cpp's tests/test-tokenizer-0.cpp.
std::vector<KnownAnswer> known_answers(const fs::path& vocabulary) {
    const std::string separator = "\n__ggml_vocab_test__\n";
    const std::string texts = read_file(vocabulary.string() + ".inp");
    std::istringstream lines(read_file(vocabulary.string() + ".out"));
    std::vector<KnownAnswer> answers;
    for (std::size_t at = 0; at < texts.size();) {
        const std::size_t end = std::min(texts.find(separator, at), texts.size());
        std::string line;
        std::getline(lines, line);
        std::istringstream numbers(line);
        answers.push_back({texts.substr(at, end - at), {}});
        std::copy(
            std::istream_iterator<Token>(numbers), {}, std::back_inserter(answers.back().tokens)
        );
        at = end + separator.size();
    }
    return answers;
}

class EveryVocabulary : public testing::TestWithParam<fs::path> {};

class KnownVocabulary : public testing::TestWithParam<fs::path> {};

std::string test_name(const testing::TestParamInfo<fs::path>& info) {
    std::string name = info.param.stem().string();
    std::ranges::replace_if(name, [](char c) { return std::isalnum(c) == 0; }, '_');
    return name;
}

void expect_sound(const Vocab& vocab) {
    EXPECT_GT(vocab.size(), 1000);
    EXPECT_NE(vocab.type(), VocabType::kNone);
    for (const Token token :
         {vocab.bos(),
          vocab.eos(),
          vocab.eot(),
          vocab.sep(),
          vocab.nl(),
          vocab.pad(),
          vocab.mask(),
          vocab.fim_prefix(),
          vocab.fim_suffix(),
          vocab.fim_middle(),
          vocab.fim_pad(),
          vocab.fim_repository(),
          vocab.fim_separator()}) {
        EXPECT_TRUE(token == kNoToken || vocab.contains(token));
    }
    for (Token token = 0; token < vocab.size(); ++token) {
        ASSERT_FALSE(vocab.text(token).empty());
        ASSERT_EQ(vocab.is_control(token), vocab.attributes(token).control);
    }
}

void expect_any_bytes_taken(const Vocab& vocab) {
    std::mt19937 random(3);
    std::uniform_int_distribution<int> byte(0, 255);
    for (int round = 0; round < 50; ++round) {
        std::string text(64, '\0');
        std::ranges::generate(text, [&] { return static_cast<char>(byte(random)); });
        const auto tokens = vocab.tokenize(text, false, true);
        ASSERT_TRUE(tokens) << tokens.error().message;
        ASSERT_EQ(*tokens, vocab.tokenize(to_valid_utf8(text), false, true).value());
        for (const Token token : *tokens) ASSERT_TRUE(vocab.contains(token));
    }
}

void expect_long_runs_taken(const Vocab& vocab) {
    for (const auto* run : {"a", " ", "7", "é", "\n", "!", "漢"}) {
        std::string text;
        while (text.size() < 30'000) text += run;
        const auto tokens = vocab.tokenize(text, false, false);
        ASSERT_TRUE(tokens) << run << tokens.error().message;
    }
}

TEST_P(EveryVocabulary, describes_itself_and_takes_any_text) {
    const Model model = load_vocab(GetParam());
    expect_sound(model.vocab());
    expect_any_bytes_taken(model.vocab());
    expect_long_runs_taken(model.vocab());
}

TEST_P(KnownVocabulary, gives_the_known_tokens) {
    const fs::path& path = GetParam();
    const auto answers = known_answers(path);
    ASSERT_GT(answers.size(), 20U);
    const Model model = load_vocab(path);
    for (const KnownAnswer& answer : answers) {
        const auto tokens = model.vocab().tokenize(answer.text, false, false);
        ASSERT_TRUE(tokens) << tokens.error().message;
        EXPECT_EQ(*tokens, answer.tokens) << answer.text;
    }
}

INSTANTIATE_TEST_SUITE_P(Llama, EveryVocabulary, testing::ValuesIn(test::vocab_paths()), test_name);
INSTANTIATE_TEST_SUITE_P(
    Llama, KnownVocabulary, testing::ValuesIn(vocabularies_with_answers()), test_name
);

TEST(Vocab, the_known_vocabularies_are_found) {
    EXPECT_GT(test::vocab_paths().size(), 15U);
    EXPECT_GE(vocabularies_with_answers().size(), 15U);
}

class GptVocabulary : public testing::Test {
  protected:
    const Model model = load_known("gpt-2");
    const Vocab& vocab = model.vocab();
};

TEST_F(GptVocabulary, text_comes_back_byte_for_byte) {
    for (const std::string text :
         {"Hello, world",
          "  two  spaces",
          "tabs\tand\nlines\n",
          "Ünïcödé 漢字 😀 👨‍👩‍👧",
          "",
          "\0"}) {
        const auto tokens = vocab.tokenize(text, false, false);
        std::string joined;
        for (const Token token : *tokens) joined += vocab.piece(token);
        EXPECT_EQ(joined, text);
    }
}

TEST_F(GptVocabulary, detokenize_joins_the_pieces) {
    const auto tokens = vocab.tokenize("Hello wonderful world", false, false).value();
    EXPECT_EQ(vocab.detokenize(tokens).value(), "Hello wonderful world");
    EXPECT_EQ(vocab.detokenize({}).value(), "");
}

TEST_F(GptVocabulary, special_text_is_a_token_only_when_asked) {
    const Token end = vocab.eos();
    ASSERT_EQ(vocab.text(end), "<|endoftext|>");
    EXPECT_EQ(vocab.tokenize("<|endoftext|>", false, true).value(), std::vector{end});
    EXPECT_GT(vocab.tokenize("<|endoftext|>", false, false)->size(), 1U);
    EXPECT_TRUE(vocab.is_eog(end));
    EXPECT_TRUE(vocab.is_control(end));
    EXPECT_EQ(vocab.piece(end), "");
    EXPECT_EQ(vocab.piece(end, true), "<|endoftext|>");
}

TEST_F(GptVocabulary, detokenize_shows_special_tokens_when_asked) {
    const std::vector<Token> tokens = {vocab.tokenize("a", false, false)->front(), vocab.eos()};
    EXPECT_EQ(vocab.detokenize(tokens).value(), "a");
    EXPECT_EQ(vocab.detokenize(tokens, {.unparse_special = true}).value(), "a<|endoftext|>");
}

TEST_F(GptVocabulary, tokens_outside_it_have_nothing) {
    for (const Token token :
         {-1, vocab.size(), std::numeric_limits<Token>::max(), std::numeric_limits<Token>::min()}) {
        EXPECT_FALSE(vocab.contains(token));
        EXPECT_EQ(vocab.text(token), "");
        EXPECT_EQ(vocab.piece(token, true), "");
        EXPECT_EQ(vocab.score(token), 0.0F);
        EXPECT_EQ(vocab.attributes(token), TokenAttributes{});
        EXPECT_FALSE(vocab.is_eog(token));
        EXPECT_FALSE(vocab.is_control(token));
        const auto text = vocab.detokenize(std::vector{token});
        ASSERT_FALSE(text);
        EXPECT_EQ(text.error().code, ErrorCode::kInvalidArgument);
    }
}

TEST_F(GptVocabulary, serves_many_threads_at_once) {
    const auto expected = vocab.tokenize("The quick brown fox", false, false).value();
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < 200; ++round) {
                ASSERT_EQ(vocab.tokenize("The quick brown fox", false, false).value(), expected);
                ASSERT_EQ(vocab.detokenize(expected).value(), "The quick brown fox");
            }
        });
    }
}

TEST(Vocab, sentencepiece_adds_bos_and_takes_its_space_away) {
    const Model model = load_known("llama-spm");
    const Vocab& vocab = model.vocab();
    EXPECT_EQ(vocab.type(), VocabType::kSpm);
    EXPECT_TRUE(vocab.add_bos());
    const auto tokens = vocab.tokenize("Hello world", true, false).value();
    EXPECT_EQ(tokens.front(), vocab.bos());
    EXPECT_EQ(vocab.piece(tokens[1]), " Hello");
    EXPECT_EQ(vocab.detokenize(tokens, {.remove_special = true}).value(), " Hello world");
    EXPECT_EQ(vocab.detokenize(std::span(tokens).subspan(1)).value(), "Hello world");
    EXPECT_TRUE(vocab.attributes(vocab.tokenize("\x01", false, false)->back()).byte);
    EXPECT_LT(vocab.score(1000), 0.0F);
}

TEST(Vocab, a_word_that_would_overflow_the_stack_is_tokenized_and_a_longer_one_refused) {
    const Model model = load_known("deepseek-llm");
    const auto tokens = model.vocab().tokenize(std::string(200'000, 'a'), false, false);
    ASSERT_TRUE(tokens) << tokens.error().message;
    EXPECT_EQ(model.vocab().detokenize(*tokens)->size(), 200'000U);
    const auto refused = model.vocab().tokenize(std::string(2'000'000, 'a'), false, false);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
}

TEST(Vocab, a_model_without_one_says_so) {
    const test::ScratchDir dir;
    auto tiny = test::tiny_llama();
    tiny.set("tokenizer.ggml.model", std::string("none"));
    tiny.set("llama.vocab_size", std::uint32_t{300});
    tiny.write(dir.path() / "tiny.gguf");
    const auto model = Model::load(dir.path() / "tiny.gguf");
    ASSERT_TRUE(model) << model.error().message;
    const Vocab& vocab = model->vocab();
    EXPECT_EQ(vocab.type(), VocabType::kNone);
    EXPECT_EQ(vocab.size(), 300);
    EXPECT_EQ(vocab.tokenize("a", true, true).error().code, ErrorCode::kUnsupported);
    EXPECT_EQ(vocab.detokenize(std::vector<Token>{1}).error().code, ErrorCode::kUnsupported);
    EXPECT_EQ(vocab.text(5), "");
    EXPECT_EQ(vocab.piece(5, true), "");
    EXPECT_FALSE(vocab.is_control(5));
    EXPECT_EQ(vocab.bos(), kNoToken);
}

TEST(Vocab, settings_that_add_a_missing_token_are_an_error) {
    const test::ScratchDir dir;
    auto tiny = test::tiny_llama();
    tiny.set("tokenizer.ggml.model", std::string("t5"));
    tiny.set("tokenizer.ggml.add_bos_token", true);
    tiny.drop("tokenizer.ggml.bos_token_id");
    tiny.write(dir.path() / "tiny.gguf");
    const auto model = Model::load(dir.path() / "tiny.gguf", {.vocab_only = true});
    ASSERT_TRUE(model) << model.error().message;
    const auto tokens = model->vocab().tokenize("a", true, false);
    ASSERT_FALSE(tokens);
    EXPECT_NE(tokens.error().message.find("BOS"), std::string::npos);
    EXPECT_TRUE(model->vocab().tokenize("a", false, false));
}

TEST(Vocab, bytes_without_a_token_are_an_error_or_unknown_and_no_crash) {
    const test::ScratchDir dir;
    auto tiny = test::tiny_llama();
    auto tokens = std::vector<std::string>{"<unk>", "<s>", "</s>", "a"};
    tiny.set("tokenizer.ggml.tokens", tokens);
    tiny.set("tokenizer.ggml.token_type", std::vector<std::int32_t>{2, 3, 3, 1});
    tiny.write(dir.path() / "tiny.gguf");
    const auto model = Model::load(dir.path() / "tiny.gguf", {.vocab_only = true});
    ASSERT_TRUE(model) << model.error().message;
    const auto result = model->vocab().tokenize("zebra 漢字", false, false);
    EXPECT_TRUE(result || result.error().code == ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace mullama
