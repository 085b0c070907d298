#include "tests/support/models.h"
#include <mullama/model.h>
#include <mullama/sampler.h>

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama {
namespace {

using ::testing::ElementsAre;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr std::int32_t kContextLength = 2048;

const Vocab& vocab() {
    static const auto model = [] {
        ModelOptions options;
        options.vocab_only = true;
        return Model::load(test::smollm2_path(), options);
    }();
    EXPECT_TRUE(model) << model.error().message;
    return model->vocab();
}

std::vector<std::string> names(const SamplingOptions& options) {
    const auto sampler = make_sampler(vocab(), options, kContextLength);
    EXPECT_TRUE(sampler) << sampler.error().message;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < sampler->size(); ++i) names.emplace_back(sampler->name(i));
    return names;
}

std::string refusal(const SamplingOptions& options) {
    const auto sampler = make_sampler(vocab(), options, kContextLength);
    if (sampler) return "accepted";
    EXPECT_EQ(sampler.error().code, ErrorCode::kInvalidArgument);
    return sampler.error().message;
}

template <typename Value>
std::string refusal(Value SamplingOptions::* member, Value value) {
    SamplingOptions options;
    options.*member = value;
    return refusal(options);
}

std::vector<float> some_logits() {
    std::vector<float> logits(static_cast<std::size_t>(vocab().size()));
    for (std::size_t i = 0; i < logits.size(); ++i) {
        logits[i] = 4.0F * std::sin(static_cast<float>(i));
    }
    return logits;
}

TEST(MakeSampler, builds_ollamas_defaults) {
    EXPECT_THAT(names({}), ElementsAre("top-k", "top-p", "temp", "dist"));
}

TEST(MakeSampler, builds_everything_in_the_documented_order) {
    SamplingOptions options;
    options.logit_bias = {{0, 1.0F}};
    options.repeat_penalty = 1.1F;
    options.dry_multiplier = 0.8F;
    options.top_n_sigma = 1.0F;
    options.typical_p = 0.9F;
    options.min_p = 0.05F;
    options.xtc_probability = 0.5F;
    options.dynatemp_range = 0.2F;
    EXPECT_THAT(
        names(options),
        ElementsAre(
            "logit-bias",
            "penalties",
            "dry",
            "top-n-sigma",
            "top-k",
            "drop-excluded",
            "typical",
            "top-p",
            "min-p",
            "xtc",
            "temp-ext",
            "dist"
        )
    );
}

TEST(MakeSampler, temperature_of_zero_is_greedy_behind_bias_and_penalties) {
    EXPECT_THAT(names(sampling_greedy()), ElementsAre("greedy"));
    auto options = sampling_greedy();
    options.repeat_penalty = 1.1F;
    options.logit_bias = {{0, 1.0F}};
    options.mirostat = 2;
    EXPECT_THAT(names(options), ElementsAre("logit-bias", "penalties", "greedy"));
}

TEST(MakeSampler, mirostat_stands_in_for_the_narrowing_samplers) {
    SamplingOptions options;
    options.mirostat = 1;
    EXPECT_THAT(names(options), ElementsAre("temp", "mirostat"));
    options.mirostat = 2;
    EXPECT_THAT(names(options), ElementsAre("temp", "mirostat-v2"));
}

TEST(MakeSampler, follows_an_order_of_the_callers_and_leaves_out_what_it_does_not_name) {
    SamplingOptions options;
    options.repeat_penalty = 1.1F;
    options.min_p = 0.05F;
    options.samplers = {"temperature", "min_p", "top_k"};
    EXPECT_THAT(names(options), ElementsAre("temp", "min-p", "top-k", "dist"));
    options.samplers = {"top_k", "penalties", "top_k"};
    EXPECT_THAT(names(options), ElementsAre("top-k", "penalties", "top-k", "dist"));
    options.samplers = {"xtc", "dry", "top_n_sigma", "typ_p"};  // all of them off
    EXPECT_THAT(names(options), ElementsAre("dist"));
}

TEST(MakeSampler, an_order_keeps_greedy_and_mirostat_what_they_are) {
    SamplingOptions options = sampling_greedy();
    options.repeat_penalty = 1.1F;
    options.samplers = {"top_p", "penalties", "temperature", "min_p"};
    EXPECT_THAT(names(options), ElementsAre("penalties", "greedy"));
    options.samplers = {"top_p"};
    EXPECT_THAT(names(options), ElementsAre("top-p", "dist"));
    options.temperature = 0.5F;
    options.mirostat = 2;
    options.samplers = {"temperature", "top_k", "penalties"};
    EXPECT_THAT(names(options), ElementsAre("temp", "penalties", "mirostat-v2"));
}

TEST(MakeSampler, infill_is_there_where_it_is_named_and_gets_few_candidates) {
    SamplingOptions options;
    options.samplers = {"top_k", "top_p", "infill"};
    EXPECT_THAT(names(options), ElementsAre("top-k", "top-p", "top-k", "infill", "dist"));
    options.samplers = {"top_k", "infill", "temperature"};
    options.temperature = 0.0F;
    EXPECT_THAT(names(options), ElementsAre("top-k", "top-k", "infill", "greedy"));
    options.temperature = 0.5F;
    options.mirostat = 2;
    EXPECT_THAT(names(options), ElementsAre("temp", "mirostat-v2"));
}

TEST(MakeSampler, adaptive_p_takes_the_place_of_the_draw) {
    SamplingOptions options;
    options.adaptive_target = 0.5F;
    EXPECT_THAT(names(options), ElementsAre("top-k", "top-p", "temp", "dist"));
    options.samplers = {"adaptive_p", "top_k"};
    EXPECT_THAT(names(options), ElementsAre("top-k", "adaptive-p"));
    options.mirostat = 1;
    EXPECT_THAT(names(options), ElementsAre("mirostat"));
}

TEST(MakeSampler, narrowing_samplers_leave_as_many_as_they_are_told_to) {
    SamplingOptions options;
    options.top_k = 0;
    options.top_p = 0.0F;
    options.min_keep = 3;
    options.seed = 1;
    auto sampler = make_sampler(vocab(), options, kContextLength).value();
    ASSERT_TRUE(sampler.remove(sampler.size() - 1));
    std::vector<Candidate> candidates;
    for (Token token = 0; token < 9; ++token) {
        candidates.push_back({.token = token, .logit = static_cast<float>(token)});
    }
    ASSERT_TRUE(sampler.apply(candidates));
    EXPECT_EQ(candidates.size(), 3U);
}

TEST(MakeSampler, refuses_an_order_with_unknown_names_or_too_many) {
    SamplingOptions options;
    options.samplers = {"top_k", "top-p"};
    EXPECT_EQ(
        refusal(options),
        "samplers names 'top-p', which is not known: use penalties, dry, top_n_sigma, top_k, "
        "typ_p, top_p, min_p, xtc, temperature, infill, adaptive_p"
    );
    options.samplers.assign(kSamplersMax + 1, "top_k");
    EXPECT_EQ(refusal(options), "samplers has 33 names, the most is 32");
}

TEST(MakeSampler, leaves_out_penalties_that_look_back_over_nothing) {
    SamplingOptions options;
    options.repeat_penalty = 1.1F;
    options.repeat_last_n = 0;
    options.dry_multiplier = 1.0F;
    options.dry_penalty_last_n = 0;
    EXPECT_THAT(names(options), ElementsAre("top-k", "top-p", "temp", "dist"));
}

TEST(MakeSampler, minus_one_looks_back_over_the_whole_context) {
    SamplingOptions options = sampling_greedy();
    options.presence_penalty = 100.0F;
    options.repeat_last_n = -1;
    auto sampler = make_sampler(vocab(), options, kContextLength).value();
    const auto logits = some_logits();
    const Token best = sampler.sample(logits).value();
    ASSERT_TRUE(sampler.accept(best));
    const std::vector<Token> others(kContextLength - 1, best == 0 ? 1 : 0);
    ASSERT_TRUE(sampler.prime(others));
    EXPECT_NE(sampler.sample(logits).value(), best);
    ASSERT_TRUE(sampler.prime(std::vector<Token>{others.front()}));
    EXPECT_EQ(sampler.sample(logits).value(), best);
}

TEST(MakeSampler, tells_the_seed_and_draws_one_where_none_is_given) {
    SamplingOptions options;
    const auto random = make_sampler(vocab(), options, kContextLength).value();
    ASSERT_TRUE(random.seed());
    EXPECT_NE(random.seed(), make_sampler(vocab(), options, kContextLength)->seed());
    options.seed = 42;
    EXPECT_EQ(make_sampler(vocab(), options, kContextLength)->seed(), 42U);
    EXPECT_EQ(make_sampler(vocab(), sampling_greedy(), kContextLength)->seed(), std::nullopt);
}

TEST(MakeSampler, same_seed_gives_the_same_tokens) {
    SamplingOptions options = sampling_creative();
    options.xtc_probability = 0.5F;
    options.seed = 7;
    const auto logits = some_logits();
    auto first = make_sampler(vocab(), options, kContextLength).value();
    auto second = make_sampler(vocab(), options, kContextLength).value();
    for (int i = 0; i < 20; ++i) EXPECT_EQ(*first.sample(logits), *second.sample(logits));
}

TEST(MakeSampler, follows_its_grammar) {
    SamplingOptions options;
    options.grammar = "root ::= \"yes\"";
    auto sampler = make_sampler(vocab(), options, kContextLength).value();
    EXPECT_EQ(std::string("yes").find(vocab().piece(*sampler.sample(some_logits()))), 0U);
    options.grammar = "root ::= (";
    EXPECT_NE(refusal(options).find("grammar, line 1"), std::string::npos);
}

TEST(MakeSampler, typical_p_copes_with_forbidden_tokens) {
    SamplingOptions options;
    options.typical_p = 0.5F;
    options.top_k = 0;
    options.logit_bias = {{5, -std::numeric_limits<float>::infinity()}};
    options.seed = 3;
    auto sampler = make_sampler(vocab(), options, kContextLength).value();
    for (int i = 0; i < 5; ++i) EXPECT_NE(*sampler.sample(some_logits()), 5);
}

TEST(MakeSampler, names_each_option_out_of_range_with_its_value_and_range) {
    using O = SamplingOptions;
    EXPECT_EQ(
        refusal(&O::temperature, -0.5F), "temperature is -0.5: it must be a number of at least 0"
    );
    EXPECT_EQ(refusal(&O::top_p, 1.01F).substr(0, 13), "top_p is 1.01");
    EXPECT_EQ(refusal(&O::top_p, kNan), "top_p is nan: it must be between 0 and 1");
    EXPECT_EQ(refusal(&O::min_p, -0.1F).substr(0, 13), "min_p is -0.1");
    EXPECT_EQ(refusal(&O::typical_p, 2.0F).substr(0, 14), "typical_p is 2");
    EXPECT_EQ(refusal(&O::top_k, -1).substr(0, 11), "top_k is -1");
    EXPECT_EQ(refusal(&O::mirostat, 3), "mirostat is 3: it must be between 0 and 2");
    EXPECT_EQ(
        refusal(&O::repeat_penalty, 0.0F), "repeat_penalty is 0: it must be a number above 0"
    );
    EXPECT_EQ(
        refusal(&O::repeat_last_n, -2), "repeat_last_n is -2: it must be between -1 and 2147483647"
    );
    for (const auto member :
         {&O::temperature,
          &O::top_n_sigma,
          &O::xtc_probability,
          &O::xtc_threshold,
          &O::dynatemp_range,
          &O::dynatemp_exponent,
          &O::repeat_penalty,
          &O::presence_penalty,
          &O::frequency_penalty,
          &O::dry_multiplier,
          &O::dry_base,
          &O::mirostat_tau,
          &O::mirostat_eta}) {
        EXPECT_NE(refusal(member, kNan).find(" is nan: "), std::string::npos);
    }
    EXPECT_NE(refusal(&O::dry_base, 0.5F), "accepted");
    EXPECT_NE(refusal(&O::dry_allowed_length, -1), "accepted");
    EXPECT_NE(refusal(&O::min_keep, -1), "accepted");
    EXPECT_NE(refusal(&O::adaptive_target, 1.5F), "accepted");
    EXPECT_NE(refusal(&O::adaptive_decay, 1.0F), "accepted");
    SamplingOptions options;
    options.logit_bias = {{vocab().size(), 1.0F}};
    EXPECT_NE(refusal(options).find("token of a logit_bias is 49152"), std::string::npos);
    EXPECT_FALSE(make_sampler(vocab(), {}, 0));
}

TEST(SamplingPresets, are_options_that_make_a_sampler) {
    EXPECT_THAT(names(sampling_balanced()), ElementsAre("top-k", "top-p", "min-p", "temp", "dist"));
    EXPECT_THAT(names(sampling_creative()), ElementsAre("min-p", "temp", "dist"));
    EXPECT_THAT(names(sampling_precise()), ElementsAre("top-k", "top-p", "min-p", "temp", "dist"));
    EXPECT_LT(sampling_precise().temperature, sampling_balanced().temperature);
    EXPECT_LT(sampling_balanced().temperature, sampling_creative().temperature);
}

}  // namespace
}  // namespace mullama
