#include "grammar/ebnf.h"

#include <cstddef>
#include <random>
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
        "\ng-0 ::= r-b | \"\" | r-c r-a"
        "\nr-a ::= r-b | r-c"
        "\nr-root ::= r-a-s g-0{1} g-0-s r-a{3} r-a-s"
        "\nr-a-s ::= \"\" | r-b r-a-s | r-c r-a-s"
        "\ng-0-s ::= \"\" | r-b g-0-s | r-c r-a g-0-s"
    );
}

TEST(Ebnf, tokens_and_nul_cannot_be_said) {
    EXPECT_EQ(ebnf_from_gbnf("root ::= <[12]>"), std::nullopt);
    EXPECT_EQ(ebnf_from_gbnf("root ::= !<|im_end|>"), std::nullopt);
    EXPECT_EQ(ebnf_from_gbnf(R"(root ::= "a\x00b")"), std::nullopt);
    EXPECT_EQ(ebnf_from_gbnf(R"(root ::= [\U00110000])"), std::nullopt);
}

// It trusts its input, but reads nothing beyond it.
TEST(Ebnf, any_text_is_read_to_its_end_and_no_further) {
    const std::string seed = R"(root ::= (a | "b\x41" [^c-d\n]*)+ {2,3} . # e
a ::= "é"{2,} | (<[1]>)? "")";
    std::mt19937 random(11);
    for (int i = 0; i < 20000; ++i) {
        std::string text = seed.substr(random() % seed.size(), random() % seed.size());
        for (std::size_t changes = random() % 4; changes > 0 && !text.empty(); --changes) {
            text[random() % text.size()] = seed[random() % seed.size()];
        }
        text.shrink_to_fit();
        const auto ebnf = ebnf_from_gbnf(text);
        EXPECT_LT(ebnf.value_or("").size(), 60 * (text.size() + 1));
    }
}

}  // namespace
}  // namespace mullama
