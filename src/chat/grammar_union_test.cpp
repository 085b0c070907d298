#include "chat/grammar_union.h"

#include <gtest/gtest.h>

namespace mullama {
namespace {

TEST(GrammarUnion, keeps_rules_of_one_name_apart) {
    EXPECT_EQ(
        grammar_union("root ::= a-1? a-1\na-1 ::= \"x\"\n", "root ::= a-1\na-1 ::= \"y\"\n"),
        "root ::= one-root | other-root\n"
        "one-root ::= one-a-1? one-a-1\none-a-1 ::= \"x\"\n\n"
        "other-root ::= other-a-1\nother-a-1 ::= \"y\"\n"
    );
}

TEST(GrammarUnion, leaves_texts_sets_numbers_and_comments_as_they_are) {
    const std::string rule = R"(root ::= "a \" b" [^a\]b]{1,3} <tool> . # a "comment
)";
    EXPECT_EQ(
        grammar_union(rule, "root ::= b"),
        "root ::= one-root | other-root\none-" + rule + "\nother-root ::= other-b"
    );
}

TEST(GrammarUnion, takes_what_is_no_grammar_too) {
    EXPECT_EQ(grammar_union("\"a\\", "["), "root ::= one-root | other-root\n\"a\\\n[");
}

}  // namespace
}  // namespace mullama
