#include "grammar/token_masks.h"

#include "llama/gbnf_grammar.h"
#include "llama/token_bits.h"
#include "tests/support/tiny_models.h"
#include <mullama/model.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <iterator>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama {
namespace {

constexpr const char* kJson = R"(root   ::= object
value  ::= object | array | string | number | "true" | "false" | "null"
object ::= "{" ws (member ("," ws member)*)? "}"
member ::= string ":" ws value ws
array  ::= "[" ws (value ws ("," ws value ws)*)? "]"
string ::= "\"" ([^"\\\x00-\x1F\x7F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4}))* "\""
number ::= "-"? ("0" | [1-9] [0-9]{0,15}) ("." [0-9]{1,16})? ([eE] [-+]? [0-9]{1,3})?
ws     ::= | " " | "\n" [ \t]{0,20}
)";
constexpr const char* kTexts = R"(root ::= ((word | "<|im_end|>") [ ,]){2,6} "é" . ("!" | "")
word ::= [A-Za-zäöü-]{1,9} | "…" | [^\x00-~]{1,3}
)";
constexpr const char* kNested = "root ::= \"(\" root \")\" (\",\" root)? | [0-9]*";
constexpr const char* kRepeats = R"(root ::= a+? "b" (a{0} "c" | [] "d"){1,2} [^] a{2,}* [b]+? "e"
a ::= "x" | "yz"
)";
constexpr const char* kCounted = R"(root ::= "\"" char{2,6} "\"" (", " ("a" | "b" char)){0,2}
char ::= [^"\\\x00-\x1F] | "\\" (["\\bfnrt] | "u" [0-9a-fA-F]{4})
)";

Model vocab_model(const char* name) {
    auto model = Model::load(test::vocab_path(name), {.vocab_only = true});
    EXPECT_TRUE(model) << model.error().message;
    return *std::move(model);
}

std::vector<Token> tokens_of(const Vocab& vocab, std::span<const std::uint32_t> words) {
    std::vector<Token> tokens;
    for (Token token = 0; token < vocab.size(); ++token) {
        if (has_token(words, token)) tokens.push_back(token);
    }
    return tokens;
}

// Bytes that UTF-8 does not have: the engine's own grammar takes them for characters.
bool is_text(std::string_view piece) {
    return std::ranges::none_of(piece, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte == 0xC0 || byte == 0xC1 || byte >= 0xF5;
    });
}

// Where the two differ: "-" and the text of a token that only the engine's own grammar allows, "+"
// and one that only the masks allow.
std::vector<std::string> differences(const Vocab& vocab, TokenGrammar& own, TokenGrammar& masks) {
    const std::vector<Token> expected = tokens_of(vocab, own.allowed());
    const std::vector<Token> allowed = tokens_of(vocab, masks.allowed());
    std::vector<Token> missing;
    std::vector<Token> more;
    std::ranges::set_difference(expected, allowed, std::back_inserter(missing));
    std::ranges::set_difference(allowed, expected, std::back_inserter(more));
    std::vector<std::string> all;
    for (const Token token : missing) {
        if (is_text(vocab.piece(token, true))) all.push_back("-" + vocab.piece(token, true));
    }
    for (const Token token : more) all.push_back("+" + vocab.piece(token, true));
    return all;
}

class TokenMasksTest : public testing::TestWithParam<const char*> {
  protected:
    // Both begin to follow `grammar`.
    void begin(const std::string& grammar) {
        const auto compiled = compiler_.compile(grammar);
        ASSERT_TRUE(compiled) << grammar;
        auto own = make_gbnf_grammar(vocab(), grammar, "root", "");
        ASSERT_TRUE(own) << own.error().message;
        own_ = *std::move(own);
        masks_ = compiled->start("");
        ASSERT_TRUE(masks_);
    }

    void accept(Token token) {
        own_->accept(token);
        masks_->accept(token);
    }

    Token token_of(std::string_view piece) const {
        for (Token token = 0; token < vocab().size(); ++token) {
            if (vocab().piece(token, true) == piece) return token;
        }
        ADD_FAILURE() << "no token " << piece;
        return kNoToken;
    }

    const Vocab& vocab() const { return model_.vocab(); }

    const Model model_ = vocab_model(GetParam());
    MaskCompiler compiler_{model_.vocab()};
    std::unique_ptr<TokenGrammar> own_;
    std::unique_ptr<TokenGrammar> masks_;
};

TEST_P(TokenMasksTest, allow_what_the_engines_grammar_allows_along_random_answers) {
    std::mt19937 random(7);
    for (const std::string grammar : {kJson, kTexts, kNested, kRepeats, kCounted}) {
        for (int answer = 0; answer < 3; ++answer) {
            begin(grammar);
            std::string text;
            for (int step = 0; step < 12; ++step) {
                EXPECT_THAT(differences(vocab(), *own_, *masks_), testing::IsEmpty()) << text;
                const std::vector<Token> allowed = tokens_of(vocab(), masks_->allowed());
                ASSERT_FALSE(allowed.empty());
                const Token token = allowed[random() % allowed.size()];
                if (vocab().is_eog(token)) break;
                text += vocab().piece(token, true);
                accept(token);
            }
        }
    }
}

TEST_P(TokenMasksTest, allow_what_the_engines_grammar_allows_along_a_text) {
    const std::vector<std::pair<std::string, std::string>> texts = {
        {kJson, R"({"a":{"b":[[{"c":1.5e3}],{"d":[]}], "e":null}})"},
        {kNested, "(((1),2),(),3)"},
        {kRepeats, "xyzbcdxyze"},
        {kRepeats, "bce"},
        {kCounted, R"("ab\u00e4\n", a, bc)"},
    };
    for (const auto& [grammar, text] : texts) {
        begin(grammar);
        for (std::size_t i = 0; i < text.size(); ++i) {
            EXPECT_THAT(differences(vocab(), *own_, *masks_), testing::IsEmpty())
                << text.substr(0, i);
            accept(token_of(text.substr(i, 1)));
        }
    }
}

TEST_P(TokenMasksTest, begin_after_a_prefix_and_again) {
    const auto compiled = compiler_.compile("root ::= \"answer: \" (\"yes\" | \"no\")");
    ASSERT_TRUE(compiled);
    EXPECT_FALSE(compiled->start("question: "));
    const auto masks = compiled->start("answer: ");
    ASSERT_TRUE(masks);
    const Token yes = token_of("y");
    const Token no = token_of("n");
    EXPECT_TRUE(masks->allows(yes));
    masks->accept(yes);
    const auto copy = masks->clone();
    EXPECT_FALSE(masks->allows(no));
    EXPECT_FALSE(copy->allows(no));
    EXPECT_THROW(masks->accept(no), std::exception);
    masks->reset();
    EXPECT_TRUE(masks->allows(no));
    EXPECT_FALSE(copy->allows(no));
}

TEST_P(TokenMasksTest, an_end_token_follows_a_whole_text_only_and_nothing_follows_it) {
    begin("root ::= \"a\"");
    const Token end = vocab().eos();
    EXPECT_FALSE(masks_->allows(end));
    accept(token_of("a"));
    EXPECT_TRUE(masks_->allows(end));
    masks_->accept(end);
    EXPECT_THAT(tokens_of(vocab(), masks_->allowed()), testing::IsEmpty());
}

TEST_P(TokenMasksTest, there_are_none_for_what_xgrammar_cannot_say) {
    EXPECT_FALSE(compiler_.compile("root ::= <[1]>"));
    EXPECT_FALSE(compiler_.compile("root ::= [z-a]"));
}

TEST_P(TokenMasksTest, rules_that_hold_themselves_no_times_end) {
    EXPECT_TRUE(compiler_.compile("root ::= \"x\"\na ::= a{0}"));
    EXPECT_TRUE(compiler_.compile("root ::= a{2}\na ::= \"x\" | root{0}"));
    // These are themselves once, which check_grammar() passes; what matters is that they end.
    for (const char* rule :
         {R"(((""))  a{1})", R"(((""))  a{0,1})", "(([])) a{1}", "((b{0})) a{1}"}) {
        const std::string grammar = std::string("\na ::= ") + rule + "\nb ::= \"y\"";
        compiler_.compile("root ::= \"x\"" + grammar);
        compiler_.compile("root ::= \"x\" a" + grammar);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Vocabularies, TokenMasksTest, testing::Values("llama-spm", "gpt-2", "qwen2")
);

}  // namespace
}  // namespace mullama
