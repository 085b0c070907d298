#include <mullama/detokenizer.h>

#include <random>

#include <gtest/gtest.h>

namespace mullama {
namespace {

constexpr const char* kReplacement = "\xEF\xBF\xBD";

std::string repeat(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += kReplacement;
    return text;
}

TEST(Detokenizer, passes_plain_text_on_at_once) {
    Detokenizer detokenizer;
    EXPECT_EQ(detokenizer.push("hello"), "hello");
    EXPECT_EQ(detokenizer.flush(), "");
}

TEST(Detokenizer, holds_a_character_until_its_last_byte) {
    Detokenizer detokenizer;
    EXPECT_EQ(detokenizer.push("a\xF0\x9F"), "a");
    EXPECT_EQ(detokenizer.pending(), "\xF0\x9F");
    EXPECT_EQ(detokenizer.push("\x98"), "");
    EXPECT_EQ(detokenizer.push("\x80z"), "\xF0\x9F\x98\x80z");
    EXPECT_EQ(detokenizer.pending(), "");
}

TEST(Detokenizer, flush_replaces_a_character_that_was_not_ended) {
    Detokenizer detokenizer;
    EXPECT_EQ(detokenizer.push("\xE2\x82"), "");
    EXPECT_EQ(detokenizer.flush(), kReplacement);
    EXPECT_EQ(detokenizer.flush(), "");
    EXPECT_EQ(detokenizer.push("\xAC"), kReplacement);
}

// The examples of tables 3-8 to 3-11 of the Unicode Standard.
TEST(Detokenizer, replaces_maximal_subparts_as_unicode_recommends) {
    EXPECT_EQ(to_valid_utf8("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"), repeat(8) + "A");
    EXPECT_EQ(to_valid_utf8("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"), repeat(8) + "A");
    EXPECT_EQ(
        to_valid_utf8("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"), repeat(5) + "A" + repeat(2) + "B"
    );
    EXPECT_EQ(to_valid_utf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), repeat(4) + "A");
}

TEST(Detokenizer, keeps_the_borders_of_what_is_valid) {
    for (const char* text :
         {"\x7F",
          "\xC2\x80",
          "\xDF\xBF",
          "\xE0\xA0\x80",
          "\xED\x9F\xBF",
          "\xEE\x80\x80",
          "\xEF\xBF\xBF",
          "\xF0\x90\x80\x80",
          "\xF4\x8F\xBF\xBF"}) {
        EXPECT_TRUE(is_valid_utf8(text));
        EXPECT_EQ(to_valid_utf8(text), text);
    }
    for (const char* text :
         {"\x80",
          "\xC1\xBF",
          "\xE0\x9F\xBF",
          "\xED\xA0\x80",
          "\xF0\x8F\xBF\xBF",
          "\xF4\x90\x80\x80",
          "\xF5\x80\x80\x80",
          "\xE2\x82"}) {
        EXPECT_FALSE(is_valid_utf8(text));
    }
    EXPECT_TRUE(is_valid_utf8(std::string_view("\0", 1)));
    EXPECT_TRUE(is_valid_utf8(""));
}

// Bytes that are likely to be parts of characters.
std::string random_bytes(std::mt19937& random) {
    constexpr std::string_view kBytes =
        "ab\x7F\x80\x8F\x90\x9F\xA0\xBF\xC1\xC2\xDF\xE0\xE2\xED\xEF\xF0\xF1\xF4\xF5\xFF";
    std::uniform_int_distribution<std::size_t> length(0, 24);
    std::uniform_int_distribution<std::size_t> index(0, kBytes.size() - 1);
    std::string bytes(length(random), '\0');
    for (char& byte : bytes) byte = kBytes[index(random)];
    return bytes;
}

TEST(Detokenizer, any_cut_of_any_bytes_gives_the_same_valid_text) {
    std::mt19937 random(5);
    for (int round = 0; round < 20'000; ++round) {
        const std::string bytes = random_bytes(random);
        const std::string whole = to_valid_utf8(bytes);
        ASSERT_TRUE(is_valid_utf8(whole));
        Detokenizer detokenizer;
        std::string joined;
        for (std::size_t at = 0; at < bytes.size();) {
            const std::size_t count = std::uniform_int_distribution<std::size_t>(0, 4)(random);
            const std::string text = detokenizer.push(std::string_view(bytes).substr(at, count));
            ASSERT_TRUE(is_valid_utf8(text));
            ASSERT_LE(detokenizer.pending().size(), 3U);
            joined += text;
            at += count;
        }
        joined += detokenizer.flush();
        ASSERT_EQ(joined, whole);
        ASSERT_EQ(is_valid_utf8(bytes), whole == bytes);
    }
}

}  // namespace
}  // namespace mullama
