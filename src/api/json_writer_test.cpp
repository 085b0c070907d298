#include "api/json_writer.h"

#include "api/json.h"

#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace mullama::api {
namespace {

std::string as_json(std::string_view text) {
    std::string json;
    append_json_string(json, text);
    return json;
}

TEST(JsonWriter, writes_values_in_their_places) {
    JsonWriter out;
    out.begin_object().field("a", 1).field("b", "x").key("c").begin_array();
    out.value(true).null().value(0.5).value(0.1F).begin_object().end_object().end_array();
    out.key("d").begin_object().raw_field("e", "[1]").end_object().field("f", std::string("y"));
    out.end_object();
    EXPECT_EQ(out.take(), R"({"a":1,"b":"x","c":[true,null,0.5,0.1,{}],"d":{"e":[1]},"f":"y"})");
}

TEST(JsonWriter, numbers_that_json_lacks_are_null) {
    JsonWriter out;
    out.begin_array().value(std::numeric_limits<float>::infinity());
    out.value(std::numeric_limits<double>::quiet_NaN()).value(-1e-7F).end_array();
    EXPECT_EQ(out.take(), "[null,null,-1e-07]");
}

TEST(JsonWriter, escapes_what_a_string_cannot_hold) {
    EXPECT_EQ(as_json("a\"b\\c\n\r\t\x01\x7F"), "\"a\\\"b\\\\c\\n\\r\\t\\u0001\x7F\"");
    EXPECT_EQ(as_json("é漢🙂"), "\"é漢🙂\"");
    EXPECT_EQ(as_json(""), "\"\"");
}

TEST(JsonWriter, escapes_what_readers_of_lines_split_at) {
    EXPECT_EQ(as_json("a\u0085b\u2028c\u2029d"), R"("a\u0085b\u2028c\u2029d")");
    EXPECT_EQ(as_json("\u0084\u0086\u2027\u202A"), "\"\u0084\u0086\u2027\u202A\"");
}

TEST(JsonWriter, puts_json_on_one_line_and_keeps_its_strings) {
    EXPECT_EQ(one_line("{\n  \"a b\" : [ 1.50,\r\n\t2 ]\n}"), R"({"a b":[1.50,2]})");
    EXPECT_EQ(one_line(R"({"a": "\"  x\\" , "b": "\n y"})"), R"({"a":"\"  x\\","b":"\n y"})");
    EXPECT_EQ(one_line("[ \"x\u2028y\" ]"), R"(["x\u2028y"])");
    EXPECT_EQ(one_line(""), "");
}

TEST(JsonWriter, bytes_that_are_no_utf8_are_replaced) {
    const std::string mark = "\xEF\xBF\xBD";
    EXPECT_EQ(as_json("a\xFFz"), "\"a" + mark + "z\"");
    EXPECT_EQ(as_json("\xC3"), "\"" + mark + "\"");
    EXPECT_EQ(as_json("\xE6\xBC"), "\"" + mark + mark + "\"");
    EXPECT_EQ(as_json("\xC0\x80"), "\"" + mark + mark + "\"") << "overlong";
    EXPECT_EQ(as_json("\xED\xA0\x80"), "\"" + mark + mark + mark + "\"") << "a surrogate";
    EXPECT_EQ(as_json("\xF4\x90\x80\x80"), "\"" + mark + mark + mark + mark + "\"");
}

TEST(JsonWriter, whatever_bytes_it_is_given_the_result_is_json) {
    std::mt19937 random(3);
    for (int round = 0; round < 2000; ++round) {
        std::string bytes(random() % 20, '\0');
        for (char& byte : bytes) byte = static_cast<char>(random());
        const std::string json = as_json(bytes);
        ASSERT_TRUE(parse_json(json)) << json;
    }
}

TEST(JsonWriter, tells_utf8_from_other_bytes) {
    EXPECT_TRUE(is_utf8(""));
    EXPECT_TRUE(is_utf8("a\xC3\xA1\xF0\x9F\x98\x80"));
    EXPECT_FALSE(is_utf8("\xC3"));
    EXPECT_FALSE(is_utf8("a\xED\xA0\x80"));  // half of a surrogate pair
    EXPECT_FALSE(is_utf8("\xC0\x80"));       // longer than it has to be
}

}  // namespace
}  // namespace mullama::api
