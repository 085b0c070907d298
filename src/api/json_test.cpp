#include "api/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string problem(std::string_view body) {
    const Result<json::object> parsed = parse_body(body);
    if (parsed) return "accepted";
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
    return parsed.error().message;
}

TEST(Json, a_body_is_one_object) {
    EXPECT_EQ(problem(R"( {"a": 1} )"), "accepted");
    EXPECT_EQ(problem(""), "missing request body");
    EXPECT_EQ(problem(" \n"), "missing request body");
    EXPECT_EQ(problem("{"), "unexpected end of JSON input");
    EXPECT_EQ(problem("[1]"), "json: cannot unmarshal array into Go value of type object");
    EXPECT_THAT(problem("{} {}"), HasSubstr("invalid JSON at byte 3"));
    EXPECT_THAT(problem(R"({"a" 1})"), HasSubstr("invalid JSON at byte 5"));
}

/// The text that a body's "a" has, which is written as `text`.
std::string text_of(const std::string& text) {
    const Result<json::object> object = parse_body("{\"a\": \"" + text + "\"}");
    if (!object) return object.error().message;
    return std::string(object->at("a").as_string());
}

TEST(Json, what_is_no_character_in_a_body_is_the_replacement_character) {
    EXPECT_EQ(text_of("a\xFFz"), "a\uFFFDz");
    EXPECT_EQ(text_of("\xC3"), "\uFFFD");
    EXPECT_EQ(text_of("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD") << "half a pair in UTF-8";
    EXPECT_EQ(text_of(R"(a\ud83d b)"), "a\uFFFD b");
    EXPECT_EQ(text_of(R"(\udca9\ud83d)"), "\uFFFD\uFFFD");
    EXPECT_EQ(text_of(R"(\ud83d\ud83d\udca9)"), "\uFFFD\U0001F4A9");
    EXPECT_EQ(text_of(R"(\ud83d\u0041)"), "\uFFFDA");
    EXPECT_EQ(text_of(R"(\ud83d)"), "\uFFFD");
}

TEST(Json, what_is_one_stays_beside_what_is_none) {
    EXPECT_EQ(text_of(R"(\\ud83d \" \n \u00e9 \ud83d)"), "\\ud83d \" \n \u00E9 \uFFFD");
    EXPECT_EQ(text_of(R"(\\\ud83d)"), "\\\uFFFD");
    EXPECT_EQ(text_of("\u00E9\u20AC\U0001F4A9\xFF"), "\u00E9\u20AC\U0001F4A9\uFFFD");
}

TEST(Json, what_is_no_json_for_another_reason_stays_so) {
    EXPECT_THAT(problem("{\"a\": \xFF}"), HasSubstr("invalid JSON"));
    EXPECT_THAT(problem(R"({"a": "\ud83d" 1})"), HasSubstr("invalid JSON"));
    EXPECT_THAT(problem(R"({"a": "\ud8)"), HasSubstr("JSON"));
    EXPECT_THAT(problem(R"({"a": "\ud8xy"})"), HasSubstr("invalid JSON"));
    EXPECT_THAT(problem(R"({"a": "\x"})"), HasSubstr("invalid JSON"));
    const std::string deep(kJsonDepthMax, '[');
    EXPECT_NE(problem("{\"\xFF\": " + deep + std::string(kJsonDepthMax, ']') + "}"), "accepted");
    EXPECT_FALSE(parse_json("\"\xFF\"")) << "only bodies are read so";
}

TEST(Json, nesting_has_an_end) {
    const auto nested = [](std::size_t depth) {
        return "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
    };
    EXPECT_EQ(problem(nested(100)), "accepted");
    EXPECT_EQ(problem(nested(kJsonDepthMax)), "JSON is nested deeper than 128 levels");
    EXPECT_EQ(problem(nested(100'000)), "JSON is nested deeper than 128 levels");
}

TEST(Json, many_keys_take_no_quadratic_time) {
    std::string body = "{";
    for (int i = 0; i < 300'000; ++i) body += "\"" + std::to_string(i) + "\":0,";
    body += "\"a\":0}";
    EXPECT_EQ(problem(body), "accepted");
}

TEST(Json, keeps_the_order_of_keys) {
    EXPECT_EQ(
        to_text(*parse_json(R"({"z": 1, "a": [true, null], "m": "x"})")),
        R"({"z":1,"a":[true,null],"m":"x"})"
    );
}

TEST(Json, writes_numbers_as_people_do) {
    const std::string text = R"([0.5,1.0,-0.0,0.001,2.5e-07,1e+300,-7,18446744073709551615])";
    EXPECT_EQ(to_text(*parse_json(text)), text);
}

TEST(Json, writes_what_it_has_read) {
    const std::string text = R"({"a":[],"b":{},"c":"\"\\\n\u0001é","d":[{"e":false},null]})";
    EXPECT_EQ(to_text(*parse_json(text)), text);
}

struct Read {
    std::string text = "default";
    bool flag = true;
    std::int32_t number = 7;
    float real = 0.5F;
    std::optional<std::int64_t> maybe = {};
    std::vector<std::string> list = {};
    Result<void> result = {};
};

Read read(std::string_view body) {
    const json::object object = *parse_body(body);
    Fields fields(object, "Request");
    Read read;
    fields.read("text", read.text);
    fields.read("flag", read.flag);
    fields.read("number", read.number);
    fields.read("real", read.real);
    fields.read("maybe", read.maybe);
    fields.read("list", read.list);
    read.result = fields.result();
    return read;
}

std::string type_problem(std::string_view body) {
    const Read got = read(body);
    return got.result ? "accepted" : got.result.error().message;
}

TEST(JsonFields, take_what_is_there_and_leave_the_rest) {
    const Read nothing = read(R"({"text": null, "unknown": 1})");
    EXPECT_TRUE(nothing.result);
    EXPECT_EQ(nothing.text, "default");
    EXPECT_EQ(nothing.number, 7);
    EXPECT_EQ(nothing.maybe, std::nullopt);
    const Read all = read(
        R"({"text": "é\n", "flag": false, "number": 3.0, "real": 2, "maybe": 5, "list": ["a", "b"]})"
    );
    EXPECT_TRUE(all.result);
    EXPECT_EQ(all.text, "é\n");
    EXPECT_FALSE(all.flag);
    EXPECT_EQ(all.number, 3);
    EXPECT_EQ(all.real, 2.0F);
    EXPECT_EQ(all.maybe, 5);
    EXPECT_THAT(all.list, ElementsAre("a", "b"));
}

TEST(JsonFields, of_another_type_are_refused_in_gos_words) {
    const std::string field = "into Go struct field Request.";
    EXPECT_EQ(
        type_problem(R"({"text": 1})"),
        "json: cannot unmarshal number 1 " + field + "text of type string"
    );
    EXPECT_EQ(
        type_problem(R"({"flag": "x"})"),
        "json: cannot unmarshal string " + field + "flag of type bool"
    );
    EXPECT_EQ(
        type_problem(R"({"number": 1.5})"),
        "json: cannot unmarshal number 1.5 " + field + "number of type int"
    );
    EXPECT_EQ(
        type_problem(R"({"number": 3000000000})"),
        "json: cannot unmarshal number 3000000000 " + field + "number of type int"
    );
    EXPECT_EQ(
        type_problem(R"({"real": {}})"),
        "json: cannot unmarshal object " + field + "real of type float32"
    );
    EXPECT_THAT(type_problem(R"({"real": 1e300})"), HasSubstr("real of type float32"));
    EXPECT_EQ(
        type_problem(R"({"list": ["a", 1]})"),
        "json: cannot unmarshal number 1 " + field + "list of type string"
    );
    EXPECT_EQ(
        type_problem(R"({"maybe": true})"),
        "json: cannot unmarshal bool " + field + "maybe of type int64"
    );
}

TEST(JsonFields, the_first_error_counts) {
    EXPECT_THAT(type_problem(R"({"flag": 1, "text": 2})"), HasSubstr("Request.text"));
}

}  // namespace
}  // namespace mullama::api
