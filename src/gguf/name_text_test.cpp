#include "gguf/name_text.h"

#include "gguf/name_index.h"

#include <gtest/gtest.h>

namespace mullama {
namespace {

TEST(NameText, accepts_well_formed_utf8) {
    for (const std::string_view text :
         {"",
          "plain",
          "\xC2\x80",
          "\xDF\xBF",
          "\xE0\xA0\x80",
          "\xED\x9F\xBF",
          "\xEF\xBF\xBF",
          "\xF0\x90\x80\x80",
          "\xF4\x8F\xBF\xBF",
          "a\xC3\xA9z"}) {
        EXPECT_TRUE(is_utf8(text)) << in_quotes(text);
    }
}

TEST(NameText, refuses_malformed_utf8) {
    for (const std::string_view text :
         {"\x80",
          "\xC0\x80",
          "\xC1\xBF",
          "\xC3",
          "\xE0\x9F\xBF",
          "\xED\xA0\x80",
          "\xE2\x82",
          "\xF0\x8F\xBF\xBF",
          "\xF4\x90\x80\x80",
          "\xF5\x80\x80\x80",
          "\xFF",
          "\xC3z"}) {
        EXPECT_FALSE(is_utf8(text)) << in_quotes(text);
    }
}

TEST(NameText, quotes_text_for_messages) {
    EXPECT_EQ(in_quotes("a.b"), "'a.b'");
    EXPECT_EQ(in_quotes("caf\xC3\xA9"), "'caf\xC3\xA9'");
    EXPECT_EQ(in_quotes("a\tb\x7F\xFF"), "'a\\x09b\\x7f\\xff'");
    EXPECT_EQ(in_quotes(std::string(100, 'x')), "'" + std::string(80, 'x') + "...'");
}

TEST(NameIndex, finds_every_name_and_no_other) {
    const std::vector<std::string> names = {"pear", "apple", "fig", ""};
    const auto index =
        NameIndex::build(names.size(), [&](std::size_t i) { return std::string_view(names[i]); });
    EXPECT_EQ(index.find("pear"), 0U);
    EXPECT_EQ(index.find("apple"), 1U);
    EXPECT_EQ(index.find(""), 3U);
    EXPECT_EQ(index.find("fi"), std::nullopt);
    EXPECT_EQ(index.find("zebra"), std::nullopt);
    EXPECT_EQ(index.duplicate(), std::nullopt);
    EXPECT_EQ(NameIndex().find("x"), std::nullopt);
}

TEST(NameIndex, reports_two_places_of_one_name_in_order) {
    const std::vector<std::string> names = {"b", "a", "c", "a"};
    const auto index =
        NameIndex::build(names.size(), [&](std::size_t i) { return std::string_view(names[i]); });
    EXPECT_EQ(index.duplicate(), (std::pair<std::size_t, std::size_t>(1, 3)));
}

}  // namespace
}  // namespace mullama
