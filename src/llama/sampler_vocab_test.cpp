#include "llama/token_bits.h"
#include "tests/support/models.h"
#include <mullama/model.h>
#include <mullama/sampler.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <span>
#include <vector>

#include <gtest/gtest.h>

namespace mullama {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

// SmolLM2's vocabulary, without its weights.
const Vocab& vocab() {
    static const auto model = [] {
        ModelOptions options;
        options.vocab_only = true;
        return Model::load(test::smollm2_path(), options);
    }();
    EXPECT_TRUE(model) << model.error().message;
    return model->vocab();
}

Token token_of(std::string_view text) {
    const auto tokens = vocab().tokenize(text, false, true).value();
    EXPECT_EQ(tokens.size(), 1U) << text;
    return tokens.front();
}

std::vector<float> random_logits(unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0.0F, 3.0F);
    std::vector<float> logits(static_cast<std::size_t>(vocab().size()));
    for (auto& logit : logits) logit = normal(random);
    return logits;
}

// Samples from random logits until the end of generation or `tokens_max`.
std::string generate(Sampler& sampler, int tokens_max, unsigned seed) {
    std::string text;
    for (int i = 0; i < tokens_max; ++i) {
        const auto token = sampler.sample(random_logits(seed + static_cast<unsigned>(i)));
        EXPECT_TRUE(token) << token.error().message;
        if (!token) break;
        EXPECT_TRUE(sampler.accept(*token));
        if (vocab().is_eog(*token)) return text + "$";
        text += vocab().piece(*token);
    }
    return text;
}

Sampler chain(float temperature, std::uint32_t seed = 1) {
    SamplingOptions options;
    options.temperature = temperature;
    options.seed = seed;
    return make_sampler(vocab(), options, 1024).value();
}

TEST(SamplerGrammar, leaves_only_tokens_that_follow_it) {
    Sampler sampler;
    ASSERT_TRUE(sampler.add_grammar(vocab(), "root ::= \"yes\" | \"no\""));
    ASSERT_TRUE(sampler.add_greedy());
    auto logits = std::vector<float>(static_cast<std::size_t>(vocab().size()), 0.0F);
    logits[static_cast<std::size_t>(token_of("maybe"))] = 9.0F;
    logits[static_cast<std::size_t>(token_of("no"))] = 1.0F;
    const auto token = sampler.sample(logits);
    ASSERT_TRUE(token) << token.error().message;
    EXPECT_EQ(vocab().piece(*token), "no");
    ASSERT_TRUE(sampler.accept(*token));
    EXPECT_TRUE(vocab().is_eog(sampler.sample(logits).value()));
}

TEST(SamplerGrammar, constrains_greedy_and_random_choices) {
    for (const float temperature : {0.0F, 0.8F}) {
        for (const unsigned seed : {1U, 2U, 3U}) {
            auto sampler = chain(temperature, seed);
            ASSERT_TRUE(sampler.constrain(vocab(), "root ::= [0-9]{3} \"-\" [a-c]+ \".\""));
            EXPECT_EQ(sampler.name(sampler.size()), "");
            const auto text = generate(sampler, 200, seed * 1000);
            ASSERT_GE(text.size(), 6U) << text;
            EXPECT_EQ(text.substr(0, 3).find_first_not_of("0123456789"), std::string::npos) << text;
            EXPECT_EQ(text[3], '-');
            const auto end = text.find_first_not_of("abc", 4);
            EXPECT_EQ(text.substr(end), ".$") << text;
        }
    }
}

// Allows the tokens that are multiples of a number.
class Multiples final : public TokenGrammar {
  public:
    explicit Multiples(Token of) : of_(of) {}

    bool allows(Token token) override { return token % of_ == 0; }

    std::span<const std::uint32_t> allowed() override {
        words_.assign(static_cast<std::size_t>(vocab().size() + 31) / 32, 0);
        for (Token token = 0; token < vocab().size(); token += of_) {
            add_token(words_, token);
        }
        return words_;
    }

    void accept(Token /*token*/) override { ++of_; }
    void reset() override {}
    std::unique_ptr<TokenGrammar> clone() const override {
        return std::make_unique<Multiples>(*this);
    }

  private:
    Token of_;
    std::vector<std::uint32_t> words_;
};

TEST(SamplerGrammar, constrains_choices_by_a_rule_of_the_callers_own) {
    std::vector<float> logits(static_cast<std::size_t>(vocab().size()));
    logits[700] = 3.0F;
    logits[701] = 5.0F;
    logits[704] = 4.0F;
    Sampler sampler;
    ASSERT_TRUE(sampler.constrain(vocab(), std::make_unique<Multiples>(7)));
    ASSERT_TRUE(sampler.add_top_k(2));
    ASSERT_TRUE(sampler.add_greedy());
    const auto seventh = sampler.sample(logits);
    ASSERT_TRUE(seventh) << seventh.error().message;
    EXPECT_EQ(*seventh, 700);
    auto copy = sampler.clone();
    ASSERT_TRUE(copy);
    ASSERT_TRUE(sampler.accept(700));
    EXPECT_EQ(*sampler.sample(logits), 704);
    EXPECT_EQ(*copy->sample(logits), 700);
    EXPECT_FALSE(sampler.accept(701));
}

TEST(SamplerGrammar, takes_one_grammar_and_no_null) {
    Sampler sampler;
    EXPECT_EQ(
        sampler.constrain(vocab(), std::unique_ptr<TokenGrammar>()).error().message,
        "the grammar is null"
    );
    ASSERT_TRUE(sampler.constrain(vocab(), "root ::= \"a\""));
    EXPECT_FALSE(sampler.constrain(vocab(), std::make_unique<Multiples>(7)));
}

TEST(SamplerGrammar, constrained_greedy_equals_masking_everything) {
    for (const unsigned seed : {1U, 2U, 3U, 4U}) {
        auto quick = chain(0.0F);
        ASSERT_TRUE(quick.constrain(vocab(), "root ::= [a-z ]+ \"!\""));
        Sampler full;
        ASSERT_TRUE(full.add_grammar(vocab(), "root ::= [a-z ]+ \"!\""));
        ASSERT_TRUE(full.add_greedy());
        EXPECT_EQ(generate(quick, 8, seed * 100), generate(full, 8, seed * 100));
    }
}

TEST(SamplerGrammar, clone_and_reset_keep_to_the_grammar) {
    auto sampler = chain(0.8F, 5);
    ASSERT_TRUE(sampler.constrain(vocab(), "root ::= \"a\" \"b\" \"c\" \"d\""));
    ASSERT_TRUE(sampler.accept(token_of("a")));
    auto copy = sampler.clone();
    ASSERT_TRUE(copy);
    EXPECT_EQ(generate(sampler, 10, 7), generate(*copy, 10, 7));
    sampler.reset();
    EXPECT_EQ(generate(sampler, 10, 7), "abcd$");
}

TEST(SamplerGrammar, refuses_to_accept_what_it_does_not_allow_and_goes_on) {
    auto sampler = chain(0.0F);
    ASSERT_TRUE(sampler.constrain(vocab(), "root ::= \"yes\""));
    const auto refused = sampler.accept(token_of("no"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(sampler.accept(vocab().eos()).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(sampler.accept(vocab().size()).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(generate(sampler, 5, 1), "yes$");
}

TEST(SamplerGrammar, refuses_unfinished_ends_of_chained_grammars_too) {
    Sampler sampler;
    ASSERT_TRUE(sampler.add_grammar(vocab(), "root ::= \"yes\""));
    ASSERT_TRUE(sampler.add_greedy());
    EXPECT_FALSE(sampler.accept(vocab().eos()));
    EXPECT_EQ(generate(sampler, 5, 1), "yes$");
}

TEST(SamplerGrammar, prompt_is_no_part_of_the_grammar) {
    auto sampler = chain(0.0F);
    ASSERT_TRUE(sampler.constrain(vocab(), "root ::= \"yes\""));
    ASSERT_TRUE(sampler.prime(std::vector<Token>{token_of("no"), token_of("maybe")}));
    EXPECT_EQ(generate(sampler, 5, 1), "yes$");
}

TEST(SamplerGrammar, goes_on_behind_a_prefix_that_the_prompt_holds) {
    constexpr std::string_view kGrammar = "root ::= \"answer: \" [0-9]{2}";
    auto sampler = chain(0.0F);
    ASSERT_TRUE(sampler.constrain(vocab(), kGrammar, "root", "answer: "));
    for (int round = 0; round < 2; ++round) {
        auto copy = sampler.clone();
        ASSERT_TRUE(copy);
        const std::string text = generate(*copy, 10, 3);
        EXPECT_EQ(text.size(), 3U) << text;
        EXPECT_EQ(text.find_first_not_of("0123456789"), 2U) << text;
        sampler.reset();
    }
    auto other = chain(0.0F);
    const auto refused = other.constrain(vocab(), kGrammar, "root", "question: ");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
}

TEST(SamplerGrammar, that_leaves_nothing_is_an_error) {
    auto sampler = chain(0.8F);
    ASSERT_TRUE(sampler.constrain(vocab(), "root ::= <[1]> <[2]>"));
    const std::vector<LogitBias> forbidden = {{1, -kInf}};
    Sampler strict;
    ASSERT_TRUE(strict.add_logit_bias(vocab().size(), forbidden));
    ASSERT_TRUE(strict.append(std::move(sampler)));
    const auto token = strict.sample(random_logits(1));
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error().code, ErrorCode::kInvalidArgument);
}

TEST(SamplerGrammar, with_a_mistake_is_an_error_with_its_place) {
    Sampler sampler;
    const auto result = sampler.add_grammar(vocab(), "root ::= \"a\" (");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(result.error().message.find("line 1, column 15"), std::string::npos)
        << result.error().message;
    EXPECT_FALSE(sampler.constrain(vocab(), "root ::= nothing"));
    EXPECT_FALSE(sampler.add_grammar(vocab(), "root ::= root \"a\" | \"b\""));
    EXPECT_FALSE(sampler.add_grammar(vocab(), "start ::= \"b\""));
    EXPECT_TRUE(sampler.add_grammar(vocab(), "start ::= \"b\"", "start"));
    EXPECT_EQ(sampler.size(), 1U);
}

TEST(SamplerGrammar, is_agreed_on_by_the_engine_wherever_the_check_accepts) {
    const std::vector<std::string> grammars = {
        "root ::= (\"a\"? \"b\"?)*",
        "root ::= \"a\"{0,2000}",
        "root ::= [] \"a\" | [^] \"b\"",
        "root ::= ((((\"a\" | \"b\")+ [^\\x00-\\x1F]){2,5})? .)*",
        "root ::= x* y\nx ::= \"z\"\ny ::= \"(\" root \")\" | \"\"",
        "root ::= <|im_end|> !<|im_start|> <[5]>",
        "root ::= \"\"",
        "root ::=",
        "root ::= a{2}{3}\na ::= \"\\u00e4\\U0001F600\"",
    };
    for (const auto& grammar : grammars) {
        Sampler sampler;
        const auto added = sampler.add_grammar(vocab(), grammar);
        EXPECT_TRUE(added) << grammar << ": " << added.error().message;
        ASSERT_TRUE(sampler.add_dist(1));
        for (int i = 0; i < 3; ++i) {
            const auto token = sampler.sample(random_logits(static_cast<unsigned>(i)));
            if (!token || vocab().is_eog(*token)) break;
            ASSERT_TRUE(sampler.accept(*token));
        }
    }
}

TEST(SamplerGrammar, with_random_changes_is_refused_with_a_place_or_taken_by_the_engine) {
    const std::string original =
        "root ::= item (\",\" item)* end?\nitem ::= [a-z]{1,3} | \"(\" root \")\"\nend ::= . | "
        "\"\"\n";
    const std::string_view alphabet = "()[]{}*+?|.\"\\^-,01abr \n#<>!:=";
    std::mt19937 random(11);
    int taken = 0;
    for (int round = 0; round < 2000; ++round) {
        auto grammar = original;
        for (int change = 0; change < 2; ++change) {
            const auto place = random() % grammar.size();
            const char letter = alphabet[random() % alphabet.size()];
            if (random() % 2 == 0) {
                grammar[place] = letter;
            } else {
                grammar.insert(place, 1, letter);
            }
        }
        Sampler sampler;
        const auto added = sampler.add_grammar(vocab(), grammar);
        taken += added ? 1 : 0;
        if (added) continue;
        EXPECT_NE(added.error().message, "the engine refused the grammar") << grammar;
    }
    EXPECT_GT(taken, 50);
}

TEST(SamplerLazyGrammar, sleeps_until_a_trigger_token) {
    const Token trigger = token_of("<|im_start|>");
    LazyGrammarOptions options;
    options.grammar = "root ::= <|im_start|> \"yes\"";
    options.trigger_tokens = {trigger};
    Sampler sampler;
    ASSERT_TRUE(sampler.add_lazy_grammar(vocab(), options));
    ASSERT_TRUE(sampler.add_greedy());
    const auto logits = random_logits(3);
    const auto free = sampler.sample(logits).value();
    EXPECT_NE(vocab().piece(free), "yes");
    ASSERT_TRUE(sampler.accept(free));
    ASSERT_TRUE(sampler.accept(trigger));
    EXPECT_EQ(generate(sampler, 5, 1), "yes$");
    sampler.reset();
    EXPECT_EQ(sampler.sample(logits).value(), free);
}

TEST(SamplerLazyGrammar, sleeps_until_a_pattern_matches) {
    LazyGrammarOptions options;
    options.grammar = "root ::= \"[\" \"yes\" \"]\"";
    options.trigger_patterns = {"[\\s\\S]*?(\\[)[\\s\\S]*"};
    Sampler sampler;
    ASSERT_TRUE(sampler.add_lazy_grammar(vocab(), options));
    ASSERT_TRUE(sampler.add_greedy());
    ASSERT_TRUE(sampler.accept(token_of("maybe")));
    ASSERT_TRUE(sampler.accept(token_of("[")));
    EXPECT_EQ(generate(sampler, 5, 1), "yes]$");
}

TEST(SamplerLazyGrammar, woken_by_what_does_not_follow_it_is_an_error_until_reset) {
    LazyGrammarOptions options;
    options.grammar = "root ::= \"[\" \"yes\" \"]\"";
    options.trigger_patterns = {"(maybe)"};
    Sampler sampler;
    ASSERT_TRUE(sampler.add_lazy_grammar(vocab(), options));
    ASSERT_TRUE(sampler.add_greedy());
    EXPECT_EQ(sampler.accept(token_of("maybe")).error().code, ErrorCode::kInternal);
    EXPECT_EQ(sampler.sample(random_logits(1)).error().code, ErrorCode::kInternal);
    EXPECT_EQ(sampler.clone()->accept(token_of("a")).error().code, ErrorCode::kInternal);
    sampler.reset();
    EXPECT_TRUE(sampler.sample(random_logits(1)));
}

TEST(SamplerLazyGrammar, that_never_wakes_is_an_error_before_it_is_a_danger) {
    LazyGrammarOptions options;
    options.grammar = "root ::= \"[\" [a-z]* \"]\"";
    options.trigger_patterns = {"(\\[)"};
    Sampler sampler;
    ASSERT_TRUE(sampler.add_lazy_grammar(vocab(), options));
    const Token word = token_of(" information");
    Result<void> accepted;
    int tokens = 0;
    while ((accepted = sampler.accept(word))) ++tokens;
    EXPECT_EQ(accepted.error().code, ErrorCode::kExhausted);
    EXPECT_EQ(tokens, (8 << 10) / 12);
    sampler.reset();
    EXPECT_TRUE(sampler.accept(word));
}

TEST(SamplerLazyGrammar, once_awake_may_write_as_much_as_it_likes) {
    LazyGrammarOptions options;
    options.grammar = "root ::= \"[\" [a-z ]* \"]\"";
    options.trigger_patterns = {"(\\[)"};
    Sampler sampler;
    ASSERT_TRUE(sampler.add_lazy_grammar(vocab(), options));
    ASSERT_TRUE(sampler.accept(token_of("[")));
    for (int i = 0; i < 2000; ++i) ASSERT_TRUE(sampler.accept(token_of(" information")));
}

TEST(SamplerLazyGrammar, refuses_bad_triggers) {
    LazyGrammarOptions options;
    options.grammar = "root ::= \"a\"";
    Sampler sampler;
    EXPECT_NE(
        sampler.add_lazy_grammar(vocab(), options).error().message.find("trigger"),
        std::string::npos
    );
    options.trigger_patterns = {"("};
    EXPECT_FALSE(sampler.add_lazy_grammar(vocab(), options));
    options.trigger_patterns = {std::string(100000, '(')};
    EXPECT_FALSE(sampler.add_lazy_grammar(vocab(), options));
    options.trigger_patterns = {};
    options.trigger_tokens = {-1};
    EXPECT_FALSE(sampler.add_lazy_grammar(vocab(), options));
}

TEST(SamplerDry, makes_repeating_a_phrase_unlikely) {
    Sampler sampler;
    ASSERT_TRUE(sampler.add_dry(vocab(), {.multiplier = 1.0F, .allowed_length = 1, .last_n = 64}));
    const Token a = token_of("one");
    const Token b = token_of("two");
    const Token c = token_of("red");
    ASSERT_TRUE(sampler.prime(std::vector<Token>{a, b, c, a, b}));
    std::vector<Candidate> candidates = {{a, 1.0F}, {c, 1.0F}};
    ASSERT_TRUE(sampler.apply(candidates));
    EXPECT_EQ(candidates[0].logit, 1.0F);
    EXPECT_LT(candidates[1].logit, 0.0F);
    auto copy = sampler.clone();
    ASSERT_TRUE(copy);
    std::vector<Candidate> again = {{a, 1.0F}, {c, 1.0F}};
    ASSERT_TRUE(copy->apply(again));
    EXPECT_EQ(again[1].logit, candidates[1].logit);
}

TEST(SamplerDry, refuses_breakers_that_would_be_cut) {
    Sampler sampler;
    EXPECT_FALSE(sampler.add_dry(vocab(), {.multiplier = 1.0F, .sequence_breakers = {""}}));
    EXPECT_FALSE(
        sampler.add_dry(vocab(), {.multiplier = 1.0F, .sequence_breakers = {std::string(41, 'x')}})
    );
}

TEST(SamplerInfill, ends_where_the_end_is_likely) {
    Sampler sampler;
    ASSERT_TRUE(sampler.add_top_k(20));
    ASSERT_TRUE(sampler.add_infill(vocab()));
    ASSERT_TRUE(sampler.add_greedy());
    std::vector<float> logits(static_cast<std::size_t>(vocab().size()), 0.0F);
    logits[static_cast<std::size_t>(token_of("one"))] = 3.0F;
    logits[static_cast<std::size_t>(vocab().eos())] = 2.5F;
    EXPECT_TRUE(vocab().is_eog(sampler.sample(logits).value()));
}

TEST(Sampler, mixes_no_vocabularies) {
    Sampler sampler;
    ASSERT_TRUE(sampler.add_logit_bias(3, {}));
    EXPECT_EQ(
        sampler.add_grammar(vocab(), "root ::= \"a\"").error().code, ErrorCode::kInvalidArgument
    );
}

}  // namespace
}  // namespace mullama
