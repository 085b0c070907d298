#include "api/long_prompt.h"

#include <gtest/gtest.h>

namespace mullama::api {
namespace {

TEST(LongPrompt, is_known_by_the_engines_sentence) {
    EXPECT_EQ(
        read_long_prompt("prompt has 17 tokens, context is 16: raise num_ctx or shorten the prompt"
        ),
        (LongPrompt{17, 16})
    );
    EXPECT_EQ(
        read_long_prompt(
            "the last message alone needs more than the 15 tokens of the context: raise num_ctx"
        ),
        (LongPrompt{.context_length = 15})
    );
}

TEST(LongPrompt, other_sentences_are_about_something_else) {
    for (const char* other :
         {"",
          "prompt has ",
          "prompt has 1 tokens",
          "prompt is empty: give text or tokens",
          "prompt has x tokens, context is 5",
          "no: prompt has 1 tokens, context is 5"}) {
        EXPECT_EQ(read_long_prompt(other), std::nullopt) << other;
    }
}

}  // namespace
}  // namespace mullama::api
