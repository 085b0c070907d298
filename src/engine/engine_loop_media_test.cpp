#include "engine/engine_loop_rig.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

/// Pictures in the engine's loop.
namespace mullama {
namespace {

using test::ask;
using test::kInfo;
using test::read_now;
using test::Rig;

std::shared_ptr<const MediaEmbedding> picture_of(
    const std::string& letters, bool causal = true, std::int32_t positions = 0
) {
    MediaEmbedding media;
    media.id = letters;
    media.row_count = static_cast<std::int32_t>(letters.size());
    media.position_count = positions == 0 ? media.row_count : positions;
    media.causal = causal;
    for (const char letter : letters) {
        media.rows.push_back(static_cast<float>(letter));
        media.rows.push_back(0.0F);
    }
    return std::make_shared<const MediaEmbedding>(std::move(media));
}

/// A prompt whose pictures, a letter a row, stand where the text has a '#'.
GenerateRequest ask_about(
    const std::string& text, const std::vector<std::shared_ptr<const MediaEmbedding>>& pictures
) {
    GenerateRequest request;
    for (const char letter : text) {
        if (letter != '#') {
            request.tokens.push_back(static_cast<unsigned char>(letter));
            continue;
        }
        request.media.push_back({request.tokens.size(), pictures[request.media.size()]});
    }
    return request;
}

TEST(EngineLoopMedia, reads_pictures_between_tokens) {
    Rig rig;
    auto stream = rig.submit(ask_about(
        "##<a#d#>",
        {picture_of("xy"), picture_of("z", false), picture_of("bc"), picture_of("ef", false)}
    ));
    rig.run();
    const auto completion = stream.collect();
    EXPECT_EQ(completion.text, "abcdef");
    EXPECT_EQ(completion.finish.usage.prompt_tokens, 11);
    EXPECT_EQ(rig.decoder.media_steps(), (std::vector<std::int32_t>{2, 1, 2, 2}));
    EXPECT_EQ(rig.stats().prompt_tokens, 11);
    EXPECT_EQ(rig.stats().kv_cells_used, 0);
}

TEST(EngineLoopMedia, goes_on_where_a_picture_says) {
    Rig rig;
    auto stream =
        rig.submit(ask_about("<a#d#>", {picture_of("bcbc", true, 2), picture_of("efef", false, 3)})
        );
    rig.run();
    EXPECT_EQ(stream.collect().text, "abcbcdefef");
}

TEST(EngineLoopMedia, computes_one_picture_in_a_step) {
    Rig rig;
    auto first = rig.submit(ask_about("<#>", {picture_of("abc")}));
    auto second = rig.submit(ask_about("<#>", {picture_of("def")}));
    auto text = rig.submit(ask("<hi>"));
    rig.step(2);
    EXPECT_EQ(rig.decoder.media_steps(), (std::vector<std::int32_t>{3}));
    EXPECT_EQ(read_now(text), "hi");
    rig.step();
    EXPECT_EQ(rig.decoder.media_steps(), (std::vector<std::int32_t>{3, 3}));
    rig.run();
    EXPECT_EQ(first.collect().text, "abc");
    EXPECT_EQ(second.collect().text, "def");
}

TEST(EngineLoopMedia, reads_large_pictures_in_parts_while_others_are_answered) {
    Rig rig;
    auto answer = rig.submit(ask("<abc*>", 100));
    rig.step(2);
    const std::string large(150, 'x');
    auto stream = rig.submit(ask_about("#<ok>", {picture_of(large)}));
    auto whole = rig.submit(ask_about("#<ok>", {picture_of(large, false)}));
    rig.run();
    const auto steps = rig.decoder.media_steps();
    EXPECT_EQ(steps, (std::vector<std::int32_t>{64, 150, 64, 22}));
    EXPECT_EQ(stream.collect().text, "ok");
    EXPECT_EQ(whole.collect().text, "ok");
    EXPECT_EQ(answer.collect().tokens.size(), 100U);
}

TEST(EngineLoopMedia, a_picture_without_cells_waits_for_another_request_to_end) {
    Rig rig;
    auto first = rig.submit(ask("<abc>"));
    auto second = rig.submit(ask_about("<#>", {picture_of("defghi")}));
    rig.decoder.set_cells(11);
    rig.step(4);
    EXPECT_TRUE(rig.decoder.media_steps().empty());
    EXPECT_EQ(read_now(first), "abc");
    rig.decoder.set_cells(100);
    rig.run();
    EXPECT_EQ(second.collect().text, "defghi");
}

TEST(EngineLoopMedia, tells_how_far_it_is_with_pictures_and_loses_no_token) {
    Rig rig(kInfo, 1);
    GenerateRequest request = ask_about("##<ab>", {picture_of("x"), picture_of("yz")});
    request.report_progress = true;
    auto stream = rig.submit(request);
    std::vector<std::int64_t> done;
    std::string text;
    for (int i = 0; i < 20; ++i) {
        rig.step();
        while (const auto event = stream.try_next()) {
            text += event->text;
            if (event->progress) done.push_back(event->progress->prompt_tokens_done);
        }
    }
    EXPECT_EQ(text, "ab");
    EXPECT_EQ(done, (std::vector<std::int64_t>{1, 7, 7}));
}

TEST(EngineLoopMedia, a_picture_that_fails_ends_its_request_only) {
    Rig rig;
    auto other = rig.submit(ask("<abc>"));
    rig.step();
    auto stream = rig.submit(ask_about("#<ok>", {picture_of("x")}));
    rig.decoder.fail_next(Error{ErrorCode::kInternal, "out of luck"});
    rig.run();
    EXPECT_EQ(stream.collect().finish.error->message, "out of luck");
    EXPECT_EQ(other.collect().text, "abc");
}

TEST(EngineLoopMedia, refuses_pictures_that_are_not_in_their_place) {
    Rig rig;
    EXPECT_FALSE(rig.try_submit(ask_about("<a>#", {picture_of("x")})));
    GenerateRequest request = ask_about("<#>#<>", {picture_of("x"), picture_of("y")});
    std::swap(request.media[0], request.media[1]);
    EXPECT_FALSE(rig.try_submit(request));
    request.media = {{1, nullptr}};
    EXPECT_FALSE(rig.try_submit(request));
    request.media = {{1, picture_of("x")}};
    request.tokens.clear();
    request.prompt = "<>";
    EXPECT_EQ(
        rig.try_submit(request).error().message,
        "pictures go between tokens: give tokens, not a prompt"
    );
    EXPECT_EQ(
        rig.try_submit(ask_about("<#>", {picture_of(std::string(998, 'x'))})).has_value(), true
    );
    EXPECT_EQ(
        rig.try_submit(ask_about("<#>", {picture_of(std::string(999, 'x'))})).error().message,
        "prompt has 1001 tokens, context is 1000: raise num_ctx or shorten the prompt"
    );
}

}  // namespace
}  // namespace mullama
