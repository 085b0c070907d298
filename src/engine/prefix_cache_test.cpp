#include "engine/prefix_cache.h"

#include "engine/engine_loop_rig.h"

#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama {
namespace {

using test::ask;
using test::kInfo;
using test::Rig;

// 100 tokens that several prompts begin with.
const std::string kSystem(100, 's');

std::int64_t cached(EventStream& stream) {
    return stream.collect().finish.usage.cached_tokens;
}

std::string words(int count, char letter) {
    return std::string(static_cast<std::size_t>(count), letter);
}

std::int32_t computed(const Rig& rig) {
    std::size_t tokens = 0;
    for (const std::size_t size : rig.batch_sizes()) tokens += size;
    return static_cast<std::int32_t>(tokens);
}

/// With each kind of memory that can share.
class PrefixCacheTest : public testing::TestWithParam<Sharing> {
  protected:
    static bool takes_parts() { return GetParam() == Sharing::kParts; }

    /// Runs a request alone and gives what it says.
    Completion run(const std::string& prompt) {
        auto stream = rig_.submit(ask(prompt));
        rig_.run();
        return stream.collect();
    }

    Rig rig_{kInfo, 256, GetParam()};
};

TEST_P(PrefixCacheTest, a_chat_that_goes_on_computes_only_what_is_new) {
    EXPECT_EQ(run(kSystem + "<hello>").text, "hello");
    const auto turn = kSystem + "<hello>hello";
    const Completion next = run(turn + " and more");
    EXPECT_EQ(next.text, "");
    EXPECT_EQ(next.finish.usage.cached_tokens, std::ssize(turn));
    EXPECT_EQ(next.finish.usage.prompt_tokens, std::ssize(turn) + 9);
    EXPECT_EQ(computed(rig_), std::ssize(turn) + 9);
    EXPECT_EQ(rig_.stats().prompt_tokens, std::ssize(kSystem) + 7 + 9);
}

TEST_P(PrefixCacheTest, requests_that_come_together_compute_their_beginning_once) {
    std::vector<EventStream> streams;
    for (const char* end : {"<one>", "<two>", "<three>", "<four>"}) {
        streams.push_back(rig_.submit(ask(kSystem + end)));
    }
    rig_.run();
    std::vector<std::string> texts;
    std::vector<std::int64_t> spared;
    for (auto& stream : streams) {
        const Completion completion = stream.collect();
        texts.push_back(completion.text);
        spared.push_back(completion.finish.usage.cached_tokens);
    }
    EXPECT_THAT(texts, testing::ElementsAre("one", "two", "three", "four"));
    // "<t" is common to two of them, and too little to wait for.
    EXPECT_THAT(spared, testing::ElementsAre(0, 101, 101, 101));
    EXPECT_EQ(rig_.decoder.cells_used(), 0);
}

TEST_P(PrefixCacheTest, the_same_prompt_several_times_is_computed_once) {
    std::vector<EventStream> streams;
    for (int i = 0; i < 4; ++i) streams.push_back(rig_.submit(ask(kSystem + "<same>")));
    rig_.run();
    for (auto& stream : streams) EXPECT_EQ(stream.collect().text, "same");
    EXPECT_EQ(computed(rig_), 106 + 3 + 4 * 4);
}

TEST_P(PrefixCacheTest, one_that_comes_later_shares_with_one_that_still_runs) {
    auto first = rig_.submit(ask(kSystem + "<a*>", 50));
    rig_.step(5);
    auto second = rig_.submit(ask(kSystem + "<b>"));
    auto third = rig_.submit(ask(kSystem + "<c>"));
    rig_.run();
    // Where only all of a sequence can be taken, the second computes it again, and stops where the
    // first had left its way, for the third.
    EXPECT_EQ(cached(second), takes_parts() ? 101 : 0);
    EXPECT_EQ(cached(third), 101);
    EXPECT_EQ(first.collect().text, std::string(50, 'a'));
}

TEST_P(PrefixCacheTest, prompts_that_part_from_kept_ones_share_what_they_have_in_common) {
    run(kSystem + "<first>");
    EXPECT_EQ(run(kSystem + "<second>").finish.usage.cached_tokens, takes_parts() ? 101 : 0);
    const Completion third = run(kSystem + "<third>");
    EXPECT_EQ(third.text, "third");
    EXPECT_EQ(third.finish.usage.cached_tokens, 101);
}

TEST_P(PrefixCacheTest, the_last_token_is_always_computed) {
    run(kSystem + "<again>");
    run(kSystem + "<again>");
    const Completion again = run(kSystem + "<again>");
    EXPECT_EQ(again.text, "again");
    EXPECT_EQ(again.finish.usage.cached_tokens, std::ssize(kSystem) + 6);
}

TEST_P(PrefixCacheTest, a_long_prompt_again_is_computed_once) {
    const std::string prompt = std::string(300, 's') + "<again>";
    run(prompt);
    EXPECT_EQ(run(prompt).finish.usage.cached_tokens, std::ssize(prompt) - 1);
}

TEST_P(PrefixCacheTest, a_request_can_stay_away) {
    run(kSystem + "<x>");
    GenerateRequest alone = ask(kSystem + "<x>x and so on");
    alone.cache_prompt = false;
    auto stream = rig_.submit(alone);
    rig_.run();
    EXPECT_EQ(cached(stream), 0);
    constexpr std::int64_t kTokenBytes =
        2 * sizeof(Token);  // a token, and what stands for its state
    EXPECT_EQ(rig_.stats().prefix_cache_bytes, 104 * kTokenBytes);
}

TEST_P(PrefixCacheTest, what_a_vanished_client_left_is_kept) {
    {
        const auto gone = rig_.submit(ask(kSystem + "<a*>"));
        rig_.step(2);
    }
    rig_.run();
    EXPECT_EQ(rig_.decoder.cells_used(), 0);
    // Its first token had been computed.
    auto next = rig_.submit(ask(kSystem + "<a*>aaa", 3));
    rig_.run();
    EXPECT_EQ(cached(next), std::ssize(kSystem) + 5);
}

TEST_P(PrefixCacheTest, what_comes_before_a_failed_step_is_not_kept) {
    auto stream = rig_.submit(ask(kSystem + "<a*>"));
    rig_.step(3);
    rig_.decoder.fail_next({ErrorCode::kInternal, "broken"});
    rig_.run();
    EXPECT_EQ(stream.collect().finish.reason, FinishReason::kError);
    EXPECT_EQ(rig_.stats().prefix_cache_bytes, 0);
}

TEST_P(PrefixCacheTest, one_that_was_set_back_goes_on_from_what_was_kept) {
    auto first = rig_.submit(ask(std::string(100, 'x') + "<a*>", 60));
    auto second = rig_.submit(ask(std::string(100, 'y') + "<b*>", 60));
    rig_.step(3);
    rig_.decoder.set_cells(rig_.decoder.cells_used() + 1);
    rig_.run();
    EXPECT_EQ(first.collect().text, std::string(60, 'a'));
    const Completion completion = second.collect();
    EXPECT_EQ(completion.text, std::string(60, 'b'));
    EXPECT_EQ(completion.finish.usage.cached_tokens, 0);
    EXPECT_EQ(computed(rig_), 2 * (104 + 59));
}

TEST_P(PrefixCacheTest, waiting_ends_with_the_one_that_is_waited_for) {
    auto busy = rig_.submit(ask("<z*>", 40));
    rig_.step();
    auto first = rig_.submit(ask(std::string(400, 's') + "<one>"));
    auto second = rig_.submit(ask(std::string(400, 's') + "<two>"));
    rig_.step(2);
    EXPECT_EQ(rig_.batch_sizes().back(), 65U) << "the first one's chunk, and busy's token";
    {
        const auto gone = std::move(first);
    }
    rig_.run();
    const Completion completion = second.collect();
    EXPECT_EQ(completion.text, "two");
    EXPECT_EQ(completion.finish.usage.cached_tokens, 128);
    EXPECT_EQ(busy.collect().text, std::string(40, 'z'));
}

TEST_P(PrefixCacheTest, a_context_is_shifted_without_harm_to_those_who_share_it) {
    EngineInfo info = kInfo;
    info.context_length = 140;
    Rig rig(info, 1000, GetParam());
    GenerateRequest shifting = ask(kSystem + "<a*>", 300);
    shifting.overflow = {.shift = true, .keep_tokens = -1};
    auto first = rig.submit(shifting);
    auto second = rig.submit(ask(kSystem + "<b*>", 30));
    rig.run();
    EXPECT_EQ(first.collect().text, std::string(300, 'a'));
    EXPECT_EQ(second.collect().text, std::string(30, 'b'));
    EXPECT_EQ(rig.decoder.cells_used(), 0);
}

INSTANTIATE_TEST_SUITE_P(
    EachMemory,
    PrefixCacheTest,
    testing::Values(Sharing::kParts, Sharing::kWhole),
    [](const auto& tested) { return tested.param == Sharing::kParts ? "parts" : "whole"; }
);

TEST(PrefixCache, is_off_where_nothing_can_be_shared) {
    Rig rig;
    for (int i = 0; i < 2; ++i) {
        auto stream = rig.submit(ask(kSystem + "<x>"));
        rig.run();
        EXPECT_EQ(cached(stream), 0);
    }
    EXPECT_EQ(rig.stats().prefix_cache_bytes, 0);
}

// Prompts of a few common beginnings, at random times, some of which are given up: every answer is
// what it is alone, and nothing is left.
TEST(PrefixCache, changes_no_answer) {
    for (const Sharing sharing : {Sharing::kParts, Sharing::kWhole}) {
        for (unsigned seed = 0; seed < 300; ++seed) {
            std::mt19937 random(seed);
            const auto below = [&](int count) {
                return static_cast<int>(random() % static_cast<unsigned>(count));
            };
            Rig rig(kInfo, 256, sharing);
            if (below(3) == 0) rig.decoder.set_cells(300);
            std::vector<std::pair<EventStream, std::string>> asked;
            for (int i = 0; i < 12; ++i) {
                std::string prompt;
                for (int part = below(4); part >= 0; --part) {
                    prompt += words(20 * (1 + below(2)), "ab"[below(2)]);
                }
                const std::string answer = words(1 + below(20), "XYZ"[below(3)]);
                auto stream = rig.try_submit(ask(prompt + "<" + answer + ">"));
                if (stream && below(6) > 0) asked.emplace_back(std::move(*stream), answer);
                rig.step(below(6));
            }
            rig.run();
            for (auto& [stream, answer] : asked) ASSERT_EQ(stream.collect().text, answer) << seed;
            ASSERT_EQ(rig.decoder.cells_used(), 0);
            ASSERT_EQ(rig.stats().running + rig.stats().queued, 0);
        }
    }
}

}  // namespace
}  // namespace mullama
