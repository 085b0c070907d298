#include "engine/engine_loop_rig.h"

#include <cctype>
#include <chrono>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

/// Requests that use the model's adapters otherwise than the engine does.
namespace mullama {
namespace {

using test::ask;
using test::kInfo;
using test::read_now;
using test::Rig;

using Uses = std::vector<AdapterUse>;

GenerateRequest ask_with(Uses adapters, std::string prompt, std::int32_t max_tokens = -1) {
    GenerateRequest request = ask(std::move(prompt), max_tokens);
    request.adapters = std::move(adapters);
    return request;
}

TEST(EngineLoopAdapters, each_answer_is_computed_with_its_own) {
    Rig rig(kInfo, 256, Sharing::kParts);
    rig.decoder.set_adapter_scales({0.0F, 0.0F});
    auto plain = rig.submit(ask("<abc>"));
    auto first = rig.submit(ask_with({{.index = 0, .scale = 1.0F}}, "<abc>"));
    auto again = rig.submit(ask_with({{.index = 0, .scale = 1.0F}}, "<abcd>"));
    auto second = rig.submit(ask_with({{.index = 1, .scale = 0.5F}}, "<abcde>"));
    rig.run();
    EXPECT_EQ(plain.collect().text, "abc");
    EXPECT_EQ(first.collect().text, "ABC");
    EXPECT_EQ(again.collect().text, "ABCD");
    EXPECT_EQ(second.collect().text, "klmno");
}

TEST(EngineLoopAdapters, those_with_the_same_share_their_steps) {
    Rig rig;
    rig.decoder.set_adapter_scales({0.0F});
    auto first = rig.submit(ask_with({{.index = 0, .scale = 1.0F}}, "<abcdefgh>"));
    auto second = rig.submit(ask_with({{.index = 0, .scale = 1.0F}}, "<abcdefgh>"));
    rig.run();
    EXPECT_EQ(rig.stats().steps, 9);
}

TEST(EngineLoopAdapters, those_with_others_take_turns_though_new_ones_keep_coming) {
    Rig rig;
    rig.decoder.set_adapter_scales({0.0F});
    auto steady = rig.submit(ask_with({{.index = 0, .scale = 1.0F}}, "<abcdefghij>"));
    std::vector<EventStream> others;
    for (int i = 0; i < 100; ++i) {
        const float scale = 2.0F + static_cast<float>(i);
        auto other = rig.try_submit(ask_with({{.index = 0, .scale = scale}}, "<x>", 1));
        if (other) others.push_back(std::move(*other));
        rig.step(2);
    }
    EXPECT_EQ(read_now(steady), "ABCDEFGHIJ");
}

TEST(EngineLoopAdapters, a_long_prompt_comes_in_parts_beside_answers_with_others) {
    Rig rig;
    rig.decoder.set_adapter_scales({0.0F});
    auto answer = rig.submit(ask("<abc*>"));
    rig.step(2);
    auto prompt =
        rig.submit(ask_with({{.index = 0, .scale = 1.0F}}, std::string(200, 'x') + "<a>"));
    rig.step();
    EXPECT_EQ(rig.batch_sizes().back(), 1U);
    rig.step(8);
    EXPECT_EQ(rig.batch_sizes().back(), 64U);
}

TEST(EngineLoopAdapters, the_engines_own_scales_need_no_turn_of_their_own) {
    Rig rig(kInfo, 256, Sharing::kParts);
    rig.decoder.set_adapter_scales({1.0F});
    const std::string prompt = std::string(64, 'x') + "<abc>";
    auto first = rig.submit(ask(prompt));
    rig.run();
    EXPECT_EQ(first.collect().text, "ABC");
    auto second = rig.submit(ask_with({{.index = 0, .scale = 1.0F}}, prompt));
    auto third = rig.submit(ask_with({}, prompt));
    rig.run();
    const Completion same = second.collect();
    EXPECT_EQ(same.text, "ABC");
    EXPECT_GT(same.finish.usage.cached_tokens, 0);
    const Completion without = third.collect();
    EXPECT_EQ(without.text, "abc");
    EXPECT_EQ(without.finish.usage.cached_tokens, 0);
}

TEST(EngineLoopAdapters, those_with_the_same_share_what_they_begin_with_while_they_run) {
    const std::string beginning(100, 'x');
    Rig rig(kInfo, 256, Sharing::kParts);
    rig.decoder.set_adapter_scales({0.0F});
    auto plain = rig.submit(ask(beginning + "<abc>"));
    auto one = rig.submit(ask_with({{.index = 0, .scale = 1.0F}}, beginning + "<abc>"));
    auto other = rig.submit(ask_with({{.index = 0, .scale = 1.0F}}, beginning + "<def>"));
    rig.run();
    EXPECT_EQ(plain.collect().finish.usage.cached_tokens, 0);
    EXPECT_EQ(one.collect().finish.usage.cached_tokens, 0);
    const Completion answer = other.collect();
    EXPECT_EQ(answer.text, "DEF");
    EXPECT_EQ(answer.finish.usage.cached_tokens, 101);

    auto later = rig.submit(ask_with({{.index = 0, .scale = 1.0F}}, beginning + "<abc>"));
    rig.run();
    EXPECT_EQ(later.collect().finish.usage.cached_tokens, 0) << "nothing of it was kept";
}

TEST(EngineLoopAdapters, one_that_the_model_has_not_is_refused) {
    Rig rig;
    const auto message = [&](Uses uses) {
        const auto stream = rig.try_submit(ask_with(std::move(uses), "<a>"));
        return stream ? "" : stream.error().message;
    };
    EXPECT_EQ(message({{.index = 0}}), "there is no adapter 0: the model has 0, counted from 0");
    EXPECT_EQ(message({}), "");
    rig.decoder.set_adapter_scales({0.0F});
    EXPECT_NE(message({{.index = -1}}), "");
    EXPECT_NE(message({{.index = 0, .scale = std::numeric_limits<float>::infinity()}}), "");
}

TEST(EngineLoopAdapters, random_requests_get_their_answers) {
    std::mt19937 random(5);
    const auto below = [&random](std::size_t n) { return random() % n; };
    for (int round = 0; round < 200; ++round) {
        EngineInfo info = kInfo;
        info.sequences_max = 1 + static_cast<std::int32_t>(below(4));
        info.kv_cells = 200;
        info.context_length = 150;
        Rig rig(info, 1 + static_cast<std::int32_t>(below(4)), Sharing::kParts);
        rig.decoder.set_adapter_scales({0.0F, 0.0F});
        if (below(2) == 0) rig.clock.set_tick(std::chrono::milliseconds(1));
        std::vector<EventStream> streams;
        std::vector<std::string> expected;
        std::vector<std::string> got;
        const std::size_t count = 1 + below(6);
        for (std::size_t i = 0; i < count; ++i) {
            std::string text;
            while (text.size() < 30) text += "abc"[below(3)];
            const std::size_t kind = below(3);
            Uses uses;
            if (kind > 0) uses = {{.index = static_cast<std::int32_t>(kind - 1), .scale = 1.0F}};
            auto stream = rig.try_submit(ask_with(uses, "<" + text + ">"));
            rig.step(static_cast<int>(below(4)));
            if (!stream) continue;
            streams.push_back(std::move(*stream));
            for (char& c : text) {
                if (kind == 1) c = static_cast<char>(std::toupper(c));
                if (kind == 2) c = static_cast<char>(c + 10);
            }
            expected.push_back(text);
        }
        got.resize(streams.size());
        for (int i = 0; i < 1000; ++i) {
            rig.loop.step();
            for (std::size_t j = 0; j < streams.size(); ++j) got[j] += read_now(streams[j]);
        }
        ASSERT_EQ(got, expected) << "round " << round;
        ASSERT_EQ(rig.decoder.cells_used(), 0) << "round " << round;
    }
}

}  // namespace
}  // namespace mullama
