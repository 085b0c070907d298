#include "engine/ngram.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

namespace mullama {
namespace {

using Tokens = std::vector<Token>;

TEST(Ngram, guesses_what_came_after_the_longest_match) {
    const Tokens text = {1, 2, 3, 40, 9, 2, 3, 50, 9, 1, 2, 3};
    const NgramGuess guess = guess_by_ngram(text, 2);
    EXPECT_EQ(guess.match, 3);
    EXPECT_EQ(guess.tokens, (Tokens{40, 9}));
}

TEST(Ngram, of_equal_matches_the_latest_counts) {
    const Tokens text = {2, 3, 40, 2, 3, 50, 2, 3};
    EXPECT_EQ(guess_by_ngram(text, 1).tokens, Tokens{50});
}

TEST(Ngram, a_repetition_is_taken_to_go_on) {
    const Tokens text = {7, 1, 2, 3, 1, 2, 3, 1, 2};
    EXPECT_EQ(guess_by_ngram(text, 7).tokens, (Tokens{3, 1, 2, 3, 1, 2, 3}));
    const Tokens same = {5, 5, 5};
    EXPECT_EQ(guess_by_ngram(same, 4).tokens, (Tokens{5, 5, 5, 5}));
}

TEST(Ngram, guesses_nothing_for_what_is_new_or_too_short) {
    for (const Tokens& text : {Tokens{}, Tokens{1}, Tokens{1, 1}, Tokens{1, 2, 3, 1}}) {
        EXPECT_EQ(guess_by_ngram(text, 4).match, 0);
        EXPECT_TRUE(guess_by_ngram(text, 4).tokens.empty());
    }
}

TEST(Ngram, never_guesses_a_row_of_a_picture) {
    const Tokens text = {1, 2, 3, -7, -8, 1, 2};
    EXPECT_EQ(guess_by_ngram(text, 4).tokens, Tokens{3});
}

TEST(Ngram, agrees_with_the_plain_definition_on_random_texts) {
    std::mt19937 random(1);
    for (int round = 0; round < 2000; ++round) {
        Tokens text(random() % 200);
        const auto kinds = 1 + random() % 30;
        for (Token& token : text) token = static_cast<Token>(random() % kinds);
        const NgramGuess guess = guess_by_ngram(text, 5);
        std::size_t longest = 0;
        std::size_t place = 0;
        for (std::size_t end = 1; end < text.size(); ++end) {
            std::size_t match = 0;
            while (match < std::min<std::size_t>(end, kNgramMax) &&
                   text[end - 1 - match] == text[text.size() - 1 - match]) {
                ++match;
            }
            if (match >= std::max<std::size_t>(longest, kNgramMin)) {
                longest = match;
                place = end;
            }
        }
        ASSERT_EQ(guess.match, static_cast<std::int32_t>(longest));
        if (longest == 0) continue;
        ASSERT_EQ(guess.tokens.size(), 5U);
        text.insert(text.end(), guess.tokens.begin(), guess.tokens.end());
        ASSERT_TRUE(std::equal(text.end() - 5, text.end(), text.begin() + place));
    }
}

}  // namespace
}  // namespace mullama
