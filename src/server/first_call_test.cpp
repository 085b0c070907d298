#include "server/first_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Parts = std::vector<AnswerPart>;

const AnswerPart kText{AnswerPartKind::kContent, "a"};
const AnswerPart kCall{AnswerPartKind::kToolCall, "f", 0};
const AnswerPart kEnd{AnswerPartKind::kToolCallEnd, "", 0};
const AnswerPart kSecond{AnswerPartKind::kToolCall, "g", 1};

TEST(FirstCall, keeps_all_up_to_its_end) {
    FirstCall first;
    Parts parts = {kText, kCall};
    EXPECT_FALSE(first.cut(parts));
    EXPECT_THAT(parts, ElementsAre(kText, kCall));
    parts = {kEnd};
    EXPECT_FALSE(first.cut(parts));
    EXPECT_THAT(parts, ElementsAre(kEnd));
}

TEST(FirstCall, drops_what_comes_with_its_end) {
    FirstCall first;
    Parts parts = {kCall, kEnd, kSecond};
    EXPECT_TRUE(first.cut(parts));
    EXPECT_THAT(parts, ElementsAre(kCall, kEnd));
}

TEST(FirstCall, drops_what_comes_later) {
    FirstCall first;
    Parts parts = {kCall, kEnd};
    EXPECT_FALSE(first.cut(parts));
    parts.clear();
    EXPECT_FALSE(first.cut(parts));
    parts = {kText};
    EXPECT_TRUE(first.cut(parts));
    EXPECT_THAT(parts, IsEmpty());
}

TEST(FirstCall, a_call_that_turns_out_to_be_none_does_not_count) {
    FirstCall first;
    Parts parts = {kCall, {AnswerPartKind::kToolCallBroken, "f", 0}, kText};
    EXPECT_FALSE(first.cut(parts));
    EXPECT_EQ(parts.size(), 3U);
}

}  // namespace
}  // namespace mullama::server
