#include "grammar/grammar_compiler.h"

#include "tests/support/tiny_models.h"
#include <mullama/sampler.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace mullama {
namespace {

constexpr const char* kText = "root ::= \"x\" [^a]*";
constexpr std::chrono::seconds kPatience{60};

class GrammarCompilerTest : public testing::Test {
  protected:
    static Model load() {
        auto model = Model::load(test::vocab_path("llama-spm"), {.vocab_only = true});
        EXPECT_TRUE(model) << model.error().message;
        return *std::move(model);
    }

    std::unique_ptr<TokenGrammar> start(const std::string& grammar = kText) {
        auto started = compiler_.start(grammar, "");
        EXPECT_TRUE(started) << started.error().message;
        return started ? *std::move(started) : nullptr;
    }

    Token token(const std::string& piece) const {
        for (Token token = 0; token < model_.vocab().size(); ++token) {
            if (model_.vocab().piece(token, true) == piece) return token;
        }
        ADD_FAILURE() << "no token " << piece;
        return kNoToken;
    }

    // The engine's own grammar takes any byte for a character, the masks only those of UTF-8.
    bool has_masks(TokenGrammar& grammar) const { return !grammar.allows(token("\xFF")); }

    // It looks for them with each token.
    bool comes_to_have_masks(TokenGrammar& grammar) const {
        const Token next = token("c");
        const auto deadline = std::chrono::steady_clock::now() + kPatience;
        while (!has_masks(grammar)) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            grammar.accept(next);
        }
        return true;
    }

    const Model model_ = load();
    GrammarCompiler compiler_{model_};
};

TEST_F(GrammarCompilerTest, an_answer_goes_on_with_masks_where_it_is) {
    const auto grammar = start();
    EXPECT_FALSE(grammar->allows(token("b")));
    grammar->accept(token("x"));
    grammar->accept(token("b"));
    EXPECT_TRUE(comes_to_have_masks(*grammar));
    EXPECT_FALSE(grammar->allows(token("a")));
    EXPECT_TRUE(grammar->allows(token("c")));
    grammar->reset();
    EXPECT_FALSE(grammar->allows(token("c")));
    EXPECT_TRUE(grammar->allows(token("x")));
}

TEST_F(GrammarCompilerTest, the_next_answer_has_masks_from_the_start) {
    const auto first = start();
    first->accept(token("x"));
    ASSERT_TRUE(comes_to_have_masks(*first));
    const auto second = start();
    EXPECT_FALSE(second->allows(token("b")));
    second->accept(token("x"));
    EXPECT_TRUE(has_masks(*second));
}

TEST_F(GrammarCompilerTest, a_copy_goes_on_by_itself) {
    const auto grammar = start();
    grammar->accept(token("x"));
    const auto copy = grammar->clone();
    grammar->accept(token("b"));
    EXPECT_TRUE(comes_to_have_masks(*copy));
    EXPECT_TRUE(comes_to_have_masks(*grammar));
    copy->reset();
    EXPECT_TRUE(copy->allows(token("x")));
    EXPECT_FALSE(grammar->allows(token("a")));
}

TEST_F(GrammarCompilerTest, what_cannot_be_compiled_follows_the_engines_grammar) {
    const auto first = start("root ::= <[300]> [^a]*");
    const auto other = start();
    other->accept(token("x"));
    ASSERT_TRUE(comes_to_have_masks(*other));  // so the first has been tried
    EXPECT_TRUE(first->allows(300));
    first->accept(300);
    EXPECT_FALSE(has_masks(*first));
    EXPECT_FALSE(first->allows(token("a")));
}

TEST_F(GrammarCompilerTest, a_mistake_is_told) {
    const auto started = compiler_.start("root ::= [a", "");
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(started.error().message, "grammar, line 1, column 12: unexpected end of the grammar");
    const auto grammar = start();
    grammar->accept(token("x"));
    ASSERT_TRUE(comes_to_have_masks(*grammar));
    EXPECT_FALSE(compiler_.start(kText, "yes"));
}

TEST_F(GrammarCompilerTest, more_than_it_keeps_are_all_followed) {
    std::vector<std::unique_ptr<TokenGrammar>> grammars;
    for (int i = 0; i < 100; ++i) {
        grammars.push_back(start("root ::= \"x\" [^a]{" + std::to_string(i) + "} \"a\""));
    }
    for (const auto& grammar : grammars) {
        EXPECT_FALSE(grammar->allows(token("b")));
        EXPECT_TRUE(grammar->allows(token("x")));
    }
}

// The masks come while answers are being drawn on other threads.
TEST_F(GrammarCompilerTest, answers_on_many_threads_follow_their_grammars) {
    std::vector<std::jthread> threads;
    std::vector<std::string> texts(8);
    for (std::size_t i = 0; i < texts.size(); ++i) {
        threads.emplace_back([&, i] {
            const auto grammar = start("root ::= [b-d]{40} \"" + std::to_string(i % 3) + "\"");
            std::vector<float> logits(static_cast<std::size_t>(model_.vocab().size()));
            SamplingOptions options;
            options.seed = i;
            auto sampler = make_sampler(model_.vocab(), options, 512);
            ASSERT_TRUE(sampler);
            ASSERT_TRUE(sampler->constrain(model_.vocab(), grammar->clone()));
            for (;;) {
                const auto token = sampler->sample(logits);
                ASSERT_TRUE(token) << token.error().message;
                ASSERT_TRUE(sampler->accept(*token));
                if (model_.vocab().is_eog(*token)) break;
                texts[i] += model_.vocab().piece(*token);
            }
        });
    }
    threads.clear();
    for (std::size_t i = 0; i < texts.size(); ++i) {
        ASSERT_EQ(texts[i].size(), 41U) << texts[i];
        EXPECT_EQ(texts[i].find_first_not_of("bcd"), 40U) << texts[i];
        EXPECT_EQ(texts[i].substr(40), std::to_string(i % 3));
    }
}

}  // namespace
}  // namespace mullama
