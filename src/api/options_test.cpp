#include "api/options.h"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string problem(std::string_view assignment) {
    Options options;
    Result<void> result = options.set(assignment);
    if (result) return "accepted";
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
    EXPECT_TRUE(options.given().empty());
    return result.error().message;
}

TEST(Options, starts_with_ollamas_defaults) {
    OptionValues values = Options().values();
    EXPECT_EQ(values.sampling, SamplingOptions());
    EXPECT_EQ(values.load, LoadSettings());
    EXPECT_EQ(values.max_tokens, -1);
    EXPECT_TRUE(values.stop.empty());
}

TEST(Options, sets_each_kind_of_option) {
    Options options;
    for (const char* assignment :
         {"num_ctx=512",
          "num_predict=7",
          "seed=4294967295",
          "temperature=0.25",
          "top_k=3",
          "use_mmap=false",
          "num_gpu=-1"}) {
        ASSERT_TRUE(options.set(assignment)) << assignment;
    }
    EXPECT_EQ(options.values().load.num_ctx, 512);
    EXPECT_EQ(options.values().load.use_mmap, false);
    EXPECT_EQ(options.values().load.draft_model, std::nullopt);
    ASSERT_TRUE(options.set("draft_model=small:1b"));
    EXPECT_EQ(options.values().load.draft_model, "small:1b");
    ASSERT_TRUE(options.set("draft_model", json::value("")));
    EXPECT_EQ(options.values().load.draft_model, "");
    EXPECT_FALSE(options.set("draft_model", json::value(7)));
    EXPECT_EQ(options.values().load.num_gpu, -1);
    EXPECT_EQ(options.values().max_tokens, 7);
    EXPECT_EQ(options.values().sampling.seed, 4294967295U);
    EXPECT_FLOAT_EQ(options.values().sampling.temperature, 0.25F);
    EXPECT_EQ(options.values().sampling.top_k, 3);
    EXPECT_THAT(options.given().at("temperature"), ElementsAre("0.25"));
}

TEST(Options, puts_what_was_set_into_a_request) {
    Options options;
    for (const char* assignment :
         {"num_predict=-2",
          "num_keep=9",
          "stop=a",
          "ignore_eos=1",
          "cache_prompt=0",
          "priority=-3",
          "draft_num_predict=5"}) {
        ASSERT_TRUE(options.set(assignment)) << assignment;
    }
    GenerateRequest request;
    request.overflow.shift = true;
    options.values().put_into(request);
    EXPECT_EQ(request.max_tokens, -1);
    EXPECT_THAT(request.stop, ElementsAre("a"));
    EXPECT_TRUE(request.ignore_eos);
    EXPECT_FALSE(request.cache_prompt);
    EXPECT_EQ(request.priority, -3);
    EXPECT_EQ(request.draft_max, 5);
    EXPECT_EQ(request.overflow, (ContextOverflow{.shift = true, .keep_tokens = 9}));
}

TEST(Options, a_bound_of_the_priority_is_the_priority_where_none_is_asked_for) {
    Options options;
    options.bound_priority(5);
    EXPECT_EQ(options.values().priority, 5);
    ASSERT_TRUE(options.set("priority=7"));
    options.bound_priority(5);
    EXPECT_EQ(options.values().priority, 7);
    ASSERT_TRUE(options.set("priority=-7"));
    options.bound_priority(-2);
    EXPECT_EQ(options.values().priority, -2);
}

TEST(Options, the_last_of_two_values_wins) {
    Options options;
    ASSERT_TRUE(options.set("top_k=3"));
    ASSERT_TRUE(options.set("top_k=4"));
    EXPECT_EQ(options.values().sampling.top_k, 4);
}

TEST(Options, a_seed_of_minus_one_draws_a_new_one) {
    Options options;
    ASSERT_TRUE(options.set("seed=1"));
    ASSERT_TRUE(options.set("seed=-1"));
    EXPECT_EQ(options.values().sampling.seed, std::nullopt);
    EXPECT_THAT(problem("seed=-2"), HasSubstr("invalid value '-2' for seed"));
}

TEST(Options, stop_strings_add_up_on_the_command_line) {
    Options options;
    ASSERT_TRUE(options.set("stop=a=b"));
    ASSERT_TRUE(options.set("stop=\n"));
    EXPECT_THAT(options.values().stop, ElementsAre("a=b", "\n"));
}

TEST(Options, stop_strings_replace_each_other_in_the_chat) {
    Options options;
    ASSERT_TRUE(options.set("stop", std::vector<std::string>{"a", "b"}));
    ASSERT_TRUE(options.set("stop", std::vector<std::string>{"c"}));
    EXPECT_THAT(options.values().stop, ElementsAre("c"));
    EXPECT_THAT(options.given().at("stop"), ElementsAre("c"));
}

TEST(Options, an_unknown_option_names_the_known_ones) {
    EXPECT_THAT(problem("tempreature=1"), HasSubstr("unknown parameter 'tempreature'"));
    EXPECT_THAT(problem("tempreature=1"), HasSubstr("top_k, top_p"));
    EXPECT_THAT(problem("=1"), HasSubstr("unknown parameter ''"));
}

TEST(Options, a_value_of_the_wrong_type_is_refused) {
    EXPECT_EQ(problem("top_k=many"), "invalid value 'many' for top_k: it takes an int");
    EXPECT_EQ(problem("top_k=1.5"), "invalid value '1.5' for top_k: it takes an int");
    EXPECT_EQ(problem("top_k="), "invalid value '' for top_k: it takes an int");
    EXPECT_EQ(
        problem("top_k=99999999999"), "invalid value '99999999999' for top_k: it takes an int"
    );
    EXPECT_EQ(problem("top_p=x"), "invalid value 'x' for top_p: it takes a float");
    EXPECT_THAT(problem("top_p=nan"), HasSubstr("invalid value 'nan'"));
    EXPECT_THAT(problem("top_p=1e99"), HasSubstr("invalid value '1e99'"));
    EXPECT_EQ(problem("use_mmap=maybe"), "invalid value 'maybe' for use_mmap: it takes a bool");
    EXPECT_THAT(problem("stop="), HasSubstr("invalid value ''"));
    EXPECT_EQ(problem("temperature"), "'temperature' is not of the form KEY=VALUE");
}

TEST(Options, two_values_are_too_many_but_for_a_list) {
    Options options;
    EXPECT_FALSE(options.set("top_k", std::vector<std::string>{"1", "2"}));
    EXPECT_FALSE(options.set("top_k", std::vector<std::string>{}));
    EXPECT_FALSE(options.set("stop", std::vector<std::string>{}));
}

std::string json_problem(std::string_view name, std::string_view text) {
    Options options;
    const Result<void> result = options.set(name, *parse_json(text));
    return result ? "accepted" : result.error().message;
}

TEST(Options, are_set_from_json) {
    Options options;
    const auto set = [&](std::string_view name, std::string_view text) {
        return options.set(name, *parse_json(text)).has_value();
    };
    EXPECT_TRUE(set("temperature", "0.1"));
    EXPECT_TRUE(set("top_k", "12.7"));
    EXPECT_TRUE(set("seed", "42"));
    EXPECT_TRUE(set("use_mmap", "true"));
    EXPECT_TRUE(set("stop", R"(["a", "", "b"])"));
    EXPECT_TRUE(set("samplers", R"(["top_k", "temperature"])"));
    EXPECT_TRUE(set("ignore_eos", "true"));
    EXPECT_TRUE(set("num_ctx", "null"));
    EXPECT_FLOAT_EQ(options.values().sampling.temperature, 0.1F);
    EXPECT_EQ(options.values().sampling.top_k, 12);
    EXPECT_EQ(options.values().sampling.seed, 42U);
    EXPECT_EQ(options.values().load.use_mmap, true);
    EXPECT_THAT(options.values().stop, ElementsAre("a", "b"));
    EXPECT_THAT(options.values().sampling.samplers, ElementsAre("top_k", "temperature"));
    EXPECT_TRUE(options.values().ignore_eos);
    EXPECT_FALSE(options.has("num_ctx"));
    EXPECT_TRUE(set("stop", "[]"));
    EXPECT_TRUE(options.values().stop.empty());
}

TEST(Options, of_another_json_type_are_refused_in_ollamas_words) {
    EXPECT_EQ(json_problem("num_ctx", "\"big\""), "option \"num_ctx\" must be of type integer");
    EXPECT_EQ(json_problem("temperature", "[]"), "option \"temperature\" must be of type float32");
    EXPECT_EQ(json_problem("use_mmap", "1"), "option \"use_mmap\" must be of type boolean");
    EXPECT_EQ(json_problem("stop", "\"x\""), "option \"stop\" must be of type array");
    EXPECT_EQ(json_problem("stop", "[1]"), "option \"stop\" must be of an array of strings");
    EXPECT_EQ(json_problem("tfs_z", "\"gone\""), "accepted");
}

TEST(Options, out_of_range_count_as_the_nearest_that_makes_sense_where_clients_are_not_refused) {
    struct Case {
        const char* name;
        const char* value;
        const char* taken;
    };
    constexpr std::array kCases = {
        Case{"num_predict", "-2", "-2"},
        Case{"num_predict", "-7", "-1"},
        Case{"num_predict", "10000000000", "2147483647"},
        Case{"num_gpu", "-5", "-1"},
        Case{"num_thread", "-1", "0"},
        Case{"temperature", "-0.5", "0"},
        Case{"temperature", "0.5", "0.5"},
        Case{"top_k", "-1", "0"},
        Case{"top_k", "12.7", "12"},
        Case{"top_p", "1.01", "1"},
        Case{"top_p", "-3", "0"},
        Case{"min_p", "2", "1"},
        Case{"typical_p", "-1", "0"},
        Case{"xtc_probability", "1.5", "1"},
        Case{"dynatemp_range", "-1", "0"},
        Case{"repeat_last_n", "-2", "-1"},
        Case{"repeat_penalty", "0", "1"},
        Case{"repeat_penalty", "-1.5", "1"},
        Case{"dry_base", "0.5", "1.75"},
        Case{"dry_penalty_last_n", "-9", "-1"},
        Case{"mirostat", "3", "2"},
        Case{"adaptive_target", "-3", "-3"},
        Case{"adaptive_target", "1.5", "1"},
        Case{"seed", "-2", "4294967294"},
        Case{"seed", "-1", "-1"},
        Case{"seed", "4294967298", "2"},
        Case{"seed", "18446744073709551613", "4294967293"},
        Case{"seed", "1e20", "1661992960"},
    };
    for (const Case& each : kCases) {
        Options options;
        const auto set = options.set_leniently(each.name, *parse_json(each.value));
        ASSERT_TRUE(set) << each.name << ": " << set.error().message;
        EXPECT_THAT(options.given().at(each.name), ElementsAre(each.taken)) << each.value;
    }
}

TEST(Options, out_of_range_are_refused_on_the_command_line) {
    EXPECT_EQ(problem("temperature=-1"), "temperature is -1: the least is 0");
    EXPECT_EQ(problem("top_p=7"), "top_p is 7: the most is 1");
    EXPECT_EQ(problem("top_k=-1"), "top_k is -1: the least is 0");
    EXPECT_EQ(problem("num_predict=-3"), "num_predict is -3: the least is -2");
    EXPECT_EQ(problem("num_thread=-3"), "num_thread is -3: the least is 0");
    EXPECT_EQ(problem("repeat_penalty=0"), "repeat_penalty is 0: the least is 1e-06");
}

TEST(Options, of_another_json_type_are_refused_leniently_too) {
    Options options;
    EXPECT_FALSE(options.set_leniently("top_k", "many"));
    EXPECT_FALSE(options.set_leniently("seed", "x"));
    EXPECT_FALSE(options.set_leniently("samplers", json::array({1})));
    EXPECT_FALSE(options.set_leniently("samplers", true));
    EXPECT_TRUE(options.set_leniently("unknown", -1));
    EXPECT_TRUE(options.set_leniently("top_k", nullptr));
    EXPECT_TRUE(options.given().empty());
}

TEST(Options, samplers_have_all_names_of_llama_server_where_clients_are_not_refused) {
    const auto samplers = [](std::string_view text) {
        Options options;
        EXPECT_TRUE(options.set_leniently("samplers", *parse_json(text))) << text;
        return options.values().sampling.samplers;
    };
    EXPECT_THAT(
        samplers(R"(["Top-K", "nucleus", "minp", "temp", "typ", "typ-p", "topnsigma", "infill"])"),
        ElementsAre(
            "top_k", "top_p", "min_p", "temperature", "typ_p", "typ_p", "top_n_sigma", "infill"
        )
    );
    EXPECT_THAT(
        samplers("\"edkypmxt\""),
        ElementsAre("penalties", "dry", "top_k", "typ_p", "top_p", "min_p", "xtc", "temperature")
    );
    EXPECT_THAT(samplers(R"(["new", "", "top_k"])"), ElementsAre("top_k"));
    EXPECT_THAT(samplers("\"?ka\""), ElementsAre("top_k", "adaptive_p"));
    EXPECT_THAT(samplers(R"(["new"])"), ElementsAre());
    const std::string many(1000, 'k');
    EXPECT_EQ(samplers('"' + many + '"').size(), kSamplersMax + 1);
}

TEST(Options, those_of_a_request_go_over_those_of_a_model) {
    Options model;
    ASSERT_TRUE(model.set("top_k=3"));
    ASSERT_TRUE(model.set("stop=a"));
    ASSERT_TRUE(model.set("stop=b"));
    Options request;
    ASSERT_TRUE(request.set("top_k=4"));
    ASSERT_TRUE(request.set("stop=c"));
    request.set_logit_bias({{7, -1.0F}});
    model.merge(request);
    EXPECT_EQ(model.values().sampling.top_k, 4);
    EXPECT_THAT(model.values().stop, ElementsAre("c"));
    EXPECT_THAT(model.values().sampling.logit_bias, ElementsAre(LogitBias{7, -1.0F}));
    Options texts;
    texts.set_logit_bias({}, {{"a", 2.0F}});
    model.merge(texts);
    EXPECT_TRUE(model.values().sampling.logit_bias.empty());
    EXPECT_THAT(model.text_biases(), ElementsAre(TextBias{"a", 2.0F}));
}

TEST(Options, an_empty_list_takes_the_place_of_a_models) {
    Options model;
    ASSERT_TRUE(model.set("stop=a"));
    Options request;
    ASSERT_TRUE(request.set("stop", json::array()));
    ASSERT_TRUE(request.set("dry_sequence_breakers", json::array({""})));
    EXPECT_EQ(request.to_json(), R"({"dry_sequence_breakers":[],"stop":[]})");
    model.merge(request);
    EXPECT_TRUE(model.values().stop.empty());
    EXPECT_TRUE(model.values().sampling.dry_sequence_breakers.empty());
}

TEST(Options, become_json_that_sets_them_again) {
    Options options;
    for (const char* assignment :
         {"top_k=3",
          "temperature=.5",
          "seed=4294967295",
          "use_mmap=F",
          "stop=a",
          "stop=\"b\"",
          "grammar=root ::= \"x\"",
          "ignore_eos=1",
          "num_ctx=8192"}) {
        ASSERT_TRUE(options.set(assignment)) << assignment;
    }
    const std::string text = options.to_json();
    EXPECT_EQ(
        text,
        R"({"grammar":"root ::= \"x\"","ignore_eos":true,"num_ctx":8192,"seed":4294967295,)"
        R"("stop":["a","\"b\""],"temperature":0.5,"top_k":3,"use_mmap":false})"
    );
    const Result<json::value> value = parse_json(text);
    ASSERT_TRUE(value);
    Options again;
    for (const auto& [name, each] : value->get_object()) {
        ASSERT_TRUE(again.set(name, each)) << std::string(name);
    }
    EXPECT_EQ(again.values().sampling, options.values().sampling);
    EXPECT_EQ(again.values().load, options.values().load);
    EXPECT_EQ(again.values().stop, options.values().stop);
}

TEST(Options, every_option_has_a_type_and_a_help_text) {
    EXPECT_GE(option_help().size(), 20U);
    for (const OptionHelp& help : option_help()) {
        EXPECT_FALSE(help.type.empty()) << help.name;
        EXPECT_FALSE(help.help.empty()) << help.name;
    }
}

}  // namespace
}  // namespace mullama::api
