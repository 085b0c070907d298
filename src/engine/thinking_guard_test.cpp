#include "engine/thinking_guard.h"

#include <gtest/gtest.h>

namespace mullama {
namespace {

ThinkingGuard guard(std::int32_t tokens, std::string start = "<think>") {
    return ThinkingGuard({.tokens = tokens, .start = std::move(start), .ends = {"</think>"}});
}

TEST(ThinkingGuard, counts_the_tokens_between_the_borders) {
    ThinkingGuard watched = guard(2);
    for (const char* piece : {"<th", "ink>"}) {
        EXPECT_FALSE(watched.is_over());
        watched.push(piece);
    }
    EXPECT_FALSE(watched.is_over());
    watched.push("one");
    EXPECT_FALSE(watched.is_over());
    watched.push("two");
    EXPECT_TRUE(watched.is_over());
    EXPECT_EQ(watched.end_text(), "</think>");
    for (const char* piece : {"</", "think", ">", "answer", "more"}) watched.push(piece);
    EXPECT_FALSE(watched.is_over());
}

TEST(ThinkingGuard, leaves_an_answer_without_thinking_alone) {
    ThinkingGuard watched = guard(0);
    for (int i = 0; i < 100; ++i) watched.push("word ");
    EXPECT_FALSE(watched.is_over());
}

TEST(ThinkingGuard, without_a_start_it_thinks_from_the_beginning) {
    EXPECT_TRUE(guard(0, "").is_over());
    ThinkingGuard watched = guard(3, "");
    watched.push("a");
    watched.push("b</think>");
    watched.push("c");
    watched.push("d");
    EXPECT_FALSE(watched.is_over());
}

TEST(ThinkingGuard, no_budget_is_no_bound) {
    ThinkingGuard watched = guard(-1, "");
    for (int i = 0; i < 100; ++i) watched.push("word ");
    EXPECT_FALSE(watched.is_over());
    EXPECT_FALSE(ThinkingGuard({.tokens = 0}).is_over());
}

}  // namespace
}  // namespace mullama
