#include "api/shared_fields.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// What one of the functions makes of a body, or its error.
template <typename T>
Result<T> read(std::string_view body, void (*function)(Fields&, T&)) {
    const json::object object = *parse_body(body);
    Fields fields(object, "Request");
    T value{};
    function(fields, value);
    if (fields.failed()) return fields.result().error();
    return value;
}

TEST(SharedFields, samplers_of_llama_server_stand_at_the_top) {
    const auto options = read<Options>(
        R"({"min_p": 0.1, "dry_multiplier": 0.8, "xtc_probability": 0.5, "num_ctx": 512,
            "samplers": ["min_p", "xtc"], "grammar": "root ::= \"x\"", "logit_bias": {"5": -1.5, "6": false}, "unknown": 1})",
        read_samplers
    );
    ASSERT_TRUE(options) << options.error().message;
    const OptionValues& values = options->values();
    EXPECT_FLOAT_EQ(values.sampling.min_p, 0.1F);
    EXPECT_FLOAT_EQ(values.sampling.dry_multiplier, 0.8F);
    EXPECT_FLOAT_EQ(values.sampling.xtc_probability, 0.5F);
    EXPECT_EQ(values.sampling.samplers, (std::vector<std::string>{"min_p", "xtc"}));
    EXPECT_EQ(values.load.num_ctx, 512);
    EXPECT_EQ(values.sampling.grammar, "root ::= \"x\"");
    ASSERT_EQ(values.sampling.logit_bias.size(), 2U);
    EXPECT_EQ(values.sampling.logit_bias[0], (LogitBias{5, -1.5F}));
    EXPECT_TRUE(std::isinf(values.sampling.logit_bias[1].bias));
}

TEST(SharedFields, options_out_of_their_range_are_not_refused) {
    const auto options = read<Options>(
        R"({"presence_penalty": 0.5, "frequency_penalty": -0.5, "top_k": -1, "min_p": 7})",
        read_samplers
    );
    ASSERT_TRUE(options) << options.error().message;
    EXPECT_FLOAT_EQ(options->values().sampling.presence_penalty, 0.5F);
    EXPECT_FLOAT_EQ(options->values().sampling.frequency_penalty, -0.5F);
    EXPECT_EQ(options->values().sampling.top_k, 0);
    EXPECT_EQ(options->values().sampling.min_p, 1.0F);
    const auto nested = read<Options>(R"({"seed": -2})", [](Fields& fields, Options& into) {
        read_options({{"seed", *fields.find("seed")}, {"temperature", -1}}, fields, into);
    });
    ASSERT_TRUE(nested) << nested.error().message;
    EXPECT_EQ(nested->values().sampling.seed, 4294967294U);
    EXPECT_EQ(nested->values().sampling.temperature, 0.0F);
}

TEST(SharedFields, biases_come_as_object_or_pairs) {
    const auto pairs = read<Options>(
        R"({"logit_bias": [[7, 2], [8, -100.5], ["a", 1], ["9", 2]]})", read_logit_bias
    );
    ASSERT_TRUE(pairs);
    EXPECT_THAT(
        pairs->values().sampling.logit_bias, ElementsAre(LogitBias{7, 2.0F}, LogitBias{8, -100.5F})
    );
    EXPECT_THAT(pairs->text_biases(), ElementsAre(TextBias{"a", 1.0F}, TextBias{"9", 2.0F}));
    const auto object =
        read<Options>(R"({"logit_bias": {"7": 2, "Hello": -1, "7a": 3}})", read_logit_bias);
    ASSERT_TRUE(object);
    EXPECT_THAT(object->values().sampling.logit_bias, ElementsAre(LogitBias{7, 2.0F}));
    EXPECT_THAT(object->text_biases(), ElementsAre(TextBias{"Hello", -1.0F}, TextBias{"7a", 3.0F}));
    for (const char* body :
         {R"({"logit_bias": "x"})",
          R"({"logit_bias": {"word": "1"}})",
          R"({"logit_bias": [[true, 1]]})",
          R"({"logit_bias": [[1]]})",
          R"({"logit_bias": {"1": true}})",
          R"({"logit_bias": [[99999999999, 1]]})"}) {
        const auto refused = read<Options>(body, read_logit_bias);
        ASSERT_FALSE(refused) << body;
        EXPECT_THAT(refused.error().message, HasSubstr("token ids"));
    }
}

TEST(SharedFields, a_format_is_json_or_a_schema) {
    const auto format = [](std::string_view body) {
        return read<std::string>(body, [](Fields& fields, std::string& into) {
            read_format(fields, "format", into);
        });
    };
    EXPECT_EQ(*format(R"({"format": "json"})"), "json");
    EXPECT_EQ(*format(R"({"format": {"type": "object"}})"), R"({"type":"object"})");
    EXPECT_EQ(*format(R"({"format": ""})"), "");
    EXPECT_EQ(*format(R"({"format": null})"), "");
    EXPECT_EQ(*format(R"({"json_schema": {"type": "array"}})"), R"({"type":"array"})");
    EXPECT_THAT(
        format(R"({"format": "yaml"})").error().message, HasSubstr("invalid format: \"yaml\"")
    );
    EXPECT_FALSE(format(R"({"format": [1]})"));
}

TEST(SharedFields, tools_are_functions) {
    const json::object object = *parse_body(
        R"({"tools": [{"type": "function", "function": {"name": "f", "description": "d",
            "parameters": {"type": "object", "properties": {"z": {"minimum": 1}, "a": {}}}}},
            {"type": "web_search"}]})"
    );
    Fields fields(object, "Request");
    const std::vector<Tool> tools = read_function_tools(fields);
    ASSERT_TRUE(fields.result());
    ASSERT_EQ(tools.size(), 1U);
    EXPECT_EQ(tools[0].name, "f");
    EXPECT_EQ(tools[0].parameters, R"({"type":"object","properties":{"z":{"minimum":1},"a":{}}})");
}

}  // namespace
}  // namespace mullama::api
