#include "grammar/ebnf.h"

#include <string>

#include <gtest/gtest.h>

namespace mullama {
namespace {

TEST(Ebnf, names_get_a_prefix_and_rules_a_line_each) {
    EXPECT_EQ(
        ebnf_from_gbnf("# digits\nroot ::= true  0a # the end\n0a::= true\n"),
        "\nr-0a ::= r-true"
        "\nr-root ::= r-true r-0a"
    );
}

TEST(Ebnf, a_rule_may_go_on_in_the_next_line) {
    EXPECT_EQ(
        ebnf_from_gbnf("root ::=\n  a |\n  ( b\n  )\na ::= b"),
        "\nr-a ::= r-b"
        "\nr-root ::= r-a | (r-b)"
    );
}

TEST(Ebnf, characters_become_code_points) {
    EXPECT_EQ(ebnf_from_gbnf(R"(root ::= "a\"\n\x41é" .)"), R"(
r-root ::= "\U00000061\U00000022\U0000000a\U00000041é" [\U00000001-\U0010ffff])");
}

TEST(Ebnf, sets_keep_their_ranges) {
    EXPECT_EQ(
        ebnf_from_gbnf(R"(root ::= [^"\x00-\x1F] [a-c-] [-a] [ä-\]])"),
        R"(
r-root ::= [^\U00000000\U00000022\U00000000-\U0000001f] [\U00000061-\U00000063\U0000002d] [\U0000002d\U00000061] [ä-\U0000005d])"
    );
}

TEST(Ebnf, an_empty_alternative_is_written_out) {
    EXPECT_EQ(
        ebnf_from_gbnf("root ::= | ( | a)?\na ::=\n"),
        "\nr-a ::= \"\""
        "\nr-root ::= \"\" | (\"\" | r-a)?"
    );
}

TEST(Ebnf, repetitions_of_characters_and_bounded_ones_stay) {
    EXPECT_EQ(
        ebnf_from_gbnf("root ::= [a]* [b]+ [c]{2,} a? a{2} (a | b){ 2 , 3 }"),
        R"(
r-root ::= [\U00000061]* [\U00000062]{1,} [\U00000063]{2,} r-a? r-a{2,2} (r-a | r-b){2,3})"
    );
}

TEST(Ebnf, other_repetitions_recur_behind_each_alternative) {
    EXPECT_EQ(
        ebnf_from_gbnf("root ::= a* (b | | c a)+ a{3,}\na ::= b | c"),
        "\ng0 ::= r-b | \"\" | r-c r-a"
        "\nr-a ::= r-b | r-c"
        "\nr-root ::= s0 (g0 s1) (r-a{3} s0)"
        "\ns0 ::= \"\" | r-b s0 | r-c s0"
        "\ns1 ::= \"\" | r-b s1 | r-c r-a s1"
    );
}

TEST(Ebnf, a_quantifier_applies_to_all_that_the_one_before_it_made) {
    EXPECT_EQ(
        ebnf_from_gbnf("root ::= a+? a{2,}* [b]+?\na ::= b"),
        "\nr-a ::= r-b"
        "\nr-root ::= ((r-a s0))? ((r-a{2} s0))* ([\\U00000062]{1,})?"
        "\ns0 ::= \"\" | r-b s0"
    );
}

TEST(Ebnf, what_is_repeated_no_times_is_nothing) {
    EXPECT_EQ(ebnf_from_gbnf("root ::= a{0} \"x\"{0,0}"), "\nr-root ::= \"\" \"\"");
}

TEST(Ebnf, what_is_repeated_once_at_most_is_no_repetition) {
    EXPECT_EQ(ebnf_from_gbnf("root ::= a{1} a{0,1} a{1}{1}"), "\nr-root ::= r-a r-a? (r-a)");
}

TEST(Ebnf, an_empty_set_is_nothing) {
    EXPECT_EQ(ebnf_from_gbnf("root ::= [] [^]"), "\nr-root ::= \"\" \"\"");
}

TEST(Ebnf, more_repetitions_than_llama_cpp_counts_have_no_end) {
    EXPECT_EQ(ebnf_from_gbnf("root ::= [a]{1,2001}"), "\nr-root ::= [\\U00000061]{1,}");
}

TEST(Ebnf, braces_may_hold_space_and_comments) {
    EXPECT_EQ(
        ebnf_from_gbnf("root ::= (a{ 2 ,\n3 } a{# }\n2})"), "\nr-root ::= (r-a{2,3} r-a{2,2})"
    );
}

TEST(Ebnf, what_takes_too_long_to_compile_stays) {
    std::string alternatives = "root ::= \"x\"";
    for (int i = 0; i < 16384; ++i) alternatives += "|a";
    EXPECT_EQ(ebnf_from_gbnf(alternatives), std::nullopt);
    std::string product = "root ::= \"x\"\nb ::= \"y\"";
    for (int i = 0; i < 200; ++i) product += "|a \"1\"";
    product += "\na ::= \"z\"";
    for (int i = 0; i < 200; ++i) product += "|\"z\"";
    EXPECT_EQ(ebnf_from_gbnf(product), std::nullopt);
    std::string name(15000, 'n');
    std::string longest = "root ::= " + name + "*\n" + name + " ::= \"a\"";
    for (int i = 0; i < 4000; ++i) longest += "|" + std::string("\"a\"");
    EXPECT_LT(ebnf_from_gbnf(longest).value_or("").size(), 1U << 20);
    EXPECT_EQ(
        ebnf_from_gbnf("root ::= [ab]{128,} | [ab]{256,} | [b]{700,} | [c]{700,} | [d]{200,}"),
        std::nullopt
    );
    EXPECT_EQ(
        ebnf_from_gbnf("root ::= d{9,400} | d{9,401} | d{9,402} | d{9,403} | d{9,404}\nd ::= [0-9]"
        ),
        std::nullopt
    );
    EXPECT_EQ(ebnf_from_gbnf("root ::= \"" + std::string(8000, 'x') + "\"{128}"), std::nullopt);
    EXPECT_EQ(ebnf_from_gbnf("root ::= \"" + std::string(1 << 16, 'x') + '"'), std::nullopt);
    EXPECT_EQ(ebnf_from_gbnf("root ::= ([a]{4} [b]){400}"), std::nullopt);
    EXPECT_TRUE(ebnf_from_gbnf("root ::= ([a]{2} [b]){400}"));
}

TEST(Ebnf, tokens_and_nul_cannot_be_said) {
    EXPECT_EQ(ebnf_from_gbnf("root ::= <[12]>"), std::nullopt);
    EXPECT_EQ(ebnf_from_gbnf("root ::= !<|im_end|>"), std::nullopt);
    EXPECT_EQ(ebnf_from_gbnf(R"(root ::= "a\x00b")"), std::nullopt);
    EXPECT_EQ(ebnf_from_gbnf(R"(root ::= [\U00110000])"), std::nullopt);
}

}  // namespace
}  // namespace mullama
