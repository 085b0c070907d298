#include "cli/conversation.h"

#include <gtest/gtest.h>

namespace mullama::cli {
namespace {

TEST(Conversation, puts_the_system_message_first) {
    Conversation conversation;
    conversation.messages = {{"user", "one"}, {"assistant", "two"}};
    EXPECT_EQ(conversation.all_messages(), conversation.messages);
    conversation.system = "be brief";
    ASSERT_EQ(conversation.all_messages().size(), 3U);
    EXPECT_EQ(conversation.all_messages()[0], (Message{"system", "be brief"}));
}

TEST(Conversation, joins_its_turns_for_a_model_that_continues_text) {
    Conversation conversation;
    conversation.messages = {{"user", "Once"}, {"assistant", " upon"}, {"user", " a time"}};
    EXPECT_EQ(conversation.plain_text(), "Once upon a time");
}

TEST(Conversation, a_grammar_constrains_the_answer) {
    Conversation conversation;
    EXPECT_TRUE(conversation.sampling().grammar.empty());
    conversation.grammar = "root ::= \"yes\"";
    EXPECT_EQ(conversation.sampling().grammar, "root ::= \"yes\"");
}

}  // namespace
}  // namespace mullama::cli
