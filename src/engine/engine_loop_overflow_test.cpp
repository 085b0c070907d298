#include "engine/engine_loop_rig.h"

#include <gtest/gtest.h>

namespace mullama {
namespace {

using test::Rig;

EngineInfo short_context(std::int32_t sequences) {
    EngineInfo info = test::kInfo;
    info.context_length = 10;
    info.sequences_max = sequences;
    info.kv_cells = 10 * sequences;
    return info;
}

GenerateRequest ask_shifting(std::int32_t max_tokens, std::int32_t keep_tokens = 4) {
    GenerateRequest request = test::ask("<a*>", max_tokens);
    request.overflow = {.shift = true, .keep_tokens = keep_tokens};
    return request;
}

std::string prompt_read_of(const std::string& prompt, std::int32_t keep_tokens) {
    Rig rig(short_context(1));
    GenerateRequest request = test::ask(prompt, 0);
    request.overflow = {.cut_prompt = true, .keep_tokens = keep_tokens};
    auto stream = rig.submit(request);
    rig.run();
    const Finish finish = stream.collect().finish;
    EXPECT_EQ(finish.reason, FinishReason::kLength);
    EXPECT_EQ(finish.usage.prompt_tokens + finish.usage.cut_tokens, std::ssize(prompt));
    std::string read;
    for (const auto& batch : rig.decoder.batches()) {
        for (const DecodeEntry& entry : batch) read += static_cast<char>(entry.token);
    }
    return read;
}

TEST(EngineLoopOverflow, an_answer_goes_on_where_the_context_is_full) {
    Rig rig(short_context(1));
    auto stream = rig.submit(ask_shifting(50));
    rig.run();
    const Completion completion = stream.collect();
    EXPECT_EQ(completion.text, std::string(50, 'a'));
    EXPECT_EQ(completion.finish.reason, FinishReason::kLength);
    EXPECT_EQ(completion.finish.usage.prompt_tokens, 4);
    EXPECT_EQ(completion.finish.usage.completion_tokens, 50);
    EXPECT_EQ(rig.stats().prompt_tokens, 4);
    EXPECT_EQ(rig.decoder.cells_used(), 0);
}

TEST(EngineLoopOverflow, the_whole_prompt_can_be_kept) {
    Rig rig(short_context(1));
    auto stream = rig.submit(ask_shifting(50, -1));
    rig.run();
    EXPECT_EQ(stream.collect().text, std::string(50, 'a'));
}

TEST(EngineLoopOverflow, more_than_the_context_holds_cannot_be_kept) {
    Rig rig(short_context(1));
    auto stream = rig.submit(ask_shifting(50, 1000));
    rig.run();
    EXPECT_EQ(stream.collect().text, std::string(50, 'a'));
}

TEST(EngineLoopOverflow, an_answer_without_a_limit_ends_after_ten_contexts) {
    Rig rig(short_context(1));
    auto stream = rig.submit(ask_shifting(-1));
    rig.run();
    EXPECT_EQ(stream.collect().tokens.size(), 100U);
}

TEST(EngineLoopOverflow, an_answer_ends_with_the_context_where_the_model_cannot_forget) {
    Rig rig(short_context(1));
    rig.decoder.set_can_forget(false);
    auto stream = rig.submit(ask_shifting(50));
    rig.run();
    const Completion completion = stream.collect();
    EXPECT_EQ(completion.tokens.size(), 7U);
    EXPECT_EQ(completion.finish.reason, FinishReason::kLength);
}

TEST(EngineLoopOverflow, a_shifted_answer_that_lost_its_cells_goes_on) {
    Rig rig(short_context(2));
    auto first = rig.submit(ask_shifting(40));
    auto second = rig.submit(ask_shifting(60));
    rig.step(20);
    rig.decoder.set_cells(12);
    rig.step(10);
    EXPECT_EQ(rig.stats().queued, 1);
    rig.run();
    EXPECT_EQ(first.collect().text, std::string(40, 'a'));
    EXPECT_EQ(second.collect().text, std::string(60, 'a'));
}

TEST(EngineLoopOverflow, too_long_a_prompt_loses_blocks_behind_what_is_kept) {
    EXPECT_EQ(prompt_read_of("0123456789", 2), "0123456789");
    EXPECT_EQ(prompt_read_of("0123456789a", 2), "016789a");
    EXPECT_EQ(prompt_read_of("0123456789abcdefghijk", 2), "01efghijk");
    EXPECT_EQ(prompt_read_of("0123456789abcdefghijk", 0), "fghijk");
    EXPECT_EQ(prompt_read_of("0123456789abcdefghijk", -1), "012345678k");
}

TEST(EngineLoopOverflow, too_long_a_prompt_is_refused_where_it_may_not_be_cut) {
    Rig rig(short_context(1));
    const auto refused = rig.try_submit(test::ask("0123456789a"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace mullama
