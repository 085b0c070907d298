#include "engine/engine_loop_rig.h"

#include <chrono>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace mullama {
namespace {

using test::ask;
using test::kInfo;
using test::read_now;
using test::Rig;

EngineInfo places(std::int32_t sequences) {
    EngineInfo info = kInfo;
    info.sequences_max = sequences;
    return info;
}

GenerateRequest ask_with(std::int32_t priority, std::string prompt, std::int32_t max_tokens = -1) {
    GenerateRequest request = ask(std::move(prompt), max_tokens);
    request.priority = priority;
    return request;
}

TEST(EngineLoopPriority, a_lower_number_starts_first) {
    Rig rig(places(1));
    std::vector<EventStream> streams;
    streams.push_back(rig.submit(ask_with(2, "<a>")));
    streams.push_back(rig.submit(ask_with(0, "<b>")));
    streams.push_back(rig.submit(ask_with(-1, "<c>")));
    std::string order;
    while (rig.loop.step()) {
        for (auto& stream : streams) order += read_now(stream);
    }
    EXPECT_EQ(order, "cba");
}

TEST(EngineLoopPriority, a_minute_of_waiting_counts_as_one) {
    Rig rig(places(1));
    auto patient = rig.submit(ask_with(1, "<a>"));
    rig.clock.advance(std::chrono::seconds(61));
    auto newcomer = rig.submit(ask_with(0, "<b>"));
    rig.step();
    EXPECT_EQ(read_now(patient), "a");
    EXPECT_EQ(read_now(newcomer), "");
}

TEST(EngineLoopPriority, one_that_runs_makes_room_and_goes_on_later_with_the_same_answer) {
    Rig rig(places(1));
    auto patient = rig.submit(ask_with(1, "<abcdef>"));
    rig.step(3);
    EXPECT_EQ(read_now(patient), "abc");
    auto urgent = rig.submit(ask_with(0, "<123>"));
    rig.step(2);
    EXPECT_EQ(read_now(urgent), "12");
    EXPECT_EQ(rig.stats().queued, 1);
    EXPECT_EQ(rig.stats().preemptions, 1);
    rig.run();
    EXPECT_EQ(read_now(urgent), "3");
    const Completion rest = patient.collect();
    EXPECT_EQ(rest.text, "def");
    EXPECT_EQ(rest.finish.usage.completion_tokens, 6);
    EXPECT_EQ(rig.decoder.cells_used(), 0);
}

TEST(EngineLoopPriority, one_that_goes_on_with_a_full_stream_waits_for_its_reader) {
    Rig rig(places(1), 2);
    auto patient = rig.submit(ask_with(1, "<abcdef>"));
    rig.step(3);
    auto urgent = rig.submit(ask_with(0, "<1>"));
    rig.run();
    EXPECT_EQ(urgent.collect().text, "1");
    rig.run();
    EXPECT_EQ(rig.stats().running, 1);
    std::string text = read_now(patient);
    while (text.size() < 6) {
        rig.run();
        text += read_now(patient);
    }
    EXPECT_EQ(text, "abcdef");
}

TEST(EngineLoopPriority, a_long_prompt_does_not_overtake_its_equals_by_waiting) {
    Rig rig;
    auto answer = rig.submit(ask("<a*>", 30));
    rig.step();
    auto patient = rig.submit(ask(std::string(900, '.') + "<b>"));
    rig.clock.advance(std::chrono::seconds(130));
    auto newcomer = rig.submit(ask("<c>"));
    rig.step();
    EXPECT_EQ(read_now(newcomer), "c");
}

TEST(EngineLoopPriority, a_prompt_that_has_waited_for_long_catches_up_with_the_others) {
    Rig rig;
    auto answer = rig.submit(ask("<a*>", 30));
    rig.step();
    auto patient = rig.submit(ask_with(1, "<b>"));
    rig.clock.advance(std::chrono::seconds(61));
    auto urgent = rig.submit(ask_with(0, std::string(300, '.') + "<c>"));
    rig.step();
    EXPECT_EQ(read_now(patient), "b");
}

TEST(EngineLoopPriority, equals_wait_for_each_others_ends) {
    Rig rig(places(1));
    auto first = rig.submit(ask_with(1, "<abc>"));
    rig.step();
    auto second = rig.submit(ask_with(1, "<123>"));
    rig.step();
    EXPECT_EQ(read_now(first), "ab");
    EXPECT_EQ(rig.stats().preemptions, 0);
}

TEST(EngineLoopPriority, prompts_of_a_lower_number_are_read_first) {
    Rig rig;
    auto answer = rig.submit(ask("<a*>", 20));
    rig.step();
    auto patient = rig.submit(ask_with(1, std::string(60, '.') + "<b>"));
    auto urgent = rig.submit(ask_with(0, std::string(100, '.') + "<c>"));
    rig.step(2);
    EXPECT_EQ(read_now(urgent), "c");
    EXPECT_EQ(read_now(patient), "");
}

// What is computed for another to begin from is as urgent as that one.
TEST(EngineLoopPriority, whoever_is_waited_for_goes_first) {
    Rig rig(kInfo, 256, Sharing::kParts);
    const std::string common(200, '.');
    auto answer = rig.submit(ask("<a*>", 20));
    rig.step();
    auto patient = rig.submit(ask_with(5, common + "<b>"));
    rig.step();
    auto urgent = rig.submit(ask_with(0, common + "<c>"));
    auto between = rig.submit(ask_with(3, std::string(150, '-') + "<d>"));
    rig.step(3);
    EXPECT_EQ(read_now(urgent), "c");
    EXPECT_EQ(read_now(between), "");
}

TEST(EngineLoopPriority, is_bounded) {
    Rig rig;
    const auto refused = rig.try_submit(ask_with(kPriorityMax + 1, "<a>"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
    EXPECT_TRUE(rig.try_submit(ask_with(-kPriorityMax, "<a>")));
}

TEST(EngineLoopPriority, random_schedules_lose_nothing) {
    std::mt19937 random(7);
    for (int round = 0; round < 200; ++round) {
        EngineInfo info = places(3);
        info.kv_cells = 300;
        Rig rig(info);
        std::vector<std::pair<EventStream, std::string>> asked;
        for (int i = 0; i < 12; ++i) {
            const std::string answer(1 + random() % 40, static_cast<char>('a' + i));
            const auto priority = static_cast<std::int32_t>(random() % 4);
            auto stream = rig.try_submit(ask_with(priority, "<" + answer + ">", 100));
            if (stream) asked.emplace_back(std::move(*stream), answer);
            rig.step(static_cast<int>(random() % 6));
            rig.clock.advance(std::chrono::seconds(random() % 30));
            ASSERT_LE(rig.stats().kv_cells_reserved, info.kv_cells);
        }
        rig.run();
        for (auto& [stream, answer] : asked) EXPECT_EQ(stream.collect().text, answer);
        ASSERT_EQ(rig.decoder.cells_used(), 0);
    }
}

}  // namespace
}  // namespace mullama
