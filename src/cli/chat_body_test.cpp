#include "cli/chat_body.h"

#include "api/ollama/requests.h"

#include <gtest/gtest.h>

namespace mullama::cli {
namespace {

Conversation example() {
    Conversation conversation;
    conversation.model = "smollm2:135m";
    conversation.system = "Be \"brief\".";
    Message said{"assistant", "yes"};
    said.thinking = "hm";
    Message shown{"user", "and this?"};
    shown.images = {"\x89PNG"};
    conversation.messages = {{"user", "one"}, said, shown};
    return conversation;
}

TEST(ChatBody, is_read_by_the_server_as_it_was_meant) {
    Conversation conversation = example();
    ASSERT_TRUE(conversation.options.set("temperature=0.5"));
    ASSERT_TRUE(conversation.options.set("stop=x"));
    conversation.think = "high";
    conversation.keep_alive = "5m";
    conversation.format = R"({"type":"object"})";
    const Result<api::ChatCall> call = api::ollama::parse_chat(chat_body(conversation));
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_EQ(call->use.model, "smollm2:135m");
    EXPECT_EQ(call->use.keep_alive, std::chrono::minutes(5));
    EXPECT_FLOAT_EQ(call->use.options.values().sampling.temperature, 0.5F);
    EXPECT_EQ(call->use.options.values().stop, std::vector<std::string>{"x"});
    EXPECT_EQ(call->request.messages, conversation.all_messages());
    EXPECT_EQ(call->request.thinking, Thinking::kOn);
    EXPECT_EQ(call->request.reasoning_effort, "high");
    EXPECT_EQ(call->request.format, R"({"type":"object"})");
    EXPECT_TRUE(call->stream);
}

TEST(ChatBody, says_nothing_that_the_user_has_not) {
    Conversation conversation;
    conversation.model = "m";
    conversation.messages = {{"user", "hi"}};
    EXPECT_EQ(
        chat_body(conversation), R"({"model":"m","messages":[{"role":"user","content":"hi"}]})"
    );
    EXPECT_EQ(load_body(conversation), R"({"model":"m"})");
    EXPECT_EQ(continue_body(conversation), R"({"model":"m","raw":true,"prompt":"hi"})");
}

TEST(ChatBody, thinking_is_switched_by_true_and_false) {
    Conversation conversation = example();
    for (const auto& [word, json] :
         {std::pair("true", "\"think\":true"),
          std::pair("false", "\"think\":false"),
          std::pair("low", "\"think\":\"low\"")}) {
        conversation.think = word;
        EXPECT_NE(chat_body(conversation).find(json), std::string::npos) << word;
    }
}

TEST(ChatBody, a_keep_alive_time_is_a_number_or_a_text) {
    EXPECT_EQ(keep_alive_json("-1"), "-1");
    EXPECT_EQ(keep_alive_json("300"), "300");
    EXPECT_EQ(keep_alive_json("5m"), "\"5m\"");
}

}  // namespace
}  // namespace mullama::cli
