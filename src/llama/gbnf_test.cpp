#include "llama/gbnf.h"

#include <string>

#include <gtest/gtest.h>

namespace mullama {
namespace {

bool knows_im_end(std::string_view token) {
    return token == "<|im_end|>";
}

Result<void> check(const std::string& grammar) {
    return check_gbnf(grammar, "root", knows_im_end);
}

std::string refusal(const std::string& grammar) {
    const auto result = check(grammar);
    if (result) return "accepted";
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
    return result.error().message;
}

TEST(Gbnf, accepts_every_part_of_the_language) {
    EXPECT_TRUE(check(R"(
        # a comment
        root ::= greeting ("," space name)* "!"? end | [^a-z\n]{2,3} . | <|im_end|> | !<[12]>
        greeting ::= "hello" | "\x41\u00e4\U0001F600\t\"" | ""
        space ::= [ \t]{1,} | [-x] | [a-] | []
        name ::= [A-Za-z]+
        end ::= (
            "." | "…"
        ){0,2}
    )"));
}

TEST(Gbnf, accepts_recursion_that_consumes_something_first) {
    EXPECT_TRUE(check("root ::= \"(\" root \")\" | \"x\""));
    EXPECT_TRUE(check("root ::= item root | \"\"\nitem ::= \"a\""));
}

TEST(Gbnf, accepts_repetition_of_what_may_be_empty) {
    EXPECT_TRUE(check("root ::= (\"a\"? \"b\"?)*"));
}

TEST(Gbnf, names_line_and_column_of_a_mistake) {
    EXPECT_EQ(
        refusal("root ::= \"a\"\nb ::= [a-z"),
        "grammar, line 2, column 11: unexpected end of the grammar"
    );
    EXPECT_EQ(refusal("root := \"a\""), "grammar, line 1, column 6: expected ::=");
    EXPECT_EQ(refusal("root ::= (\"a\""), "grammar, line 1, column 14: expected ')'");
    EXPECT_EQ(refusal("root ::= \"\\q\""), "grammar, line 1, column 11: unknown escape");
    EXPECT_EQ(
        refusal("root ::= * \"a\""), "grammar, line 1, column 12: nothing to repeat before this"
    );
    EXPECT_EQ(
        refusal("root ::= \"\\x4\""),
        "grammar, line 1, column 11: too few hexadecimal digits in an escape"
    );
    EXPECT_EQ(
        refusal("root ::= \"a\" )"), "grammar, line 1, column 14: expected the end of the line"
    );
}

TEST(Gbnf, refuses_an_undefined_rule_by_name) {
    EXPECT_NE(
        refusal("root ::= missing").find("'missing' is used and not defined"), std::string::npos
    );
}

TEST(Gbnf, refuses_a_grammar_without_the_root_rule) {
    EXPECT_NE(refusal("other ::= \"a\"").find("no rule 'root'"), std::string::npos);
    EXPECT_NE(refusal("").find("no rule 'root'"), std::string::npos);
}

TEST(Gbnf, refuses_left_recursion_of_any_kind) {
    EXPECT_NE(refusal("root ::= root \"a\" | \"b\"").find("left recursion"), std::string::npos);
    EXPECT_NE(
        refusal("root ::= a\na ::= b \"x\"\nb ::= a | \"y\"").find("left recursion"),
        std::string::npos
    );
    EXPECT_NE(
        refusal("root ::= a root \"x\" | \"y\"\na ::= b\nb ::= \"\"").find("left recursion"),
        std::string::npos
    );
}

TEST(Gbnf, refuses_repetitions_that_would_not_end) {
    EXPECT_NE(refusal("root ::= \"a\"{3,2}").find("ends before it begins"), std::string::npos);
    EXPECT_NE(refusal("root ::= \"a\"{2001}").find("2000"), std::string::npos);
    EXPECT_NE(refusal("root ::= \"a\"{1000}{1000}").find("2000"), std::string::npos);
    EXPECT_NE(refusal("root ::= \"a\"{99999999999999999999}").find("too large"), std::string::npos);
    EXPECT_TRUE(check("root ::= \"a\"{0,2000}"));
    EXPECT_TRUE(check("root ::= \"a\"{1,99999}"));
}

TEST(Gbnf, refuses_nesting_that_would_overflow_the_stack) {
    const std::string deep =
        "root ::= " + std::string(100000, '(') + "\"a\"" + std::string(100000, ')');
    EXPECT_NE(refusal(deep).find("nested too deeply"), std::string::npos);
}

TEST(Gbnf, refuses_rules_that_branch_without_bound) {
    std::string grammar = "root ::= r0\n";
    for (int i = 0; i < 60; ++i) {
        const auto next = "r" + std::to_string(i + 1);
        grammar += "r" + std::to_string(i) + " ::= " + next + " | " + next + "\n";
    }
    EXPECT_NE(refusal(grammar + "r60 ::= \"a\"").find("too many ways"), std::string::npos);
}

TEST(Gbnf, refuses_a_grammar_that_is_huge_once_written_out) {
    std::string grammar = "root ::= \"a\"";
    for (int i = 0; i < 2000; ++i) grammar += " \"b\"{2000}";
    EXPECT_NE(refusal(grammar).find("too large"), std::string::npos);
    EXPECT_NE(refusal(std::string(2 << 20, ' ')).find("at most"), std::string::npos);
}

TEST(Gbnf, refuses_a_chain_of_rules_as_deep_as_the_stack) {
    std::string grammar = "root ::= r0\n";
    for (int i = 0; i < 20000; ++i) {
        grammar += "r" + std::to_string(i) + " ::= r" + std::to_string(i + 1) + "\n";
    }
    EXPECT_NE(refusal(grammar + "r20000 ::= \"a\"").find("too many ways"), std::string::npos);
}

TEST(Gbnf, is_quick_on_a_long_row_of_empty_rules) {
    std::string grammar = "root ::= ";
    for (int i = 0; i < 3000; ++i) grammar += "e" + std::to_string(i) + " ";
    grammar += "\"x\"\n";
    for (int i = 0; i < 3000; ++i) grammar += "e" + std::to_string(i) + " ::= f\n";
    EXPECT_TRUE(check(grammar + "f ::= \"\""));
}

TEST(Gbnf, knows_the_vocabularys_tokens) {
    EXPECT_TRUE(check("root ::= <|im_end|>"));
    EXPECT_NE(refusal("root ::= <nothing>").find("not a single token"), std::string::npos);
    EXPECT_NE(refusal("root ::= <[12a]>").find("<[123]>"), std::string::npos);
}

TEST(Gbnf, survives_every_prefix_of_a_grammar) {
    const std::string grammar =
        "root ::= (\"a\" | [^b-c\\x41]{1,3} <|im_end|> !<[3]>)+ # note\n tail? \ntail ::= .\r\n";
    for (std::size_t n = 0; n <= grammar.size(); ++n) (void)check(grammar.substr(0, n)).has_value();
}

}  // namespace
}  // namespace mullama
