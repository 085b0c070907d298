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

TEST(Conversation, a_system_message_is_no_plain_text) {
    Conversation conversation;
    conversation.model = "base";
    EXPECT_TRUE(conversation.check_plain());
    conversation.system = "be brief";
    const Result<void> refused = conversation.check_plain();
    ASSERT_FALSE(refused);
    EXPECT_NE(
        refused.error().message.find("the model base has no chat template"), std::string::npos
    );
}

}  // namespace
}  // namespace mullama::cli
