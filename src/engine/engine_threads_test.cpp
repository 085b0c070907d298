#include "tests/support/models.h"
#include "tests/support/scratch_dir.h"
#include "tests/support/tiny_models.h"
#include <mullama/adapter.h>
#include <mullama/engine.h>
#include <mullama/sampler.h>
#include <mullama/task.h>

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

/// Many threads on one engine over llama.cpp. Made for ThreadSanitizer, under which the kernels are
/// slow: the model is tiny, or the answers are.
namespace mullama {
namespace {

constexpr std::int32_t kAnswerTokens = 16;

GenerateRequest ask(std::string prompt, std::int32_t max_tokens) {
    GenerateRequest request;
    request.prompt = std::move(prompt);
    request.max_tokens = max_tokens;
    request.ignore_eos = true;
    return request;
}

EngineOptions options_for(std::int32_t sequences_max) {
    EngineOptions options;
    options.context_length = 256;
    options.sequences_max = sequences_max;
    options.stream_capacity = 4;
    options.prefill_chunk = 32;
    options.threads = 2;
    return options;
}

Task<std::size_t> count_tokens(EventStream stream, Executor& executor) {
    std::size_t count = 0;
    while (auto event = co_await stream.next_async(executor)) count += event->tokens.size();
    co_return count;
}

/// Reads to the end in one of three ways, and gives the number of tokens.
std::size_t read(EventStream stream, unsigned way) {
    if (way % 3 == 0) return stream.collect().tokens.size();
    EventLoop loop;
    if (way % 3 == 1) return loop.run(count_tokens(std::move(stream), loop));
    std::size_t count = 0;
    stream.on_event(loop, [&](const Event& event) {
        count += event.tokens.size();
        if (event.finish) loop.stop();
    });
    loop.run();
    return count;
}

class EngineThreads : public testing::Test {
  protected:
    static Model load(const test::ScratchDir& scratch) {
        const auto path = scratch.path() / "tiny.gguf";
        test::write_tiny_llama(path, 1);
        return Model::load(path).value();
    }

    const test::ScratchDir scratch_;
    const Model model_ = load(scratch_);
};

TEST_F(EngineThreads, eight_read_in_different_ways) {
    const auto engine = make_local_engine(model_, options_for(8)).value();
    {
        std::vector<std::jthread> threads;
        for (unsigned thread = 0; thread < 8; ++thread) {
            threads.emplace_back([&engine, thread] {
                const std::string prompt(4 + 8 * thread, static_cast<char>('a' + thread));
                auto stream = engine->submit(ask(prompt, kAnswerTokens)).value();
                EXPECT_EQ(read(std::move(stream), thread), std::size_t{kAnswerTokens});
            });
        }
    }
    EXPECT_EQ(engine->stats().generated_tokens, 8 * kAnswerTokens);
}

TEST_F(EngineThreads, some_walk_away_and_the_others_are_answered) {
    const auto engine = make_local_engine(model_, options_for(3)).value();
    std::vector<std::jthread> threads;
    for (unsigned thread = 0; thread < 8; ++thread) {
        threads.emplace_back([&engine, thread] {
            std::mt19937 random(thread);
            for (int round = 0; round < 4; ++round) {
                const std::string prompt(1 + random() % 100, 'x');
                auto stream = engine->submit(ask(prompt, kAnswerTokens)).value();
                if (random() % 2 == 0) {
                    for (auto events = random() % 8; events > 0; --events) stream.next();
                } else {
                    const auto count = read(std::move(stream), static_cast<unsigned>(random()));
                    EXPECT_EQ(count, std::size_t{kAnswerTokens});
                }
            }
        });
    }
}

TEST_F(EngineThreads, the_engine_ends_under_its_readers) {
    auto engine = make_local_engine(model_, options_for(4)).value();
    std::vector<std::jthread> threads;
    for (unsigned thread = 0; thread < 8; ++thread) {
        auto stream = engine->submit(ask("abc", -1)).value();
        threads.emplace_back([stream = std::move(stream), thread]() mutable {
            read(std::move(stream), thread);
        });
    }
    engine.reset();
}

TEST_F(EngineThreads, requests_with_other_adapters_are_answered_as_each_alone) {
    const auto lora = scratch_.path() / "lora.gguf";
    test::write_random_lora(lora, scratch_.path() / "tiny.gguf", 4, 7, 64.0F);
    EngineOptions options = options_for(4);
    options.adapters = {{.adapter = Adapter::load(model_, lora).value(), .scale = 1.0F}};
    const auto engine = make_local_engine(model_, options).value();
    const auto submit = [&](float scale) {
        GenerateRequest request = ask("abc", kAnswerTokens);
        request.sampling = sampling_greedy();
        request.adapters = {{{.index = 0, .scale = scale}}};
        return engine->submit(std::move(request)).value();
    };
    const std::vector<float> scales = {0.0F, 1.0F, -1.0F};
    std::vector<EventStream> together;
    for (const float scale : scales) together.push_back(submit(scale));
    std::vector<std::vector<Token>> answers;
    for (EventStream& stream : together) answers.push_back(stream.collect().tokens);
    for (std::size_t i = 0; i < scales.size(); ++i) {
        EXPECT_EQ(answers[i], submit(scales[i]).collect().tokens) << scales[i];
    }
    EXPECT_NE(answers[0], answers[1]);
    EXPECT_NE(answers[1], answers[2]);
}

TEST_F(EngineThreads, what_is_kept_is_good_after_requests_with_other_adapters) {
    const auto lora = scratch_.path() / "lora.gguf";
    test::write_random_lora(lora, scratch_.path() / "tiny.gguf", 4, 7, 64.0F);
    EngineOptions options = options_for(2);
    options.prefix_cache_bytes = 1 << 20;
    options.adapters = {{.adapter = Adapter::load(model_, lora).value(), .scale = 1.0F}};
    const auto engine = make_local_engine(model_, options).value();
    const std::string prompt(64, 'x');
    const auto answer = [&](const std::string& text, std::optional<float> scale) {
        GenerateRequest request = ask(text, 4);
        request.sampling = sampling_greedy();
        if (scale) request.adapters = {{{.index = 0, .scale = *scale}}};
        return engine->submit(std::move(request)).value();
    };
    const Completion first = answer(prompt, {}).collect();
    answer("abc", 0.0F).collect();
    const Completion again = answer(prompt, {}).collect();
    EXPECT_GT(again.finish.usage.cached_tokens, 32);
    EXPECT_EQ(again.tokens, first.tokens);

    // One that ends while the other's adapters are in use.
    const std::string other(64, 'y');
    {
        auto left = answer(other, {});
        left.next();
        answer("abc", 0.0F).collect();
    }
    answer("abc", 0.0F).collect();
    EXPECT_GT(answer(other, {}).collect().finish.usage.cached_tokens, 32);
}

TEST(EngineThreadsOnSmolLm, eight_streams_at_once) {
    const Model model = Model::load(test::smollm2_path()).value();
    const auto engine = make_local_engine(model, options_for(8)).value();
    std::vector<std::jthread> threads;
    for (const char* prompt : {"I", "you", "he", "she", "it", "we", "they", "who"}) {
        threads.emplace_back([&engine, prompt] {
            const auto completion = engine->submit(ask(prompt, 3)).value().collect();
            EXPECT_EQ(completion.tokens.size(), 3U);
        });
    }
}

}  // namespace
}  // namespace mullama
