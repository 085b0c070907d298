#include "cli/model_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string problem(std::string_view assignment) {
    ModelOptions options;
    Result<void> result = options.set(assignment);
    if (result) return "accepted";
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
    EXPECT_TRUE(options.given().empty());
    return result.error().message;
}

TEST(ModelOptions, starts_with_ollamas_defaults) {
    OptionValues values = ModelOptions().values();
    EXPECT_EQ(values.sampling, SamplingOptions());
    EXPECT_EQ(values.load, LoadSettings());
    EXPECT_EQ(values.max_tokens, -1);
    EXPECT_TRUE(values.stop.empty());
}

TEST(ModelOptions, sets_each_kind_of_option) {
    ModelOptions options;
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
    EXPECT_EQ(options.values().load.num_gpu, -1);
    EXPECT_EQ(options.values().max_tokens, 7);
    EXPECT_EQ(options.values().sampling.seed, 4294967295U);
    EXPECT_FLOAT_EQ(options.values().sampling.temperature, 0.25F);
    EXPECT_EQ(options.values().sampling.top_k, 3);
    EXPECT_EQ(options.given().at("temperature"), "0.25");
}

TEST(ModelOptions, the_last_of_two_values_wins) {
    ModelOptions options;
    ASSERT_TRUE(options.set("top_k=3"));
    ASSERT_TRUE(options.set("top_k=4"));
    EXPECT_EQ(options.values().sampling.top_k, 4);
}

TEST(ModelOptions, a_seed_of_minus_one_draws_a_new_one) {
    ModelOptions options;
    ASSERT_TRUE(options.set("seed=1"));
    ASSERT_TRUE(options.set("seed=-1"));
    EXPECT_EQ(options.values().sampling.seed, std::nullopt);
    EXPECT_THAT(problem("seed=-2"), HasSubstr("invalid value '-2' for seed"));
}

TEST(ModelOptions, stop_strings_add_up_on_the_command_line) {
    ModelOptions options;
    ASSERT_TRUE(options.set("stop=a=b"));
    ASSERT_TRUE(options.set("stop=\n"));
    EXPECT_THAT(options.values().stop, ElementsAre("a=b", "\n"));
}

TEST(ModelOptions, stop_strings_replace_each_other_in_the_chat) {
    ModelOptions options;
    ASSERT_TRUE(options.set("stop", std::vector<std::string>{"a", "b"}));
    ASSERT_TRUE(options.set("stop", std::vector<std::string>{"c"}));
    EXPECT_THAT(options.values().stop, ElementsAre("c"));
    EXPECT_EQ(options.given().at("stop"), "c");
}

TEST(ModelOptions, an_unknown_option_names_the_known_ones) {
    EXPECT_THAT(problem("tempreature=1"), HasSubstr("unknown parameter 'tempreature'"));
    EXPECT_THAT(problem("tempreature=1"), HasSubstr("top_k, top_p"));
    EXPECT_THAT(problem("=1"), HasSubstr("unknown parameter ''"));
}

TEST(ModelOptions, a_value_of_the_wrong_type_is_refused) {
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

TEST(ModelOptions, two_values_are_too_many_but_for_a_list) {
    ModelOptions options;
    EXPECT_FALSE(options.set("top_k", std::vector<std::string>{"1", "2"}));
    EXPECT_FALSE(options.set("top_k", std::vector<std::string>{}));
    EXPECT_FALSE(options.set("stop", std::vector<std::string>{}));
}

TEST(ModelOptions, every_option_has_a_type_and_a_help_text) {
    EXPECT_GE(option_help().size(), 20U);
    for (const OptionHelp& help : option_help()) {
        EXPECT_FALSE(help.type.empty()) << help.name;
        EXPECT_FALSE(help.help.empty()) << help.name;
    }
}

}  // namespace
}  // namespace mullama::cli
