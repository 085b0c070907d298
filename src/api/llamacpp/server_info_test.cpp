#include "api/llamacpp/server_info.h"

#include "api/json.h"
#include "api/llamacpp/errors.h"

#include <cmath>

#include <gtest/gtest.h>

namespace mullama::api::llamacpp {
namespace {

TEST(LlamaProperties, tell_the_settings_of_a_request_that_says_nothing) {
    Properties properties{.model = "m", .file = "/m.gguf", .context_length = 512, .slots = 4};
    properties.options = default_options().values();
    properties.options.sampling.logit_bias = {{3, -INFINITY}, {4, 1.5F}};
    const auto told = parse_json(format_properties(properties));
    ASSERT_TRUE(told);
    const json::value& settings = told->at("default_generation_settings");
    EXPECT_EQ(settings.at("n_ctx"), 512);
    EXPECT_DOUBLE_EQ(settings.at("params").at("top_p").to_number<double>(), 0.95);
    EXPECT_EQ(settings.at("params").at("seed"), 4294967295);
    EXPECT_EQ(settings.at("params").at("logit_bias").at(0).at("bias"), false);
    EXPECT_EQ(settings.at("params").at("samplers").as_array().size(), 9U);
    EXPECT_EQ(told->at("total_slots"), 4);
    EXPECT_EQ(told->at("model_path"), "/m.gguf");
    EXPECT_EQ(told->at("is_sleeping"), true);
}

TEST(LlamaAdapters, are_numbered) {
    EXPECT_EQ(
        format_adapters({{.file = "a.gguf"}, {.file = "b.gguf", .scale = 0.5F}}),
        R"([{"id":0,"path":"a.gguf","scale":1},{"id":1,"path":"b.gguf","scale":0.5}])"
    );
    EXPECT_EQ(format_adapters({}), "[]");
}

TEST(LlamaSlots, are_numbered_through_all_models) {
    const auto slots = parse_json(format_slots({{"a", 64, 2, 1}, {"b", 32, 1, 0}}));
    ASSERT_TRUE(slots);
    const json::array& list = slots->as_array();
    ASSERT_EQ(list.size(), 3U);
    EXPECT_EQ(list[0].at("is_processing"), true);
    EXPECT_EQ(list[1].at("is_processing"), false);
    EXPECT_EQ(list[2].at("id"), 2);
    EXPECT_EQ(list[2].at("model"), "b");
    EXPECT_EQ(format_slots({}), "[]");
}

TEST(LlamaEmbeddings, have_a_row_for_each_text) {
    EXPECT_EQ(
        format_embedding({{1.0F, 0.5F}, {2.0F}}),
        R"([{"index":0,"embedding":[[1,0.5]]},{"index":1,"embedding":[[2]]}])"
    );
}

TEST(LlamaErrors, have_a_code_and_a_type) {
    EXPECT_EQ(
        format_error(501, "no"),
        R"({"error":{"code":501,"message":"no","type":"not_supported_error"}})"
    );
    EXPECT_EQ(
        format_error(400, "no"),
        R"({"error":{"code":400,"message":"no","type":"invalid_request_error"}})"
    );
}

TEST(LlamaInputTokens, are_counted) {
    EXPECT_EQ(format_input_tokens(7), R"({"input_tokens":7,"object":"response.input_tokens"})");
}

}  // namespace
}  // namespace mullama::api::llamacpp
