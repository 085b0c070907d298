#include "engine/engine_loop_rig.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

/// Guessed tokens, on a clock by which all steps take as long: so guesses always pay.
namespace mullama {
namespace {

using test::ask;
using test::kInfo;
using test::Rig;

struct DraftRig : Rig {
    explicit DraftRig(
        const EngineInfo& info = kInfo,
        std::int32_t stream_capacity = 256,
        Sharing sharing = Sharing::kNone,
        Decoder* draft_model = nullptr
    )
        : Rig(info, stream_capacity, sharing, draft_model) {
        clock.set_tick(std::chrono::milliseconds(1));
    }
};

TEST(EngineLoopDraft, a_quotation_takes_few_steps) {
    DraftRig rig;
    auto stream = rig.submit(ask("<abcdefghijklmnopqrst>"));
    rig.run();
    const Completion answer = stream.collect();
    EXPECT_EQ(answer.text, "abcdefghijklmnopqrst");
    EXPECT_EQ(answer.tokens.size(), 20U);
    EXPECT_EQ(answer.finish.usage.completion_tokens, 20);
    EXPECT_EQ(answer.finish.usage.accepted_tokens, rig.stats().accepted_tokens);
    EXPECT_EQ(answer.finish.usage.drafted_tokens, rig.stats().drafted_tokens);
    EXPECT_EQ(answer.finish.reason, FinishReason::kStop);
    EXPECT_LE(rig.stats().steps, 6);
    EXPECT_EQ(rig.stats().generated_tokens, 20);
    EXPECT_GE(rig.stats().accepted_tokens, 15);
    EXPECT_GE(rig.stats().drafted_tokens, rig.stats().accepted_tokens);
    EXPECT_EQ(rig.decoder.cells_used(), 0);
}

TEST(EngineLoopDraft, the_tokens_of_a_step_come_in_one_event) {
    DraftRig rig(kInfo, 1);
    GenerateRequest request = ask("<abcdefghij>");
    request.top_logprobs = 0;
    request.report_progress = true;
    auto stream = rig.submit(std::move(request));
    std::string text;
    std::size_t most = 0;
    while (rig.loop.step()) {
        while (const auto event = stream.try_next()) {
            text += event->text;
            EXPECT_EQ(event->logprobs.size(), event->tokens.size());
            if (event->progress && !event->finish) {
                EXPECT_EQ(
                    event->progress->usage.completion_tokens, static_cast<std::int64_t>(text.size())
                );
            }
            most = std::max(most, event->tokens.size());
        }
    }
    EXPECT_EQ(text, "abcdefghij");
    EXPECT_GE(most, 3U);
}

TEST(EngineLoopDraft, what_was_guessed_wrong_leaves_no_trace) {
    DraftRig rig;
    auto stream = rig.submit(ask("abcdef abcdef <abcxyz abcxyz abcdxyz>"));
    rig.run();
    EXPECT_EQ(stream.collect().text, "abcxyz abcxyz abcdxyz");
    EXPECT_GT(rig.stats().drafted_tokens, rig.stats().accepted_tokens);
    EXPECT_EQ(rig.decoder.cells_used(), 0);
}

TEST(EngineLoopDraft, an_answer_may_end_among_guesses) {
    for (const auto sharing : {Sharing::kParts, Sharing::kWhole}) {
        DraftRig rig(kInfo, 256, sharing);
        auto limited = rig.submit(ask("<abcdefghijklmnopqrst>", 9));
        rig.run();
        EXPECT_EQ(limited.collect().text, "abcdefghi");

        GenerateRequest request = ask("<abcdefghijklmnopqrst>");
        request.stop = {"kl"};
        auto stopped = rig.submit(std::move(request));
        rig.run();
        const Completion answer = stopped.collect();
        EXPECT_EQ(answer.text, "abcdefghij");
        EXPECT_EQ(answer.finish.stop, "kl");
        EXPECT_EQ(rig.decoder.cells_used(), 0);
    }
}

TEST(EngineLoopDraft, a_model_that_fails_to_take_back_computes_again) {
    DraftRig rig;
    rig.decoder.fail_truncate();
    auto stream = rig.submit(ask("abcdef <abcxyz abcxyz>"));
    rig.run();
    EXPECT_EQ(stream.collect().text, "abcxyz abcxyz");
    EXPECT_GT(rig.stats().drafted_tokens, rig.stats().accepted_tokens);
}

TEST(
    EngineLoopDraft, there_is_none_where_the_model_cannot_take_back_or_the_request_does_not_want_it
) {
    enum class Why { kModel, kRequest, kSeed };
    for (const auto why : {Why::kModel, Why::kRequest, Why::kSeed}) {
        DraftRig rig;
        rig.decoder.set_can_truncate(why != Why::kModel);
        GenerateRequest request = ask("<abcdefghijklmnopqrst>");
        if (why == Why::kRequest) request.draft_max = 0;
        if (why == Why::kSeed) request.sampling.seed = 1;
        auto stream = rig.submit(std::move(request));
        rig.run();
        EXPECT_EQ(stream.collect().text, "abcdefghijklmnopqrst");
        EXPECT_EQ(rig.stats().drafted_tokens, 0);
    }
}

TEST(EngineLoopDraft, a_request_may_want_fewer) {
    DraftRig rig;
    GenerateRequest request = ask("<abcdefghijklmnopqrst>");
    request.draft_max = 3;
    auto stream = rig.submit(std::move(request));
    rig.run();
    EXPECT_EQ(stream.collect().text, "abcdefghijklmnopqrst");
    const auto sizes = rig.batch_sizes();
    EXPECT_EQ(*std::max_element(sizes.begin() + 1, sizes.end()), 4U);
}

TEST(EngineLoopDraft, prompts_go_first) {
    DraftRig rig;
    auto stream = rig.submit(ask("<abcdefghijklmnopqrst>"));
    rig.step(3);
    auto other = rig.submit(ask(std::string(100, 'x') + "<12>"));
    rig.step();
    EXPECT_EQ(rig.batch_sizes().back(), 1U + 64U);
    rig.run();
    EXPECT_EQ(stream.collect().text, "abcdefghijklmnopqrst");
    EXPECT_EQ(other.collect().text, "12");
}

TEST(EngineLoopDraft, guesses_are_left_out_where_cells_are_short) {
    DraftRig rig;
    auto stream = rig.submit(ask("<abcdefghijklmnopqrst>"));
    rig.step(2);
    rig.decoder.set_cells(26);
    rig.step(2);
    EXPECT_EQ(rig.batch_sizes(), (std::vector<std::size_t>{22, 1, 1, 1}));
    rig.decoder.set_cells(1000);
    rig.run();
    EXPECT_EQ(stream.collect().text, "abcdefghijklmnopqrst");
}

/// One whose model says capitals of what its prompt says, so that the text does not tell how it
/// goes on; and a draft model that takes a tenth of the time.
struct ModelRig {
    explicit ModelRig(bool draft_is_right = true, const EngineInfo& info = kInfo)
        : draft(info, Sharing::kParts), rig(info, 256, Sharing::kNone, &draft) {
        rig.decoder.set_adapter_scales({1.0F});
        if (draft_is_right) draft.set_adapter_scales({1.0F});
        rig.decoder.take(rig.clock, std::chrono::milliseconds(10));
        draft.take(rig.clock, std::chrono::milliseconds(1));
    }

    FakeDecoder draft;
    Rig rig;
};

TEST(EngineLoopDraft, a_draft_model_guesses_what_the_text_does_not_tell) {
    ModelRig with;
    auto stream = with.rig.submit(ask("<abcdefghijklmnopqrstuvwxyz>"));
    with.rig.run();
    EXPECT_EQ(stream.collect().text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    EXPECT_LE(with.rig.stats().steps, 15);
    EXPECT_GE(with.rig.stats().accepted_tokens, 12);
}

TEST(EngineLoopDraft, a_draft_model_reads_a_long_prompt_in_parts) {
    ModelRig with;
    auto stream = with.rig.submit(ask(std::string(250, '-') + "<abcdefghijklmnopqrstuvwxyz>"));
    with.rig.run();
    EXPECT_EQ(stream.collect().text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    EXPECT_EQ(with.draft.batches().front().size(), 64U) << "as a step beside answers has";
    EXPECT_GE(with.rig.stats().accepted_tokens, 8);
}

TEST(EngineLoopDraft, a_draft_model_that_is_wrong_changes_nothing_and_is_left_alone) {
    ModelRig with(/*draft_is_right=*/false);
    auto stream = with.rig.submit(ask("<abcdefghijklmnopqrstuvwxyz*>", 600));
    with.rig.run();
    const std::string text = stream.collect().text;
    EXPECT_EQ(text.size(), 600U);
    EXPECT_EQ(text.substr(0, 28), "ABCDEFGHIJKLMNOPQRSTUVWXYZAB");
    EXPECT_LE(with.draft.batches().size(), 30U);
}

TEST(EngineLoopDraft, a_draft_model_that_fails_is_left_alone) {
    ModelRig with;
    with.draft.fail_next(Error{ErrorCode::kInternal, "it is broken"});
    auto stream = with.rig.submit(ask("<abcdefghijklmnopqrstuvwxyz>"));
    with.rig.run();
    EXPECT_EQ(stream.collect().text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    EXPECT_EQ(with.draft.batches().size(), 0U);
}

TEST(EngineLoopDraft, a_draft_model_guesses_for_several_in_one_step) {
    ModelRig with;
    auto one = with.rig.submit(ask("<abcdefghijklmnopqrstuvwxyz>"));
    auto other = with.rig.submit(ask("<zyxwvutsrqponmlkjihgfedcba>"));
    with.rig.run();
    EXPECT_EQ(one.collect().text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    EXPECT_EQ(other.collect().text, "ZYXWVUTSRQPONMLKJIHGFEDCBA");
    EXPECT_LE(with.rig.stats().steps, 20);
    const auto batches = with.draft.batches();
    const auto has_both = [](const auto& batch) {
        return batch.front().sequence != batch.back().sequence;
    };
    EXPECT_GE(std::ranges::count_if(batches, has_both), 5);
}

/// What the scripted model answers without an end.
std::string expected(const std::string& words, std::int32_t max_tokens) {
    return words.substr(0, static_cast<std::size_t>(max_tokens));
}

TEST(EngineLoopDraft, random_requests_get_the_answers_that_they_get_without) {
    std::mt19937 random(11);
    const auto below = [&random](std::size_t n) { return random() % n; };
    const auto words = [&](std::size_t length) {
        std::string text;
        while (text.size() < length) text += "abc"[below(3)];
        return text;
    };
    std::int64_t accepted = 0;
    std::int64_t wrong = 0;
    for (int round = 0; round < 300; ++round) {
        EngineInfo info = kInfo;
        info.sequences_max = 1 + static_cast<std::int32_t>(below(4));
        info.batch_size = 16 + static_cast<std::int32_t>(below(64));
        info.kv_cells = 300;
        info.context_length = 200;
        const auto sharing =
            std::vector{Sharing::kNone, Sharing::kWhole, Sharing::kParts}[below(3)];
        FakeDecoder draft(info, Sharing::kParts);
        DraftRig rig(info, 1 + static_cast<std::int32_t>(below(4)), sharing, &draft);
        if (below(4) == 0) rig.decoder.set_cells(150);
        rig.decoder.take(rig.clock, std::chrono::milliseconds(below(20)));
        if (below(4) == 0) draft.set_cells(100);
        if (below(4) == 0) draft.set_adapter_scales({1.0F});  // it says capitals
        if (below(4) == 0) draft.fail_truncate();
        struct Asked {
            EventStream stream;
            std::string answer;
            std::string got;
        };
        std::vector<Asked> asked;
        const std::size_t count = 1 + below(6);
        for (std::size_t i = 0; i < count; ++i) {
            const std::string text = words(1 + below(60));
            const auto most = static_cast<std::int32_t>(1 + below(70));
            GenerateRequest request = ask(words(below(30)) + "<" + text + ">", most);
            request.priority = static_cast<std::int32_t>(below(3));
            auto stream = rig.try_submit(std::move(request));
            if (stream) asked.push_back({std::move(*stream), expected(text, most), {}});
            rig.step(static_cast<int>(below(4)));
        }
        for (int i = 0; i < 2000; ++i) {
            rig.loop.step();
            for (auto& one : asked) {
                if (below(2) == 0) one.got += test::read_now(one.stream);
            }
        }
        for (auto& one : asked) {
            one.got += test::read_now(one.stream);
            ASSERT_EQ(one.got, one.answer) << "round " << round;
        }
        ASSERT_EQ(rig.decoder.cells_used(), 0) << "round " << round;
        accepted += rig.stats().accepted_tokens;
        wrong += rig.stats().drafted_tokens - rig.stats().accepted_tokens;
    }
    EXPECT_GT(accepted, 1000);
    EXPECT_GT(wrong, 1000);
}

}  // namespace
}  // namespace mullama
