#include "engine/local_engine.h"

#include "engine/engine_loop_rig.h"
#include "engine/fake_decoder.h"
#include <mullama/task.h>

#include <atomic>
#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace mullama {
namespace {

using namespace std::chrono_literals;

using test::kInfo;

/// An engine over a scripted model, which stays visible to the test.
struct Rig {
    explicit Rig(const EngineOptions& options = {}) {
        auto scripted = std::make_unique<FakeDecoder>(kInfo);
        decoder = scripted.get();
        auto tokenizer = std::make_shared<ByteTokenizer>();
        engine = std::make_unique<LocalEngine>(std::move(scripted), std::move(tokenizer), options);
    }

    EventStream submit(std::string prompt, std::int32_t max_tokens = -1) {
        GenerateRequest request;
        request.prompt = std::move(prompt);
        request.max_tokens = max_tokens;
        return engine->submit(std::move(request)).value();
    }

    /// Gives the engine thread time until `condition` holds.
    template <typename Condition>
    bool becomes(Condition condition) const {
        for (int i = 0; i < 20000; ++i) {
            if (condition(engine->stats())) return true;
            std::this_thread::sleep_for(500us);
        }
        return false;
    }

    FakeDecoder* decoder = nullptr;
    std::unique_ptr<LocalEngine> engine;
};

bool is_idle(const EngineStats& stats) {
    return stats.running == 0 && stats.queued == 0;
}

Task<std::string> read_all(EventStream stream, Executor& executor) {
    std::string text;
    while (auto event = co_await stream.next_async(executor)) text += event->text;
    co_return text;
}

TEST(LocalEngine, answers_a_blocking_reader) {
    Rig rig;
    auto stream = rig.submit("<hello>");
    std::string text;
    while (const auto event = stream.next()) text += event->text;
    EXPECT_EQ(text, "hello");
}

TEST(LocalEngine, answers_a_coroutine) {
    Rig rig;
    EventLoop loop;
    EXPECT_EQ(loop.run(read_all(rig.submit("<hello>"), loop)), "hello");
}

TEST(LocalEngine, answers_a_callback_on_its_executor) {
    Rig rig;
    EventLoop loop;
    auto stream = rig.submit("<hello>");
    std::string text;
    stream.on_event(loop, [&, here = std::this_thread::get_id()](const Event& event) {
        EXPECT_EQ(std::this_thread::get_id(), here);
        text += event.text;
        if (event.finish) loop.stop();
    });
    loop.run();
    EXPECT_EQ(text, "hello");
}

TEST(LocalEngine, wakes_up_for_a_request_after_it_has_slept) {
    Rig rig;
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(rig.submit("<ab>").collect().text, "ab");
    }
}

TEST(LocalEngine, goes_on_when_a_slow_reader_makes_room) {
    EngineOptions options;
    options.stream_capacity = 1;
    Rig rig(options);
    auto stream = rig.submit("<abcdefgh>");
    ASSERT_TRUE(rig.becomes([](const EngineStats& stats) { return stats.steps >= 1; }));
    EXPECT_EQ(stream.collect().text, "abcdefgh");
}

TEST(LocalEngine, a_stalled_stream_ends_by_itself) {
    EngineOptions options;
    options.stream_capacity = 1;
    options.stall_timeout_ms = 1;
    Rig rig(options);
    auto stream = rig.submit("<a*>");
    ASSERT_TRUE(rig.becomes([](const EngineStats& stats) {
        return stats.steps > 0 && stats.running == 0;
    }));
    EXPECT_EQ(stream.collect().finish.error->code, ErrorCode::kTimeout);
}

TEST(LocalEngine, destroying_a_stream_frees_its_cells) {
    Rig rig;
    {
        const auto stream = rig.submit("<a*>");
    }
    EXPECT_TRUE(rig.becomes(is_idle));
    EXPECT_EQ(rig.decoder->cells_used(), 0);
}

TEST(LocalEngine, a_full_queue_refuses_requests) {
    EngineOptions options;
    options.queue_max = 0;
    Rig rig(options);
    rig.decoder->block(true);
    std::vector<EventStream> streams;
    for (int i = 0; i < kInfo.sequences_max; ++i) streams.push_back(rig.submit("<a>"));
    GenerateRequest request;
    request.prompt = "<a>";
    EXPECT_EQ(rig.engine->submit(request).error().code, ErrorCode::kExhausted);
    rig.decoder->block(false);
    for (auto& stream : streams) EXPECT_EQ(stream.collect().text, "a");
}

TEST(LocalEngine, streams_can_be_read_after_the_engine_has_gone) {
    Rig rig;
    auto stream = rig.submit("<a*>");
    EXPECT_EQ(stream.next()->text, "a");
    auto queued = rig.submit("<b*>");
    rig.engine.reset();
    const auto completion = stream.collect();
    EXPECT_EQ(completion.finish.reason, FinishReason::kError);
    EXPECT_EQ(completion.finish.error->code, ErrorCode::kUnavailable);
    EXPECT_EQ(queued.collect().finish.error->code, ErrorCode::kUnavailable);
}

TEST(LocalEngine, ending_does_not_wait_for_a_long_decode) {
    Rig rig;
    rig.decoder->block(true);
    auto stream = rig.submit("<a*>");
    rig.engine.reset();
    EXPECT_EQ(stream.collect().finish.error->code, ErrorCode::kUnavailable);
}

TEST(LocalEngine, ending_wakes_all_kinds_of_readers) {
    Rig rig;
    rig.decoder->block(true);
    auto blocking = rig.submit("<a*>");
    auto awaited = rig.submit("<b*>");
    auto called = rig.submit("<c*>");
    EventLoop loop;
    std::atomic<int> ended = 0;
    called.on_event(loop, [&](const Event& event) { ended += event.finish ? 1 : 0; });
    std::jthread reader([&] { ended += blocking.collect().finish.error ? 1 : 0; });
    std::jthread closer([&] { rig.engine.reset(); });
    EXPECT_EQ(loop.run(read_all(std::move(awaited), loop)), "");
    reader.join();
    closer.join();
    while (ended < 2) loop.poll();
    EXPECT_EQ(ended, 2);
}

TEST(LocalEngine, a_decoder_that_throws_ends_requests_and_not_the_program) {
    class Throwing final : public Decoder {
      public:
        EngineInfo info() const override { return kInfo; }
        Result<void> decode(std::span<const DecodeEntry>) override {
            throw std::runtime_error("out of luck");
        }
        Result<void> check_media(const MediaEmbedding&) const override { return {}; }
        Result<void> decode_media(const MediaStep&) override { return {}; }
        Result<std::span<const float>> logits(std::size_t) override {
            return std::span<const float>();
        }
        std::int32_t threads() const override { return 1; }
        void remove(SequenceId) override {}
        bool can_forget() const override { return true; }
        Result<void> forget(SequenceId, Position, Position) override { return {}; }
        Result<std::unique_ptr<TokenSampler>>
        make_sampler(const SamplingOptions&, std::span<const Token>) const override {
            return nullptr;
        }
        void interrupt() override {}
    };
    LocalEngine engine(
        std::make_unique<Throwing>(), std::make_shared<ByteTokenizer>(), EngineOptions{}
    );
    GenerateRequest request;
    request.prompt = "a";
    auto stream = engine.submit(request);
    ASSERT_TRUE(stream);
    EXPECT_EQ(stream->collect().finish.error->message, "the engine failed: out of luck");
    EXPECT_EQ(engine.submit(request).error().code, ErrorCode::kInternal);
}

/// Reads a stream in one of the ways there are, to its end or not.
void use_stream(EventStream given, int way, std::size_t reads, const std::string& expected) {
    std::string text;
    EventLoop loop;
    EventStream stream = std::move(given);  // goes before the loop that it is bound to
    switch (way % 5) {
        case 0:
            text = stream.collect().text;
            break;
        case 1:
            text = loop.run(read_all(std::move(stream), loop));
            break;
        case 2:
            stream.on_event(loop, [&](const Event& event) {
                text += event.text;
                if (event.finish) loop.stop();
            });
            loop.run();
            break;
        case 3:  // walks away in the middle
            for (std::size_t i = 0; i < reads; ++i) stream.next_for(1ms);
            return;
        case 4:  // walks away from a callback
            stream.on_event(loop, [&](const Event& event) { text += event.text; });
            for (std::size_t i = 0; i < reads; ++i) loop.poll();
            return;
    }
    EXPECT_EQ(text, expected);
}

TEST(LocalEngine, many_threads_submit_read_and_walk_away_at_random) {
    EngineOptions options;
    options.stream_capacity = 4;
    Rig rig(options);
    {
        std::vector<std::jthread> threads;
        for (unsigned thread = 0; thread < 8; ++thread) {
            threads.emplace_back([&rig, thread] {
                std::mt19937 random(thread);
                for (int round = 0; round < 40; ++round) {
                    const std::string word(1 + random() % 30, static_cast<char>('a' + thread));
                    auto stream = rig.submit(std::string(random() % 100, '.') + "<" + word + ">");
                    use_stream(
                        std::move(stream), static_cast<int>(random() % 5), random() % 8, word
                    );
                }
            });
        }
    }
    EXPECT_TRUE(rig.becomes(is_idle));
    EXPECT_EQ(rig.decoder->cells_used(), 0);
    EXPECT_EQ(rig.engine->stats().kv_cells_reserved, 0);
}

TEST(LocalEngine, one_loop_serves_many_coroutines_at_once) {
    Rig rig;
    EventLoop loop;
    std::vector<Task<std::string>> tasks;
    std::vector<std::string> expected;
    for (int i = 0; i < 16; ++i) {
        expected.emplace_back(static_cast<std::size_t>(i + 1), static_cast<char>('a' + i));
        tasks.push_back(read_all(rig.submit("<" + expected.back() + ">"), loop));
    }
    EXPECT_EQ(loop.run(when_all(std::move(tasks))), expected);
}

TEST(LocalEngine, ends_while_streams_are_being_submitted_read_and_dropped) {
    for (int round = 0; round < 20; ++round) {
        Rig rig;
        std::vector<EventStream> streams;
        for (int i = 0; i < 8; ++i) streams.push_back(rig.submit("<abc*>"));
        std::vector<std::jthread> readers;
        for (auto& stream : streams) {
            readers.emplace_back([mine = std::move(stream), round]() mutable {
                for (int i = 0; i < round; ++i) {
                    if (!mine.next()) return;
                }
            });
        }
        rig.engine.reset();
    }
}

TEST(EngineOptions, name_what_is_out_of_range) {
    EXPECT_TRUE(check_options(EngineOptions{}));
    EngineOptions options;
    options.sequences_max = 0;
    EXPECT_EQ(
        check_options(options).error().message, "sequences_max is 0: give a number from 1 to 255"
    );
    options = {};
    options.batch_size = 2;
    EXPECT_EQ(check_options(options).error().code, ErrorCode::kInvalidArgument)
        << "four answers could not go on together";
    options = {};
    options.threads = -1;
    EXPECT_FALSE(check_options(options));
    options = {};
    options.stream_capacity = 0;
    EXPECT_FALSE(check_options(options));
}

}  // namespace
}  // namespace mullama
