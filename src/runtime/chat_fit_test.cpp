#include "runtime/chat_fit.h"

#include "base/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama {
namespace {

using testing::ElementsAre;

// One token a character of content.
Result<std::size_t> characters(std::span<const Message> messages) {
    std::size_t count = 0;
    for (const Message& message : messages) {
        count += message.content.size();
    }
    return count;
}

const std::vector<Message> kTalk = {
    {"system", "ss"},
    {"user", "aaaa"},
    {"assistant", "bbbb"},
    {"user", "cccc"},
    {"assistant", "dddd"},
    {"user", "ee"},
};

TEST(FitMessages, keeps_what_fits) {
    EXPECT_EQ(*fit_messages(kTalk, 20, characters), kTalk);
}

TEST(FitMessages, drops_the_oldest_turns_first_and_no_more_than_needed) {
    auto fitted = fit_messages(kTalk, 19, characters);
    ASSERT_TRUE(fitted);
    EXPECT_THAT(*fitted, ElementsAre(kTalk[0], kTalk[3], kTalk[4], kTalk[5]));
}

TEST(FitMessages, keeps_system_messages_and_the_last_one) {
    auto fitted = fit_messages(kTalk, 4, characters);
    ASSERT_TRUE(fitted);
    EXPECT_THAT(*fitted, ElementsAre(kTalk[0], kTalk[5]));
}

TEST(FitMessages, says_so_when_the_last_message_alone_is_too_long) {
    auto fitted = fit_messages(kTalk, 3, characters);
    ASSERT_FALSE(fitted);
    EXPECT_EQ(fitted.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(fitted.error().message, testing::HasSubstr("raise num_ctx"));
}

TEST(FitMessages, passes_on_an_error_of_the_template) {
    auto fitted = fit_messages(kTalk, 3, [](auto) -> Result<std::size_t> {
        return fail(ErrorCode::kInvalidArgument, "roles must alternate");
    });
    ASSERT_FALSE(fitted);
    EXPECT_EQ(fitted.error().message, "roles must alternate");
}

TEST(FitMessages, the_least_is_system_messages_and_the_last_one) {
    EXPECT_THAT(least_messages(kTalk), ElementsAre(kTalk[0], kTalk[5]));
}

TEST(FitMessages, asks_for_few_lengths_in_a_long_talk) {
    std::vector<Message> talk(1000, Message{"user", "x"});
    int asked = 0;
    auto fitted = fit_messages(talk, 10, [&](std::span<const Message> messages) {
        ++asked;
        return characters(messages);
    });
    ASSERT_TRUE(fitted);
    EXPECT_EQ(fitted->size(), 10U);
    EXPECT_LE(asked, 12);
}

}  // namespace
}  // namespace mullama
