#include "llama/regex_grammar.h"

#include "llama/gbnf_grammar.h"
#include "tests/support/tiny_models.h"
#include <mullama/model.h>

#include <regex>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace mullama {
namespace {

const Vocab& vocab() {
    static const Model model = Model::load(test::vocab_path("gpt-2"), {.vocab_only = true}).value();
    return model.vocab();
}

/// Whether the grammar that is made of `regex` has `text`.
bool matches(const std::string& regex, const std::string& text) {
    const auto grammar = grammar_from_regex(regex);
    EXPECT_TRUE(grammar) << regex << ": " << grammar.error().message;
    if (!grammar) return false;
    const auto made = make_gbnf_grammar(vocab(), *grammar, "root", "");
    EXPECT_TRUE(made) << *grammar << made.error().message;
    if (!made) return false;
    const auto tokens = vocab().tokenize(text, false, false);
    EXPECT_TRUE(tokens);
    for (const Token token : *tokens) {
        if (!(*made)->allows(token)) return false;
        (*made)->accept(token);
    }
    return (*made)->allows(vocab().eos());
}

std::string refusal(const std::string& regex) {
    const auto grammar = grammar_from_regex(regex);
    if (grammar) return *grammar;
    EXPECT_EQ(grammar.error().code, ErrorCode::kInvalidArgument);
    return grammar.error().message;
}

TEST(RegexGrammar, writes_what_a_grammar_says_alike) {
    EXPECT_EQ(*grammar_from_regex("a"), "root ::= \"a\"\n");
    EXPECT_EQ(*grammar_from_regex("^a$"), "root ::= \"a\"\n");
    EXPECT_EQ(
        *grammar_from_regex(R"(^\d{3}-x+$|y)"), "root ::= [0-9]{3} \"\\x2D\" \"x\"+ | \"y\"\n"
    );
    EXPECT_EQ(*grammar_from_regex("(?:a|b)?"), "root ::= ( \"a\" | \"b\" )?\n");
    EXPECT_EQ(*grammar_from_regex("é{,2}"), "root ::= \"\\u00E9\"{0,2}\n");
    EXPECT_EQ(*grammar_from_regex("a||b"), "root ::= \"a\" | \"\" | \"b\"\n");
    EXPECT_EQ(*grammar_from_regex(""), "root ::= \"\"\n");
    EXPECT_EQ(*grammar_from_regex("[^\\W_]"), "root ::= [0-9A-Za-z]\n");
}

TEST(RegexGrammar, matches_what_the_standards_expressions_match) {
    for (const std::string regex :
         {R"(\d{2,3})",
          R"(\d{2,})",
          R"(-?\d+(\.\d+)?)",
          R"([a-f]*?x)",
          R"((a|b|)c)",
          R"([^a-c]+)",
          R"(\w+@\w+\.(com|org))",
          R"(.+)",
          R"(\S\s\S)",
          R"([\w.-]+)",
          R"(a\.b\\c\/)",
          R"((ab){2})",
          R"([\]\-]+)",
          R"((?:(?:x|y)z)+)",
          R"(\x41\u0042)",
          R"([x\d]{1,2}|no)",
          R"(\W)",
          R"(\D\D)",
          R"([A-Z][a-z]+( [A-Z][a-z]+)*)",
          R"(a{0}b)",
          R"([-x]+)",
          R"([$^.*]+)"}) {
        for (const std::string text :
             {"",   "1",    "12",    "123",          "1234", "-1.5", "-1.",      "abx",     "x",
              "xx", "c",    "ac",    "bc",           "cc",   "xyz",  "me@x.org", "me@xorg", "a b",
              "ab", "a\nb", "a-b.c", "a.b\\c/",      "abab", "]-",   "xzyz",     "AB",      "x1",
              "no", "-",    "--",    "Ada Lovelace", "ada",  "b",    "-x",       "$^",      "\t"}) {
            EXPECT_EQ(matches(regex, text), std::regex_match(text, std::regex(regex)))
                << regex << " and '" << text << "'";
        }
    }
}

TEST(RegexGrammar, characters_are_those_of_utf8) {
    EXPECT_TRUE(matches("[à-ü]+😀.", "éü😀é"));
    EXPECT_FALSE(matches("[à-ü]+", "éa"));
    EXPECT_TRUE(matches(R"(\U0001F600)", "😀"));
    EXPECT_TRUE(matches(R"([^a])", "é"));
    EXPECT_FALSE(matches(R"([^a])", "éé"));
    EXPECT_TRUE(matches("(?P<year>\\d{4})(?<month>x)", "2026x"));
}

TEST(RegexGrammar, names_the_place_of_a_mistake) {
    EXPECT_EQ(refusal("ab)"), "the regex has an error at byte 2: the ')' has no '('");
    EXPECT_EQ(refusal("a(b"), "the regex has an error at byte 1: the '(' has no ')'");
    EXPECT_EQ(refusal("a[b"), "the regex has an error at byte 1: the '[' has no ']'");
    EXPECT_EQ(refusal("a[b\\"), "the regex has an error at byte 4: the last '\\' escapes nothing");
    EXPECT_EQ(refusal("*"), "the regex has an error at byte 0: '*' has nothing to repeat");
    EXPECT_EQ(refusal("a**"), "the regex has an error at byte 2: a repetition cannot be repeated");
    EXPECT_EQ(
        refusal("[z-a]"), "the regex has an error at byte 4: the range ends before it begins"
    );
    EXPECT_EQ(
        refusal("[^\\d\\D]"), "the regex has an error at byte 7: no character is in this set"
    );
    EXPECT_EQ(
        refusal("[]a]"), "the regex has an error at byte 1: a set begins with ']': write '\\]'"
    );
    EXPECT_EQ(
        refusal("\\x4\x11"), "the regex has an error at byte 3: 2 hexadecimal digits are wanted"
    );
    EXPECT_EQ(refusal("\xE0\x80\xAF"), "the regex has an error at byte 3: this is not UTF-8");
    for (const char* counts : {"x{3,2}", "x{2001}", "x{1,3000}", "x{99999999999}"}) {
        EXPECT_EQ(
            refusal(counts),
            "the regex has an error at byte 1: a repetition goes from low to high, at most 2000"
        );
    }
    EXPECT_EQ(refusal("\\x4"), "the regex has an error at byte 3: 2 hexadecimal digits are wanted");
    EXPECT_EQ(refusal("\\uD800"), "the regex has an error at byte 6: there is no such character");
    EXPECT_EQ(refusal("\xFF"), "the regex has an error at byte 0: this is not UTF-8");
    EXPECT_EQ(refusal("a\xC3"), "the regex has an error at byte 2: this is not UTF-8");
    EXPECT_EQ(
        refusal("a{x}"),
        "the regex has an error at byte 1: a repetition is {N}, {N,}, {,N} or {N,N}; '\\{' is the "
        "character"
    );
}

TEST(RegexGrammar, refuses_what_a_grammar_cannot_say) {
    const std::string assertion = "assertions and flags cannot be followed";
    for (const char* regex : {"(?=a)", "(?!a)", "(?<=a)b", "(?<!a)b", "(?i)a", "(?P=a)"}) {
        EXPECT_NE(refusal(regex).find(assertion), std::string::npos) << regex;
    }
    for (const char* regex : {"\\b", "(a)\\1", "\\p{L}", "\\A", "\\k<a>"}) {
        EXPECT_NE(refusal(regex).find("cannot be followed"), std::string::npos) << regex;
    }
    EXPECT_NE(refusal("a^b").find("only taken at the start"), std::string::npos);
    EXPECT_NE(refusal("a$b").find("only taken at the end"), std::string::npos);
}

TEST(RegexGrammar, large_ones_are_refused) {
    EXPECT_NE(refusal(std::string(20'000, 'a')).find("has 20000 bytes"), std::string::npos);
    EXPECT_NE(
        refusal(std::string(100, '(') + "a" + std::string(100, ')')).find("nested too deep"),
        std::string::npos
    );
}

TEST(RegexGrammar, options_name_a_grammar_in_one_way) {
    SamplingOptions options;
    EXPECT_EQ(*answer_grammar(options), "");
    options.regex = "a";
    EXPECT_EQ(*answer_grammar(options), "root ::= \"a\"\n");
    options.grammar = "root ::= \"b\"";
    EXPECT_EQ(
        answer_grammar(options).error().message,
        "an answer follows a regex, or a grammar, format or schema: give one of them"
    );
    options.regex.clear();
    EXPECT_EQ(*answer_grammar(options), options.grammar);
}

}  // namespace
}  // namespace mullama
