#include "engine/stop_matcher.h"

#include <mullama/detokenizer.h>

#include <algorithm>
#include <optional>
#include <random>

#include <gtest/gtest.h>

namespace mullama {
namespace {

struct Outcome {
    std::string text;
    std::string match;

    friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// What a search of the whole text finds: the definition that the matcher is held against.
Outcome search_whole(const std::string& text, const std::vector<std::string>& stops) {
    for (std::size_t end = 1; end <= text.size(); ++end) {
        std::string best;
        for (const auto& stop : stops) {
            const bool ends_here = std::string_view(text).substr(0, end).ends_with(stop);
            if (ends_here && stop.size() > best.size()) best = stop;
        }
        if (!best.empty()) return {text.substr(0, end - best.size()), best};
    }
    return {text, ""};
}

Outcome push_all(const std::vector<std::string>& pieces, const std::vector<std::string>& stops) {
    StopMatcher matcher(stops);
    std::string text;
    for (const auto& piece : pieces) text += matcher.push(piece);
    text += matcher.flush();
    return {text, matcher.match()};
}

std::vector<std::string> cut_at_random(const std::string& text, std::mt19937& random) {
    std::vector<std::string> pieces;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t length = std::uniform_int_distribution<std::size_t>(1, 5)(random);
        pieces.push_back(text.substr(begin, length));
        begin += length;
    }
    return pieces;
}

TEST(StopMatcher, without_stops_gives_everything_at_once) {
    StopMatcher matcher({});
    EXPECT_EQ(matcher.push("abc"), "abc");
    EXPECT_EQ(matcher.flush(), "");
}

TEST(StopMatcher, finds_a_stop_string_across_pieces_and_gives_no_part_of_it) {
    StopMatcher matcher({"</end>"});
    EXPECT_EQ(matcher.push("text<"), "text");
    EXPECT_EQ(matcher.push("/en"), "");
    EXPECT_EQ(matcher.push("d>more"), "");
    EXPECT_EQ(matcher.match(), "</end>");
    EXPECT_EQ(matcher.push("more"), "");
    EXPECT_EQ(matcher.flush(), "");
}

TEST(StopMatcher, holds_back_only_what_could_become_a_stop_string) {
    StopMatcher matcher({"abab"});
    EXPECT_EQ(matcher.push("xab"), "x");
    EXPECT_EQ(matcher.push("a"), "");
    EXPECT_EQ(matcher.push("c"), "abac");
    EXPECT_EQ(matcher.push("ab"), "");
    EXPECT_EQ(matcher.flush(), "ab");
}

TEST(StopMatcher, the_stop_string_that_is_complete_first_wins) {
    EXPECT_EQ(push_all({"xabcd"}, {"abcd", "c"}), (Outcome{"xab", "c"}));
    EXPECT_EQ(push_all({"xabc", "d"}, {"abcd", "c"}), (Outcome{"xab", "c"}));
}

TEST(StopMatcher, of_those_complete_at_once_the_longest_wins) {
    EXPECT_EQ(push_all({"x\n\nUser:"}, {"User:", "\n\nUser:", ":"}), (Outcome{"x", "\n\nUser:"}));
}

TEST(StopMatcher, a_stop_string_that_is_the_whole_text_leaves_nothing) {
    EXPECT_EQ(push_all({"stop"}, {"stop"}), (Outcome{"", "stop"}));
}

TEST(StopMatcher, any_cut_gives_what_a_search_of_the_whole_text_gives) {
    std::mt19937 random(7);
    const auto word = [&](std::size_t length_max) {
        std::string text;
        const auto length = std::uniform_int_distribution<std::size_t>(1, length_max)(random);
        for (std::size_t i = 0; i < length; ++i) {
            text += static_cast<char>('a' + std::uniform_int_distribution<int>(0, 2)(random));
        }
        return text;
    };
    int matches = 0;
    for (int round = 0; round < 5000; ++round) {
        std::vector<std::string> stops;
        for (int i = 0; i < 1 + round % 3; ++i) stops.push_back(word(6));
        const std::string text = word(30);
        const Outcome whole = search_whole(text, stops);
        if (!whole.match.empty()) ++matches;
        ASSERT_EQ(push_all(cut_at_random(text, random), stops), whole) << text;
    }
    EXPECT_GT(matches, 1000);
    EXPECT_LT(matches, 4900);
}

TEST(StopMatcher, any_cut_inside_characters_gives_valid_text_behind_a_detokenizer) {
    const std::string text = "Grüße, 世界! 👋🏽 Ende — und 終わり noch etwas";
    const std::vector<std::string> stops = {"終わり", "世界?"};
    const Outcome whole = search_whole(text, stops);
    ASSERT_EQ(whole.match, "終わり");
    std::mt19937 random(11);
    for (int round = 0; round < 500; ++round) {
        Detokenizer detokenizer;
        StopMatcher matcher(stops);
        std::string joined;
        for (const auto& bytes : cut_at_random(text, random)) {
            const std::string given = matcher.push(detokenizer.push(bytes));
            ASSERT_TRUE(is_valid_utf8(given));
            joined += given;
        }
        joined += matcher.push(detokenizer.flush());
        joined += matcher.flush();
        ASSERT_EQ(joined, whole.text);
    }
}

}  // namespace
}  // namespace mullama
