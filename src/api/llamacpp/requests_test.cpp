#include "api/llamacpp/requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::api::llamacpp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <typename T>
std::string problem(const Result<T>& result) {
    return result ? "accepted" : result.error().message;
}

TEST(LlamaCompletion, starts_with_llama_servers_defaults) {
    const auto call = parse_completion(R"({"prompt": "a"})");
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_TRUE(call->use.any_model);
    EXPECT_FLOAT_EQ(call->use.defaults.values().sampling.top_p, 0.95F);
    EXPECT_FLOAT_EQ(call->use.defaults.values().sampling.min_p, 0.05F);
    EXPECT_FALSE(call->shape.stream);
    EXPECT_EQ(call->choices, 1);
    EXPECT_EQ(call->request.top_logprobs, std::nullopt);
    EXPECT_EQ(call->ping_interval, std::nullopt);
}

TEST(LlamaCompletion, reads_every_field_that_has_an_effect) {
    const auto call = parse_completion(R"({
        "model": "m", "prompt": [1, "a"], "n_predict": 7, "stream": true, "stop": ["x", ""],
        "seed": 3, "temperature": 0.5, "top_k": 5, "top_p": 0.9, "samplers": ["top_k", "xtc"],
        "n_probs": 4, "return_tokens": true, "return_progress": true, "timings_per_token": true,
        "t_max_predict_ms": 1500, "response_fields": ["content"], "ignore_eos": true,
        "n_cmpl": 2, "sse_ping_interval": 5, "cache_prompt": false, "id_slot": 0
    })");
    ASSERT_TRUE(call) << call.error().message;
    const OptionValues& values = call->use.options.values();
    EXPECT_EQ(call->use.model, "m");
    EXPECT_EQ(call->prompts.at(0).size(), 2U);
    EXPECT_EQ(values.max_tokens, 7);
    EXPECT_THAT(values.stop, ElementsAre("x"));
    EXPECT_EQ(values.sampling.seed, 3U);
    EXPECT_FLOAT_EQ(values.sampling.temperature, 0.5F);
    EXPECT_EQ(values.sampling.top_k, 5);
    EXPECT_THAT(values.sampling.samplers, ElementsAre("top_k", "xtc"));
    EXPECT_TRUE(values.ignore_eos);
    EXPECT_EQ(call->request.top_logprobs, 4);
    EXPECT_EQ(call->request.generate_max_ms, 1500);
    EXPECT_TRUE(call->request.report_progress);
    EXPECT_TRUE(call->shape.stream && call->shape.return_tokens && call->shape.return_progress);
    EXPECT_TRUE(call->shape.timings_per_token);
    EXPECT_THAT(call->shape.response_fields, ElementsAre("content"));
    EXPECT_EQ(call->choices, 2);
    EXPECT_EQ(call->ping_interval, std::chrono::seconds(5));
}

TEST(LlamaCompletion, other_names_of_a_field_count_where_its_own_is_missing) {
    const auto call =
        parse_completion(R"({"prompt": "a", "max_tokens": 3, "n": 2, "logprobs": 1})");
    ASSERT_TRUE(call);
    EXPECT_EQ(call->use.options.values().max_tokens, 3);
    EXPECT_EQ(call->choices, 2);
    EXPECT_EQ(call->request.top_logprobs, 1);
    EXPECT_EQ(
        parse_completion(R"({"prompt": "a", "max_tokens": 3, "n_predict": 4})")
            ->use.options.values()
            .max_tokens,
        4
    );
}

TEST(LlamaCompletion, progress_and_timings_are_for_streams) {
    const auto call =
        parse_completion(R"({"prompt": "a", "return_progress": true, "timings_per_token": true})");
    ASSERT_TRUE(call);
    EXPECT_FALSE(call->shape.return_progress || call->shape.timings_per_token);
    EXPECT_FALSE(call->request.report_progress);
}

TEST(LlamaCompletion, a_schema_is_text_and_a_grammar_goes_before_it) {
    EXPECT_EQ(
        parse_completion(R"({"prompt": "a", "json_schema": {"type": "string"}})")->json_schema,
        R"({"type":"string"})"
    );
    EXPECT_EQ(
        parse_completion(R"({"prompt": "a", "json_schema": {}})")->json_schema,
        R"({"type":"object"})"
    );
    const auto both =
        parse_completion(R"({"prompt": "a", "json_schema": {}, "grammar": "root ::= \"x\""})");
    EXPECT_EQ(both->json_schema, "");
    EXPECT_EQ(both->use.options.values().sampling.grammar, "root ::= \"x\"");
}

TEST(LlamaCompletion, what_would_change_the_answer_and_cannot_is_refused) {
    for (const char* field : {R"("post_sampling_probs": true)", R"("grammar_lazy": true)"}) {
        const auto call = parse_completion(std::string(R"({"prompt": "a", )") + field + "}");
        ASSERT_FALSE(call) << field;
        EXPECT_EQ(call.error().code, ErrorCode::kUnsupported);
        EXPECT_THAT(call.error().message, HasSubstr("is not supported: leave it out"));
    }
    EXPECT_TRUE(parse_completion(
        R"({"prompt": "a", "lora": [], "min_keep": 0, "adaptive_target": -1, "n_keep": 4})"
    ));
}

TEST(LlamaCompletion, names_the_adapters_that_it_wants) {
    const auto call =
        parse_completion(R"({"prompt": "a", "lora": [{"id": 1, "scale": 0.5}, {"id": 0}]})");
    ASSERT_TRUE(call) << call.error().message;
    const std::vector<AdapterUse> wanted = {{.index = 1, .scale = 0.5F}, {.index = 0, .scale = 0}};
    EXPECT_EQ(call->use.options.values().adapters, wanted);
    EXPECT_FALSE(parse_completion(R"({"prompt": "a", "lora": []})")->use.options.values().adapters);
    EXPECT_FALSE(parse_completion(R"({"prompt": "a", "lora": [{"id": "x"}]})"));
    EXPECT_FALSE(parse_completion(R"({"prompt": "a", "lora": [{"name": 7}]})"));
    EXPECT_FALSE(parse_completion(R"({"prompt": "a", "lora": 7})"));
}

TEST(LlamaCompletion, names_the_models_whose_adapters_it_wants) {
    const auto call = parse_completion(
        R"({"prompt": "a", "lora": [{"name": "tuned", "scale": 0.5}, {"id": 1, "scale": 2},
                                    {"name": "other:1b"}]})"
    );
    ASSERT_TRUE(call) << call.error().message;
    const Options& options = call->use.options;
    const std::vector<AdapterUse> by_place = {{.index = 1, .scale = 2.0F}};
    EXPECT_EQ(options.values().adapters, by_place);
    const std::vector<NamedAdapters> named = {
        {.model = "tuned", .scale = 0.5F}, {.model = "other:1b"}
    };
    EXPECT_EQ(options.named_adapters(), named);
    Options merged;
    merged.merge(options);
    EXPECT_EQ(merged.named_adapters(), named);
}

TEST(LlamaAdapters, are_set_by_a_list) {
    const auto adapters = parse_adapters(R"([{"id": 1, "scale": 0.5}, {"id": 0}])");
    ASSERT_TRUE(adapters) << adapters.error().message;
    const std::vector<AdapterUse> expected = {
        {.index = 1, .scale = 0.5F}, {.index = 0, .scale = 0.0F}
    };
    EXPECT_EQ(*adapters, expected);
    EXPECT_EQ(parse_adapters("[]")->size(), 0U);
    for (const char* body : {"", "{}", "[7]", R"([{"id": "x"}])", R"([{"id": 0, "scale": []}])"}) {
        EXPECT_FALSE(parse_adapters(body)) << body;
    }
}

TEST(LlamaCompletion, numbers_out_of_their_range_are_not_refused) {
    const auto call = parse_completion(R"({
        "prompt": "a", "temperature": -1, "top_p": 1.5, "top_k": -1, "seed": -3,
        "repeat_penalty": 0, "samplers": "kpx", "adaptive_target": 2, "min_keep": 3
    })");
    ASSERT_TRUE(call) << call.error().message;
    const SamplingOptions& sampling = call->use.options.values().sampling;
    EXPECT_EQ(sampling.temperature, 0.0F);
    EXPECT_EQ(sampling.top_p, 1.0F);
    EXPECT_EQ(sampling.top_k, 0);
    EXPECT_EQ(sampling.seed, 4294967293U);
    EXPECT_EQ(sampling.repeat_penalty, 1.0F);
    EXPECT_EQ(sampling.adaptive_target, 1.0F);
    EXPECT_EQ(sampling.min_keep, 3);
    EXPECT_THAT(sampling.samplers, ElementsAre("top_k", "top_p", "xtc"));
}

TEST(LlamaCompletion, options_go_before_fields_of_the_same_name) {
    const auto call =
        parse_completion(R"({"prompt": "a", "temperature": 1, "options": {"temperature": 0.5}})");
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_FLOAT_EQ(call->use.options.values().sampling.temperature, 0.5F);
}

TEST(LlamaCompletion, what_is_out_of_range_is_named) {
    EXPECT_EQ(problem(parse_completion("{}")), "\"prompt\" is required");
    EXPECT_EQ(problem(parse_completion(R"({"prompt": []})")), "\"prompt\" must not be empty");
    EXPECT_EQ(
        problem(parse_completion(R"({"prompt": "a", "n_probs": 21})")),
        "n_probs is 21: the most is 20"
    );
    EXPECT_THAT(
        problem(parse_completion(R"({"prompt": "a", "n_cmpl": 0})")), HasSubstr("n_cmpl is 0")
    );
    EXPECT_THAT(
        problem(parse_completion(R"({"prompt": "a", "sse_ping_interval": -2})")),
        HasSubstr("sse_ping_interval is -2")
    );
    EXPECT_EQ(
        parse_completion(R"({"prompt": "a", "sse_ping_interval": -1})")->ping_interval,
        std::chrono::seconds(0)
    );
}

TEST(LlamaInfill, has_text_on_both_sides_of_the_gap) {
    const auto call = parse_infill(R"({
        "input_prefix": "def ", "input_suffix": "return", "prompt": "f",
        "input_extra": [{"filename": "a.py", "text": "x"}, {"text": "y"}], "n_predict": 3
    })");
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_EQ(call->prefix.at(0).text, "def ");
    EXPECT_EQ(call->suffix.at(0).text, "return");
    EXPECT_EQ(call->prompt, "f");
    EXPECT_EQ(call->extra.at(0).name, "a.py");
    EXPECT_EQ(call->extra.at(1).name, "tmp");
    EXPECT_EQ(call->use.options.values().max_tokens, 3);
    EXPECT_EQ(problem(parse_infill(R"({"input_prefix": ""})")), "\"input_suffix\" is required");
    EXPECT_EQ(
        problem(parse_infill(R"({"input_prefix": "", "input_suffix": "", "input_extra": [{}]})")),
        "\"text\" is required"
    );
}

TEST(LlamaInfill, takes_what_editors_send) {
    const auto call = parse_infill(R"({
        "id_slot": 0, "input_prefix": "a", "input_suffix": "b", "input_extra": [], "prompt": "",
        "n_predict": 128, "stop": [], "n_indent": 4, "top_k": 40, "top_p": 0.9, "stream": false,
        "samplers": ["top_k", "top_p", "infill"], "cache_prompt": true,
        "t_max_prompt_ms": 500, "t_max_predict_ms": 1000, "response_fields": ["content"]
    })");
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_THAT(
        call->use.options.values().sampling.samplers, ElementsAre("top_k", "top_p", "infill")
    );
}

TEST(LlamaEmbedding, takes_content_or_input_and_a_norm) {
    const auto call = parse_embedding(R"({"content": "a", "embd_normalize": -1})");
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_EQ(call->input.at(0).text, "a");
    EXPECT_EQ(call->normalization, -1);
    const auto list = parse_embedding(R"({"input": [[1, 2], [3]], "content": "x"})");
    ASSERT_TRUE(list);
    EXPECT_EQ(list->input.size(), 2U);
    EXPECT_EQ(list->input.at(0).tokens.size(), 2U);
    EXPECT_THAT(problem(parse_embedding("{}")), HasSubstr("must be provided"));
    EXPECT_THAT(problem(parse_embedding(R"({"content": ""})")), HasSubstr("cannot be empty"));
    EXPECT_THAT(problem(parse_embedding(R"({"content": [1, "a"]})")), HasSubstr("mixes texts"));
}

}  // namespace
}  // namespace mullama::api::llamacpp
