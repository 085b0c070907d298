#include "engine/engine_loop.h"

#include "engine/engine_loop_rig.h"

#include <chrono>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace mullama {
namespace {

using namespace std::chrono_literals;
using test::ask;
using test::kInfo;
using test::read_now;
using test::Rig;

TEST(EngineLoop, answers_a_request) {
    Rig rig;
    auto stream = rig.submit(ask("<hello>"));
    rig.run();
    const auto completion = stream.collect();
    EXPECT_EQ(completion.text, "hello");
    EXPECT_EQ(completion.tokens, (std::vector<Token>{'h', 'e', 'l', 'l', 'o'}));
    EXPECT_EQ(completion.finish.reason, FinishReason::kStop);
    EXPECT_EQ(completion.finish.stop, "");
    EXPECT_EQ(completion.finish.usage.prompt_tokens, 7);
    EXPECT_EQ(completion.finish.usage.completion_tokens, 5);
}

TEST(EngineLoop, tells_logprobs_where_they_are_asked_for) {
    Rig rig;
    GenerateRequest request = ask("<ab>");
    request.top_logprobs = 2;
    auto stream = rig.submit(request);
    rig.run();
    const auto completion = stream.collect();
    ASSERT_EQ(completion.logprobs.size(), 2U);
    EXPECT_EQ(completion.logprobs[1].chosen.piece, "b");
    EXPECT_EQ(completion.logprobs[1].top.size(), 2U);
    EXPECT_EQ(completion.logprobs[1].top[0], completion.logprobs[1].chosen);
    request.top_logprobs = kTopLogprobsMax + 1;
    EXPECT_FALSE(rig.try_submit(request));
}

TEST(EngineLoop, a_request_can_ask_for_less_context_than_there_is) {
    Rig rig;
    GenerateRequest request = ask("<ab*>");
    request.context_length = 20;
    auto stream = rig.submit(request);
    rig.run();
    const auto completion = stream.collect();
    EXPECT_EQ(completion.finish.reason, FinishReason::kLength);
    EXPECT_EQ(
        completion.finish.usage.prompt_tokens + completion.finish.usage.completion_tokens, 21
    );
    request.context_length = 4;
    const auto refused = rig.try_submit(request);
    ASSERT_FALSE(refused);
    EXPECT_EQ(
        refused.error().message,
        "prompt has 5 tokens, context is 4: raise num_ctx or shorten the prompt"
    );
    request.context_length = -1;
    EXPECT_FALSE(rig.try_submit(request));
}

TEST(EngineLoop, ends_a_thinking_that_has_come_to_its_bound) {
    Rig rig;
    GenerateRequest request = ask("<hmm*>", 12);
    request.thinking_budget = {.tokens = 4, .ends = {"#!"}};
    auto stream = rig.submit(request);
    rig.run();
    EXPECT_EQ(stream.collect().text, "hmmh#!hmmhmm");
}

TEST(EngineLoop, shows_control_tokens_that_are_part_of_the_answer) {
    Rig rig;
    GenerateRequest request = ask("<ab>");
    request.shown_tokens = {{'a', "[call]"}};
    auto stream = rig.submit(request);
    rig.run();
    EXPECT_EQ(stream.collect().text, "[call]b");
}

TEST(EngineLoop, gives_one_event_for_each_token_as_it_comes) {
    Rig rig;
    auto stream = rig.submit(ask("<ab>"));
    EXPECT_FALSE(stream.try_next());
    rig.step();
    EXPECT_EQ(stream.try_next()->text, "a");
    EXPECT_FALSE(stream.try_next());
    rig.step();
    EXPECT_EQ(stream.try_next()->text, "b");
    rig.step();
    EXPECT_TRUE(stream.try_next()->finish);
    EXPECT_FALSE(rig.loop.step()) << "nothing is left to do";
}

TEST(EngineLoop, characters_of_several_tokens_come_whole) {
    Rig rig;
    auto stream = rig.submit(ask("<aß€>"));
    rig.run();
    std::vector<std::string> texts;
    while (const auto event = stream.try_next()) texts.push_back(event->text);
    EXPECT_EQ(texts, (std::vector<std::string>{"a", "", "ß", "", "", "€", ""}));
}

TEST(EngineLoop, a_character_cut_off_by_the_end_is_replaced) {
    Rig rig;
    auto stream = rig.submit(ask("<a€>", 3));
    rig.run();
    EXPECT_EQ(stream.collect().text, "a\uFFFD");
}

TEST(EngineLoop, ends_at_max_tokens_with_length) {
    Rig rig;
    auto stream = rig.submit(ask("<abc*>", 7));
    rig.run();
    const auto completion = stream.collect();
    EXPECT_EQ(completion.text, "abcabca");
    EXPECT_EQ(completion.finish.reason, FinishReason::kLength);
    EXPECT_EQ(rig.stats().generated_tokens, 7);
}

TEST(EngineLoop, max_tokens_0_only_reads_the_prompt) {
    Rig rig;
    auto stream = rig.submit(ask("<abc>", 0));
    rig.run();
    const auto completion = stream.collect();
    EXPECT_EQ(completion.text, "");
    EXPECT_EQ(completion.finish.reason, FinishReason::kLength);
    EXPECT_EQ(completion.finish.usage.prompt_tokens, 5);
    EXPECT_EQ(rig.stats().prompt_tokens, 5);
    EXPECT_FALSE(rig.decoder.batches().at(0).back().logits) << "nobody looks at them";
}

TEST(EngineLoop, a_full_context_ends_with_length) {
    EngineInfo info = kInfo;
    info.context_length = 10;
    Rig rig(info);
    auto stream = rig.submit(ask("<a*>"));
    rig.run();
    const auto completion = stream.collect();
    // 4 of the prompt and 6 of the answer fill the context; one more can be chosen and not read.
    EXPECT_EQ(completion.tokens.size(), 7U);
    EXPECT_EQ(completion.finish.reason, FinishReason::kLength);
}

TEST(EngineLoop, ignore_eos_goes_on_after_the_end_token) {
    Rig rig;
    auto request = ask("<ab>", 5);
    request.ignore_eos = true;
    auto stream = rig.submit(request);
    rig.run();
    const auto completion = stream.collect();
    EXPECT_EQ(completion.text, "ab");
    EXPECT_EQ(completion.tokens, (std::vector<Token>{'a', 'b', 256, 256, 256}));
    EXPECT_EQ(completion.finish.reason, FinishReason::kLength);
}

TEST(EngineLoop, a_stop_string_ends_the_answer_and_is_no_part_of_it) {
    Rig rig;
    auto request = ask("<one, two, three>");
    request.stop = {", th", "xyz"};
    auto stream = rig.submit(request);
    rig.run();
    std::string seen;
    std::optional<Finish> finish;
    while (const auto event = stream.try_next()) {
        seen += event->text;
        EXPECT_EQ(std::string("one, two").rfind(seen, 0), 0U) << seen;
        finish = event->finish;
    }
    EXPECT_EQ(seen, "one, two");
    EXPECT_EQ(finish->reason, FinishReason::kStop);
    EXPECT_EQ(finish->stop, ", th");
    EXPECT_EQ(finish->usage.completion_tokens, 12);
}

TEST(EngineLoop, text_held_back_for_a_stop_string_comes_with_the_end) {
    Rig rig;
    auto request = ask("<ends with STO>");
    request.stop = {"STOP"};
    auto stream = rig.submit(request);
    rig.run();
    EXPECT_EQ(stream.collect().text, "ends with STO");
}

TEST(EngineLoop, requests_start_in_order_when_places_come_free) {
    EngineInfo info = kInfo;
    info.sequences_max = 1;
    Rig rig(info);
    std::vector<EventStream> streams;
    for (const char* prompt : {"<a>", "<b>", "<c>"}) streams.push_back(rig.submit(ask(prompt)));
    std::string order;
    while (rig.loop.step()) {
        for (auto& stream : streams) order += read_now(stream);
    }
    EXPECT_EQ(order, "abc");
}

TEST(EngineLoop, running_requests_share_every_step) {
    Rig rig;
    auto first = rig.submit(ask("<aaa>"));
    auto second = rig.submit(ask("<bbb>"));
    rig.step(2);
    EXPECT_EQ(read_now(first), "aa");
    EXPECT_EQ(read_now(second), "bb");
    EXPECT_EQ(rig.batch_sizes(), (std::vector<std::size_t>{10, 2}));
}

TEST(EngineLoop, answers_flow_while_a_long_prompt_is_read_in_chunks) {
    Rig rig;
    auto answer = rig.submit(ask("<a*>", 20));
    rig.step();
    read_now(answer);
    auto other = rig.submit(ask(std::string(200, '.') + "<b>"));
    for (int step = 0; step < 4; ++step) {
        rig.step();
        EXPECT_EQ(read_now(answer), "a") << "a token in every step";
    }
    EXPECT_EQ(read_now(other), "b");
    EXPECT_EQ(rig.batch_sizes(), (std::vector<std::size_t>{4, 65, 65, 65, 12}));
}

// Gives how many steps a prompt takes with an answer beside it, and how many without.
std::pair<int, int> prompt_steps(std::chrono::milliseconds mixed_token) {
    Rig rig(kInfo, 1 << 12, Sharing::kNone, nullptr, 150);
    rig.decoder.take(rig.clock, [mixed_token](std::span<const DecodeEntry> batch) {
        const bool mixed = batch.front().sequence != batch.back().sequence;
        return 5ms + (mixed ? mixed_token : 2ms) * std::ssize(batch);
    });
    auto answer = rig.submit(ask("<a*>", 300));
    rig.step();
    auto prompt = rig.submit(ask(std::string(900, '.') + "<b>", 1));
    rig.run();
    EXPECT_EQ(answer.collect().text, std::string(300, 'a'));
    EXPECT_EQ(prompt.collect().text, "b");
    std::pair<int, int> steps;
    bool waited = false;
    for (const auto& batch : rig.decoder.batches()) {
        if (batch.size() < 32) {  // an answer's token and guesses
            waited = false;
            continue;
        }
        const bool apart = batch.front().sequence == batch.back().sequence;
        ++(apart ? steps.second : steps.first);
        EXPECT_FALSE(apart && waited) << "the answer waits for no two steps";
        waited = apart;
    }
    return steps;
}

TEST(EngineLoop, prompts_and_answers_take_turns_where_that_is_faster) {
    const auto [beside, apart] = prompt_steps(4ms);
    EXPECT_LE(beside, 3);
    EXPECT_GE(apart, 7);
}

TEST(EngineLoop, prompts_and_answers_share_steps_where_that_is_faster) {
    const auto [beside, apart] = prompt_steps(1ms);
    EXPECT_GE(beside, 10);
    EXPECT_LE(apart, 3);
}

TEST(EngineLoop, a_long_prompt_alone_takes_whole_batches) {
    Rig rig;
    auto stream = rig.submit(ask(std::string(900, '.') + "<b>"));
    rig.run();
    EXPECT_EQ(rig.batch_sizes(), (std::vector<std::size_t>{512, 391, 1}));
}

TEST(EngineLoop, reserves_cells_before_a_request_starts) {
    EngineInfo info = kInfo;
    info.kv_cells = 1000;
    Rig rig(info);
    // 4 + 499 reserved; the second needs 4 + 599 and waits; the third would fit and waits its turn.
    auto first = rig.submit(ask("<a*>", 500));
    auto second = rig.submit(ask("<b*>", 600));
    auto third = rig.submit(ask("<c*>", 10));
    rig.step(3);
    EXPECT_EQ(rig.stats().running, 1);
    EXPECT_EQ(rig.stats().queued, 2);
    EXPECT_EQ(rig.stats().kv_cells_reserved, 503);
    EXPECT_EQ(rig.stats().kv_cells_used, 6);
    EXPECT_EQ(read_now(second), "");
    {
        const EventStream cancelled = std::move(first);
    }
    rig.step();
    EXPECT_EQ(rig.stats().running, 2);
    EXPECT_EQ(rig.stats().kv_cells_reserved, 603 + 13);
}

TEST(EngineLoop, an_unlimited_request_reserves_the_whole_context) {
    Rig rig;
    auto stream = rig.submit(ask("<a*>"));
    rig.step();
    EXPECT_EQ(rig.stats().kv_cells_reserved, 1000);
    EXPECT_EQ(rig.stats().kv_cells_total, 4000);
}

TEST(EngineLoop, a_full_stream_pauses_its_request_and_no_other) {
    Rig rig(kInfo, 2);
    auto slow = rig.submit(ask("<a*>"));
    auto fast = rig.submit(ask("<b*>"));
    std::string text;
    for (int i = 0; i < 10; ++i) {
        rig.step();
        text += read_now(fast);
    }
    EXPECT_EQ(text, "bbbbbbbbbb");
    EXPECT_EQ(rig.decoder.batches().back().size(), 1U);

    EXPECT_EQ(rig.rung, 0);
    EXPECT_EQ(read_now(slow), "aa");
    EXPECT_EQ(rig.rung, 1) << "the engine hears once that there is room";
    rig.step();
    EXPECT_EQ(read_now(slow), "a");
}

TEST(EngineLoop, with_all_paused_there_is_nothing_to_do) {
    Rig rig(kInfo, 2);
    auto stream = rig.submit(ask("<a*>"));
    rig.run();
    EXPECT_EQ(rig.batch_sizes().size(), 2U);
    EXPECT_TRUE(rig.loop.deadline());
}

TEST(EngineLoop, a_stalled_stream_ends_with_timeout) {
    Rig rig(kInfo, 2);
    auto stream = rig.submit(ask("<a*>"));
    EXPECT_FALSE(rig.loop.deadline());
    rig.run();
    EXPECT_EQ(*rig.loop.deadline(), rig.clock.now() + 30s);
    rig.clock.advance(29999ms);
    rig.step();
    EXPECT_EQ(rig.stats().running, 1);
    rig.clock.advance(1ms);
    rig.step();
    EXPECT_EQ(rig.stats().running, 0);
    EXPECT_EQ(rig.decoder.cells_used(), 0);

    // The last event is there, though the stream was full.
    const auto completion = stream.collect();
    EXPECT_EQ(completion.text, "aa");
    EXPECT_EQ(completion.finish.reason, FinishReason::kError);
    EXPECT_EQ(completion.finish.error->code, ErrorCode::kTimeout);
}

TEST(EngineLoop, a_reader_that_reads_a_little_is_not_stalled) {
    Rig rig(kInfo, 2);
    auto stream = rig.submit(ask("<a*>"));
    rig.run();
    for (int i = 0; i < 10; ++i) {
        rig.clock.advance(29s);
        EXPECT_TRUE(stream.try_next());
        rig.run();
    }
    EXPECT_EQ(rig.stats().running, 1);
}

TEST(EngineLoop, the_last_event_fits_a_full_stream) {
    Rig rig(kInfo, 1);
    auto stream = rig.submit(ask("<a>"));
    rig.run();
    EXPECT_EQ(stream.try_next()->text, "a");
    rig.run();
    EXPECT_TRUE(stream.try_next()->finish);
}

TEST(EngineLoop, a_cancelled_request_frees_its_cells_in_the_next_step) {
    Rig rig;
    auto kept = rig.submit(ask("<b*>"));
    {
        const auto stream = rig.submit(ask("<a*>"));
        rig.step(3);
        EXPECT_EQ(rig.decoder.cells_used(), 2 * 6);
    }
    EXPECT_EQ(rig.rung, 1) << "an engine that sleeps must hear of it";
    rig.step();
    EXPECT_EQ(rig.stats().running, 1);
    EXPECT_EQ(rig.decoder.cells_used(), 7);
}

TEST(EngineLoop, a_cancelled_request_leaves_the_queue) {
    EngineInfo info = kInfo;
    info.sequences_max = 1;
    Rig rig(info);
    auto running = rig.submit(ask("<a*>"));
    auto last = rig.submit(ask("<c>"));
    {
        const auto queued = rig.submit(ask("<b>"));
        rig.step();
        EXPECT_EQ(rig.stats().queued, 2);
    }
    rig.step();
    EXPECT_EQ(rig.stats().queued, 1);
    for (const auto& batch : rig.decoder.batches()) {
        for (const auto& entry : batch) EXPECT_NE(entry.token, 'b');
    }
}

TEST(EngineLoop, a_cancelled_request_is_dropped_before_it_was_even_seen) {
    Rig rig;
    {
        const auto stream = rig.submit(ask("<a>"));
    }
    EXPECT_FALSE(rig.loop.step());
    EXPECT_EQ(rig.stats().queued, 0);
}

TEST(EngineLoop, a_long_prompt_that_is_cancelled_ends_at_its_next_chunk) {
    Rig rig;
    auto answer = rig.submit(ask("<a*>"));
    rig.step();
    {
        const auto stream = rig.submit(ask(std::string(900, '.')));
        rig.step(3);
    }
    rig.step();
    EXPECT_EQ(rig.decoder.batches().back().size(), 1U);
    EXPECT_EQ(rig.stats().prompt_tokens, 4 + 3 * 64);
}

TEST(EngineLoop, a_paused_request_can_be_cancelled) {
    Rig rig(kInfo, 2);
    {
        const auto stream = rig.submit(ask("<a*>"));
        rig.run();
    }
    rig.step();
    EXPECT_EQ(rig.stats().running, 0);
    EXPECT_FALSE(rig.loop.deadline());
}

TEST(EngineLoop, the_queue_is_bounded) {
    Rig rig;
    std::vector<EventStream> streams;
    for (int i = 0; i < 4 + 3; ++i) streams.push_back(rig.submit(ask("<a*>")));
    const auto refused = rig.try_submit(ask("<a*>"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kExhausted);
    rig.step();
    EXPECT_FALSE(rig.try_submit(ask("<a*>"))) << "4 are running now, and 3 wait";
    streams.pop_back();
    rig.step();
    EXPECT_TRUE(rig.try_submit(ask("<a*>")));
}

TEST(EngineLoop, without_cells_prompts_wait_for_the_answers_beside_them) {
    EngineInfo info = kInfo;
    info.sequences_max = 2;
    Rig rig(info);
    auto answer = rig.submit(ask("<aaa>"));
    rig.step();
    auto other = rig.submit(ask("..........<b>"));
    rig.decoder.set_cells(12);
    rig.step(2);
    EXPECT_EQ(read_now(answer), "aaa") << "no token of the answer is held up";
    rig.run();
    EXPECT_EQ(other.collect().finish.error->code, ErrorCode::kExhausted)
        << "alone, it needs 13 cells";
}

TEST(EngineLoop, without_cells_a_prompt_alone_goes_on_in_smaller_parts) {
    Rig rig;
    auto stream = rig.submit(ask("0123456789<b>", 1));
    rig.decoder.set_cells(13);
    rig.run();
    EXPECT_EQ(stream.collect().text, "b");

    auto first = rig.submit(ask("0123456789<b*>", 3));
    auto second = rig.submit(ask("0123456789<c*>", 3));
    rig.decoder.set_cells(20);
    rig.run();
    EXPECT_EQ(first.collect().text, "bbb");
    EXPECT_EQ(second.collect().text, "ccc");
}

TEST(EngineLoop, without_cells_the_newest_request_starts_again_later_and_nobody_notices) {
    Rig rig;
    auto first = rig.submit(ask("<abcdefghij>"));
    auto second = rig.submit(ask("<0123456789>"));
    rig.decoder.set_cells(30);  // both prompts, and three tokens of each answer
    rig.run();
    const auto completion = second.collect();
    EXPECT_EQ(first.collect().text, "abcdefghij");
    EXPECT_EQ(completion.text, "0123456789");
    EXPECT_EQ(completion.finish.usage.completion_tokens, 10);
}

TEST(EngineLoop, a_failed_decode_ends_the_requests_of_its_batch) {
    Rig rig(kInfo, 1);
    auto paused = rig.submit(ask("<a*>"));
    rig.step();
    auto failing = rig.submit(ask("<b*>"));
    rig.decoder.fail_next({ErrorCode::kInternal, "graph failed"});
    rig.step();
    EXPECT_EQ(failing.collect().finish.error->message, "graph failed");
    EXPECT_EQ(rig.stats().running, 1);
    EXPECT_EQ(rig.decoder.cells_used(), 4);
    auto next = rig.submit(ask("<c>"));
    rig.step(1);
    EXPECT_EQ(read_now(next), "c");
}

TEST(EngineLoop, a_sampler_error_ends_only_its_request) {
    Rig rig;
    auto broken = rig.submit(ask("<ab!>"));
    auto sound = rig.submit(ask("<cdef>"));
    rig.run();
    const auto completion = broken.collect();
    EXPECT_EQ(completion.text, "ab");
    EXPECT_EQ(completion.finish.reason, FinishReason::kError);
    EXPECT_EQ(completion.finish.error->message, "no token can be chosen");
    EXPECT_EQ(sound.collect().text, "cdef");
}

TEST(EngineLoop, usage_tells_the_times_of_each_phase) {
    Rig rig;
    auto stream = rig.submit(ask("<abc>"));
    rig.clock.advance(5ms);
    rig.step();
    rig.clock.advance(20ms);
    rig.step(2);
    rig.clock.advance(1s);
    rig.step();
    const auto usage = stream.collect().finish.usage;
    EXPECT_EQ(usage.queue_ns, 5'000'000);
    EXPECT_EQ(usage.prompt_ns, 0) << "the fake clock stands still during a step";
    EXPECT_EQ(usage.decode_ns, 1'020'000'000);
}

TEST(EngineLoop, tells_how_far_it_has_come_where_that_is_asked_for) {
    Rig rig;
    auto other = rig.submit(ask("<a*>"));
    rig.step();
    GenerateRequest request = ask(std::string(100, '.') + "<ab>");
    request.report_progress = true;
    auto stream = rig.submit(request);
    rig.step();
    const auto amid = stream.try_next();
    ASSERT_TRUE(amid);
    EXPECT_TRUE(amid->tokens.empty());
    EXPECT_EQ(amid->progress->prompt_tokens_done, 64);
    EXPECT_EQ(amid->progress->usage.prompt_tokens, 104);
    rig.step();
    const auto first = stream.try_next();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->text, "a");
    EXPECT_EQ(first->progress->prompt_tokens_done, 104);
    EXPECT_EQ(first->progress->usage.completion_tokens, 1);
    EXPECT_FALSE(other.try_next()->progress);
    request.prompt = "<ab>";
    request.max_tokens = 1;
    auto short_one = rig.submit(request);
    rig.step();
    const auto last = short_one.try_next();
    ASSERT_TRUE(last && last->finish);
    EXPECT_EQ(last->progress->usage, last->finish->usage);
}

TEST(EngineLoop, an_answer_out_of_time_ends_where_it_has_a_line) {
    Rig rig;
    GenerateRequest request = ask("<ab\ncd*>");
    request.generate_max_ms = 10;
    auto stream = rig.submit(request);
    rig.step();
    rig.clock.advance(20ms);
    rig.step(5);
    const auto completion = stream.collect();
    EXPECT_EQ(completion.text, "ab\n");
    EXPECT_EQ(completion.finish.reason, FinishReason::kLength);
    request.generate_max_ms = -1;
    EXPECT_FALSE(rig.try_submit(request));
}

TEST(EngineLoop, counts_what_it_has_done) {
    Rig rig;
    auto first = rig.submit(ask("<ab>"));
    auto second = rig.submit(ask("<abc>"));
    rig.run();
    const auto stats = rig.stats();
    EXPECT_EQ(stats.prompt_tokens, 9);
    EXPECT_EQ(stats.generated_tokens, 5);
    EXPECT_EQ(stats.steps, 4);
    EXPECT_EQ(stats.running, 0);
    EXPECT_EQ(stats.kv_cells_used, 0);
    EXPECT_EQ(stats.kv_cells_reserved, 0);
}

TEST(EngineLoop, end_all_ends_every_request_and_takes_no_more) {
    EngineInfo info = kInfo;
    info.sequences_max = 1;
    Rig rig(info);
    auto running = rig.submit(ask("<a*>"));
    rig.step(3);
    auto waiting = rig.submit(ask("<b>"));
    rig.step();
    auto unseen = rig.submit(ask("<c>"));
    rig.loop.end_all({ErrorCode::kUnavailable, "shutting down"});
    const auto completion = running.collect();
    EXPECT_EQ(completion.text, "aaaa") << "what was there can be read";
    EXPECT_EQ(completion.finish.error->code, ErrorCode::kUnavailable);
    EXPECT_EQ(waiting.collect().finish.error->code, ErrorCode::kUnavailable);
    EXPECT_EQ(unseen.collect().finish.error->code, ErrorCode::kUnavailable);
    EXPECT_EQ(rig.try_submit(ask("<d>")).error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(rig.decoder.cells_used(), 0);
}

}  // namespace
}  // namespace mullama
