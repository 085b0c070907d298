#include <mullama/sampler.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

#include <gtest/gtest.h>

namespace mullama {
namespace {

const std::vector<float> kLogits = {0.5F, 3.0F, 1.0F, 2.0F};

// Forces the tokens of a script one after another, and writes down what it is told.
class Script final : public CustomSampler {
  public:
    struct Log {
        std::vector<Token> accepted;
        std::vector<Token> primed;
        int resets = 0;
    };

    Script(std::vector<Token> tokens, std::shared_ptr<Log> log)
        : tokens_(std::move(tokens)), log_(std::move(log)) {}

    std::string_view name() const override { return "script"; }
    void apply(Candidates& candidates) override {
        if (next_ < tokens_.size()) candidates.choose(tokens_[next_]);
    }
    void accept(Token token) override {
        ++next_;
        log_->accepted.push_back(token);
    }
    void prime(std::span<const Token> prompt) override {
        log_->primed.assign(prompt.begin(), prompt.end());
    }
    void reset() override {
        next_ = 0;
        ++log_->resets;
    }
    std::unique_ptr<CustomSampler> clone() const override {
        return std::make_unique<Script>(*this);
    }

  private:
    std::vector<Token> tokens_;
    std::shared_ptr<Log> log_;
    std::size_t next_ = 0;
};

// Does what it is told to, once.
class Probe final : public CustomSampler {
  public:
    explicit Probe(std::function<void(Candidates&)> act) : act_(std::move(act)) {}
    std::string_view name() const override { return "probe"; }
    void apply(Candidates& candidates) override { act_(candidates); }
    void accept(Token token) override {
        if (token == 3) throw std::runtime_error("three is too many");
    }
    std::unique_ptr<CustomSampler> clone() const override { return nullptr; }

  private:
    std::function<void(Candidates&)> act_;
};

Sampler with_probe(std::function<void(Candidates&)> act) {
    Sampler sampler;
    EXPECT_TRUE(sampler.add(std::make_unique<Probe>(std::move(act))));
    EXPECT_TRUE(sampler.add_greedy());
    return sampler;
}

TEST(CustomSampler, can_force_each_token) {
    const auto log = std::make_shared<Script::Log>();
    Sampler sampler;
    ASSERT_TRUE(sampler.add(std::make_unique<Script>(std::vector<Token>{2, 0}, log)));
    ASSERT_TRUE(sampler.add_dist(1));
    EXPECT_EQ(sampler.name(0), "script");
    for (const Token expected : {2, 0}) {
        EXPECT_EQ(sampler.sample(kLogits).value(), expected);
        ASSERT_TRUE(sampler.accept(expected));
    }
    EXPECT_EQ(log->accepted, (std::vector<Token>{2, 0}));
}

TEST(CustomSampler, can_choose_without_another_behind_it) {
    const auto log = std::make_shared<Script::Log>();
    Sampler sampler;
    ASSERT_TRUE(sampler.add(std::make_unique<Script>(std::vector<Token>{2}, log)));
    EXPECT_EQ(sampler.sample(kLogits).value(), 2);
}

TEST(CustomSampler, hears_of_the_prompt_and_of_resets) {
    const auto log = std::make_shared<Script::Log>();
    Sampler sampler;
    ASSERT_TRUE(sampler.add(std::make_unique<Script>(std::vector<Token>{2}, log)));
    ASSERT_TRUE(sampler.prime(std::vector<Token>{3, 1}));
    EXPECT_EQ(log->primed, (std::vector<Token>{3, 1}));
    EXPECT_TRUE(log->accepted.empty());
    ASSERT_TRUE(sampler.accept(2));
    sampler.reset();
    EXPECT_EQ(log->resets, 1);
    EXPECT_EQ(sampler.sample(kLogits).value(), 2);
}

TEST(CustomSampler, is_cloned_with_its_state) {
    const auto log = std::make_shared<Script::Log>();
    Sampler sampler;
    ASSERT_TRUE(sampler.add(std::make_unique<Script>(std::vector<Token>{2, 0}, log)));
    ASSERT_TRUE(sampler.accept(2));
    auto copy = sampler.clone();
    ASSERT_TRUE(copy);
    EXPECT_EQ(copy->name(0), "script");
    EXPECT_EQ(copy->sample(kLogits).value(), 0);
}

TEST(CustomSampler, may_change_logits_and_drop_candidates) {
    auto sampler = with_probe([](Candidates& candidates) {
        EXPECT_EQ(candidates.size(), 4U);
        for (auto& item : candidates.items()) item.logit = -item.logit;
    });
    EXPECT_EQ(sampler.sample(kLogits).value(), 0);
    auto cut = with_probe([](Candidates& candidates) {
        const auto items = candidates.items();
        std::ranges::sort(items, {}, &Candidate::logit);
        candidates.keep(2);
    });
    EXPECT_EQ(cut.sample(kLogits).value(), 2);
}

TEST(CustomSampler, cannot_leave_nothing_or_more_than_there_was) {
    auto none = with_probe([](Candidates& candidates) { candidates.keep(0); });
    EXPECT_EQ(none.sample(kLogits).value(), 0);
    auto more = with_probe([](Candidates& candidates) { candidates.keep(1000); });
    EXPECT_EQ(more.sample(kLogits).value(), 1);
}

TEST(CustomSampler, choosing_a_token_that_is_not_there_changes_nothing) {
    auto sampler = with_probe([](Candidates& candidates) { EXPECT_FALSE(candidates.choose(9)); });
    EXPECT_EQ(sampler.sample(kLogits).value(), 1);
}

TEST(CustomSampler, nan_that_it_writes_never_wins) {
    auto sampler = with_probe([](Candidates& candidates) {
        candidates.items()[1].logit = std::numeric_limits<float>::quiet_NaN();
    });
    EXPECT_EQ(sampler.sample(kLogits).value(), 3);
}

TEST(CustomSampler, what_it_throws_is_an_error_until_reset) {
    bool broken = true;
    auto sampler = with_probe([&](Candidates&) {
        if (broken) throw std::runtime_error("no idea");
    });
    const auto result = sampler.sample(kLogits);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kInternal);
    EXPECT_EQ(result.error().message, "custom sampler 'probe' failed: no idea");
    broken = false;
    EXPECT_FALSE(sampler.sample(kLogits));
    sampler.reset();
    EXPECT_TRUE(sampler.sample(kLogits));
}

TEST(CustomSampler, may_throw_anything_from_any_function) {
    auto strange = with_probe([](Candidates&) { throw 42; });
    EXPECT_NE(strange.sample(kLogits).error().message.find("unknown type"), std::string::npos);
    auto sampler = with_probe([](Candidates&) {});
    EXPECT_NE(sampler.accept(3).error().message.find("three is too many"), std::string::npos);
}

TEST(CustomSampler, that_cannot_be_cloned_is_an_error) {
    auto sampler = with_probe([](Candidates&) {});
    const auto copy = sampler.clone();
    ASSERT_FALSE(copy);
    EXPECT_EQ(copy.error().message, "custom sampler 'probe' failed: clone() gave null");
}

TEST(CustomSampler, may_not_be_null) {
    Sampler sampler;
    EXPECT_EQ(sampler.add(nullptr).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(sampler.size(), 0U);
}

}  // namespace
}  // namespace mullama
