#include "engine/prefix_tree.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<Token> tokens_of(std::string_view text) {
    return {text.begin(), text.end()};
}

SharedState state_of(std::string_view text) {
    std::vector<std::byte> state;
    for (const char letter : text) state.push_back(static_cast<std::byte>(letter));
    return std::make_shared<const std::vector<std::byte>>(std::move(state));
}

std::string text_of(const SharedState& state) {
    std::string letters;
    for (const std::byte letter : *state) letters += static_cast<char>(letter);
    return letters;
}

/// A tree of texts whose tokens are letters, and whose states are the letters again.
class PrefixTreeTest : public testing::Test {
  protected:
    bool add(std::string_view text, std::size_t begin) {
        const auto state = state_of(text.substr(begin));
        return tree_.add(tokens_of(text), static_cast<std::int32_t>(begin), state, state->size());
    }

    /// The parts that begin a text.
    std::vector<std::string> find(std::string_view text, bool whole) {
        const auto match = tree_.find(tokens_of(text), whole);
        std::vector<std::string> parts;
        std::int32_t end = 0;
        for (const auto& part : match.parts) {
            EXPECT_EQ(part.begin, end);
            end = part.end;
            parts.push_back(
                text_of(part.state).substr(0, static_cast<std::size_t>(part.end - part.begin))
            );
        }
        EXPECT_EQ(match.tokens, end);
        return parts;
    }

    static constexpr std::size_t kTokenBytes = sizeof(Token) + 1;
    std::vector<std::string> dropped_;
    PrefixTree<SharedState> tree_{20 * kTokenBytes, [this](const SharedState& state) {
                                      dropped_.push_back(text_of(state));
                                  }};
};

TEST_F(PrefixTreeTest, begins_empty) {
    EXPECT_THAT(find("abc", false), IsEmpty());
    EXPECT_EQ(tree_.bytes(), 0U);
}

TEST_F(PrefixTreeTest, finds_the_pieces_that_begin_a_text) {
    EXPECT_TRUE(add("abc", 0));
    EXPECT_TRUE(add("abcdef", 3));
    EXPECT_THAT(find("abcdefgh", true), ElementsAre("abc", "def"));
    EXPECT_THAT(find("abcdxx", true), ElementsAre("abc"));
    EXPECT_THAT(find("abcdxx", false), ElementsAre("abc", "d"));
    EXPECT_THAT(find("ab", false), ElementsAre("ab"));
    EXPECT_THAT(find("ab", true), IsEmpty());
    EXPECT_THAT(find("xabc", false), IsEmpty());
    EXPECT_EQ(tree_.bytes(), 6 * kTokenBytes);
}

TEST_F(PrefixTreeTest, finds_the_longest_of_several_ways) {
    add("ab", 0);
    add("abcd", 2);
    add("abcxyz", 0);
    EXPECT_THAT(find("abcxy", false), ElementsAre("abcxy"));
    EXPECT_THAT(find("abcd", false), ElementsAre("ab", "cd"));
    EXPECT_THAT(find("abcxy", true), ElementsAre("ab"));
}

TEST_F(PrefixTreeTest, takes_a_piece_only_where_it_goes_on) {
    EXPECT_FALSE(add("abcdef", 3));
    add("abcd", 0);
    EXPECT_FALSE(add("abcdef", 3));
    EXPECT_THAT(find("abcdef", true), ElementsAre("abcd"));
    EXPECT_EQ(tree_.bytes(), 4 * kTokenBytes);
}

TEST_F(PrefixTreeTest, what_was_used_least_recently_makes_room) {
    add("aaaaaaaa", 0);
    add("bbbbbbbb", 0);
    find("aaa", false);
    EXPECT_TRUE(add("cccccccc", 0));
    EXPECT_THAT(find("bbbbbbbb", false), IsEmpty());
    EXPECT_THAT(find("aaaaaaaa", true), ElementsAre("aaaaaaaa"));
    EXPECT_THAT(find("cccccccc", true), ElementsAre("cccccccc"));
    EXPECT_THAT(dropped_, ElementsAre("bbbbbbbb"));
}

TEST_F(PrefixTreeTest, a_piece_stays_while_another_goes_on_from_it) {
    add("aaaa", 0);
    add("aaaabbbbbbbb", 4);
    EXPECT_TRUE(add("cccccccccc", 0));
    EXPECT_THAT(find("aaaabbbbbbbb", true), ElementsAre("aaaa"));
}

TEST_F(PrefixTreeTest, refuses_what_there_is_no_room_for) {
    EXPECT_FALSE(add("aaaaaaaaaaaaaaaaaaaaa", 0));
    EXPECT_EQ(tree_.bytes(), 0U);
    EXPECT_TRUE(add("bbbb", 0));
    EXPECT_FALSE(add("aaaaaaaaaaaaaaaaaaaaa", 0));
    EXPECT_THAT(find("bbbb", true), ElementsAre("bbbb"));
    EXPECT_TRUE(add("aaaaaaaaaa", 0));
    EXPECT_FALSE(add("aaaaaaaaaaaaaaaaaaaaa", 10));
    EXPECT_THAT(find("aaaaaaaaaaaaaaaaaaaaa", true), ElementsAre("aaaaaaaaaa"));
}

TEST_F(PrefixTreeTest, cuts_off_a_piece_and_what_goes_on_from_it) {
    add("aa", 0);
    add("aabb", 2);
    add("aabbcc", 4);
    add("aadd", 2);
    const auto state = tree_.find(tokens_of("aabb"), true).parts.at(1).state;
    tree_.cut(state);
    EXPECT_THAT(find("aabbcc", true), ElementsAre("aa"));
    EXPECT_THAT(find("aadd", true), ElementsAre("aa", "dd"));
    EXPECT_THAT(dropped_, testing::UnorderedElementsAre("bb", "cc"));
    EXPECT_EQ(tree_.bytes(), 4 * kTokenBytes);
    tree_.cut(state);
    EXPECT_EQ(tree_.bytes(), 4 * kTokenBytes);
}

// Against a list of all that was added.
TEST_F(PrefixTreeTest, finds_as_much_as_a_look_at_every_piece_does) {
    for (unsigned seed = 0; seed < 300; ++seed) {
        std::mt19937 random(seed);
        PrefixTree<SharedState> tree(std::size_t{1} << 20);
        std::vector<std::string> added;
        const auto ends_at = [&](const std::string& text) {
            return text.empty() || std::ranges::find(added, text) != added.end();
        };
        for (int round = 0; round < 40; ++round) {
            std::string text;
            for (std::size_t length = 1 + random() % 8; text.size() < length;) {
                text += static_cast<char>('a' + random() % 3);
            }
            std::size_t whole = 0;
            std::size_t part = 0;
            for (const std::string& known : added) {
                const auto common =
                    static_cast<std::size_t>(common_length(tokens_of(known), tokens_of(text)));
                if (common == known.size()) whole = std::max(whole, common);
                part = std::max(part, common);
            }
            ASSERT_EQ(tree.find(tokens_of(text), true).tokens, static_cast<int>(whole)) << seed;
            ASSERT_EQ(tree.find(tokens_of(text), false).tokens, static_cast<int>(part)) << seed;
            const std::size_t begin = random() % text.size();
            const bool fits = ends_at(text.substr(0, begin)) && !ends_at(text);
            const auto state = state_of(text.substr(begin));
            const bool did =
                tree.add(tokens_of(text), static_cast<std::int32_t>(begin), state, state->size());
            ASSERT_EQ(did, fits) << seed;
            if (did) added.push_back(text);
        }
    }
}

TEST_F(PrefixTreeTest, is_right_for_any_texts) {
    std::mt19937 random(1);
    const auto below = [&](std::size_t count) { return random() % count; };
    for (int round = 0; round < 2000; ++round) {
        std::string text;
        for (std::size_t length = 1 + below(9); text.size() < length;) {
            text += static_cast<char>('a' + below(2));
        }
        std::string found;
        for (const auto& part : find(text, true)) found += part;
        ASSERT_TRUE(text.starts_with(found));
        if (found.size() < text.size()) add(text, found.size());
        ASSERT_LE(tree_.bytes(), 20 * kTokenBytes);
        std::string longer;
        for (const auto& part : find(text, false)) longer += part;
        ASSERT_TRUE(text.starts_with(longer));
        ASSERT_GE(longer.size(), found.size());
    }
}

TEST(CommonLength, counts_the_tokens_that_texts_begin_with_alike) {
    EXPECT_EQ(common_length(tokens_of("abc"), tokens_of("abd")), 2);
    EXPECT_EQ(common_length(tokens_of("ab"), tokens_of("abc")), 2);
    EXPECT_EQ(common_length(tokens_of(""), tokens_of("abc")), 0);
}

}  // namespace
}  // namespace mullama
