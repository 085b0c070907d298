#include "engine/model_answers.h"
#include "tests/support/models.h"
#include "tests/support/scratch_dir.h"
#include "tests/support/tiny_models.h"
#include <mullama/detokenizer.h>
#include <mullama/engine.h>
#include <mullama/sampler.h>
#include <mullama/task.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

/// The engine on SmolLM2. Answers are short: these tests run under the sanitizers too.
namespace mullama {
namespace {

using namespace std::chrono_literals;
using test::best_of;
using test::difference;
using test::greedy;
using test::kAnswerTokens;
using test::logits_after;
using test::make_context;

const std::vector<std::string> kPrompts = {
    "The capital of France is",
    "Once upon a time, in a land far away, there lived",
    "def fibonacci(n):\n    ",
    "1, 2, 3, 4, 5,",
    "Dear Sir or Madam,\n\nI am writing to",
    "The three primary colours are red,",
    "Water boils at",
    "In 1969, Neil Armstrong became the first person to",
};

class OnSmolLm : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        model_ = std::make_unique<Model>(Model::load(test::smollm2_path()).value());
    }
    static void TearDownTestSuite() { model_.reset(); }

    // One thread: several of these tests run at once, and threads that wait for each other on a
    // busy machine are slow.
    static std::unique_ptr<Engine> make_engine(EngineOptions options = {}) {
        options.threads = 1;
        options.context_length = std::min(options.context_length, 512);
        return make_local_engine(*model_, options).value();
    }

    static std::unique_ptr<Model> model_;
};

std::unique_ptr<Model> OnSmolLm::model_;

/// The greedy answer by a plain loop: the prompt in one batch, and then token by token.
std::vector<Token> plain_answer(const Model& model, const std::string& prompt) {
    auto context = make_context(model);
    auto tokens = model.vocab().tokenize(prompt, true, true).value();
    const auto prompt_tokens = tokens.size();
    tokens.push_back(best_of(logits_after(context, tokens)));
    Batch batch;
    while (tokens.size() < prompt_tokens + kAnswerTokens) {
        batch.clear();
        batch.add(tokens.back(), static_cast<Position>(tokens.size() - 1), 0, true).value();
        context.decode(batch).value();
        tokens.push_back(best_of(context.logits(-1).value()));
    }
    return {tokens.begin() + static_cast<std::ptrdiff_t>(prompt_tokens), tokens.end()};
}

TEST_F(OnSmolLm, a_greedy_answer_equals_that_of_a_plain_loop) {
    const auto engine = make_engine();
    for (std::size_t i = 0; i < 3; ++i) {
        const auto completion = engine->submit(greedy(kPrompts[i])).value().collect();
        EXPECT_EQ(completion.tokens, plain_answer(*model_, kPrompts[i])) << kPrompts[i];
        EXPECT_EQ(completion.finish.reason, FinishReason::kLength);
    }
}

TEST_F(OnSmolLm, eight_streams_together_answer_as_each_does_alone) {
    EngineOptions options;
    options.sequences_max = 8;
    const auto engine = make_engine(options);
    std::vector<EventStream> streams;
    for (const auto& prompt : kPrompts) streams.push_back(engine->submit(greedy(prompt)).value());
    std::vector<Completion> together;
    for (auto& stream : streams) together.push_back(stream.collect());
    EXPECT_LT(engine->stats().steps, 8 * kAnswerTokens / 2) << "they shared their steps";
    for (std::size_t i = 0; i < kPrompts.size(); ++i) {
        const auto alone = engine->submit(greedy(kPrompts[i])).value().collect();
        EXPECT_EQ(difference(*model_, kPrompts[i], together[i].tokens, alone.tokens), "");
    }
}

TEST_F(OnSmolLm, a_prompt_read_in_chunks_beside_an_answer_gives_the_same_answer) {
    EngineOptions options;
    options.prefill_chunk = 16;
    const auto engine = make_engine(options);
    std::string prompt = "A list of words:";
    for (int i = 0; i < 40; ++i) prompt += " apple, pear, plum,";
    const auto alone = engine->submit(greedy(prompt)).value().collect();

    auto other = engine->submit(greedy(kPrompts[0], 64)).value();
    ASSERT_TRUE(other.next());
    const auto beside = engine->submit(greedy(prompt)).value().collect();
    EXPECT_EQ(difference(*model_, prompt, beside.tokens, alone.tokens), "");
}

TEST_F(OnSmolLm, more_requests_than_places_are_all_answered) {
    EngineOptions options;
    options.sequences_max = 2;
    const auto engine = make_engine(options);
    std::vector<EventStream> streams;
    for (const auto& prompt : kPrompts)
        streams.push_back(engine->submit(greedy(prompt, 4)).value());
    for (auto& stream : streams) {
        const auto completion = stream.collect();
        EXPECT_EQ(completion.tokens.size(), 4U);
        EXPECT_FALSE(completion.finish.error);
    }
}

TEST_F(OnSmolLm, the_pieces_of_a_stream_join_to_the_text_of_its_tokens) {
    const auto engine = make_engine();
    const auto completion =
        engine->submit(greedy("Ein Gedicht über Äpfel 🍎 und")).value().collect();
    std::string text;
    for (const Token token : completion.tokens) text += model_->vocab().piece(token);
    EXPECT_EQ(completion.text, to_valid_utf8(text));
    EXPECT_EQ(completion.finish.usage.completion_tokens, kAnswerTokens);
    EXPECT_GT(completion.finish.usage.decode_ns, 0);
    EXPECT_GT(completion.finish.usage.prompt_ns, 0);
}

TEST_F(OnSmolLm, a_stop_string_across_tokens_ends_the_answer) {
    const auto engine = make_engine();
    const std::string whole = engine->submit(greedy(kPrompts[3])).value().collect().text;
    ASSERT_GT(whole.size(), 12U);
    auto request = greedy(kPrompts[3]);
    request.stop = {whole.substr(5, 6)};
    auto stream = engine->submit(request).value();
    std::string text;
    std::optional<Finish> finish;
    while (const auto event = stream.next()) {
        text += event->text;
        finish = event->finish;
    }
    EXPECT_EQ(text, whole.substr(0, whole.find(request.stop[0])));
    EXPECT_EQ(finish->reason, FinishReason::kStop);
    EXPECT_EQ(finish->stop, request.stop[0]);
}

TEST_F(OnSmolLm, the_end_of_turn_token_ends_the_answer) {
    const auto engine = make_engine();
    auto request = greedy(
        "<|im_start|>user\nSay only: yes<|im_end|>\n<|im_start|>assistant\nYes.", kAnswerTokens
    );
    request.ignore_eos = false;
    request.max_tokens = 100;
    const auto completion = engine->submit(request).value().collect();
    EXPECT_EQ(completion.finish.reason, FinishReason::kStop);
    EXPECT_EQ(completion.finish.stop, "");
    EXPECT_EQ(completion.text.find("<|im_end|>"), std::string::npos);
}

TEST_F(OnSmolLm, a_full_context_ends_the_answer) {
    EngineOptions options;
    options.context_length = 24;
    const auto engine = make_engine(options);
    const auto completion = engine->submit(greedy(kPrompts[0], -1)).value().collect();
    EXPECT_EQ(completion.finish.reason, FinishReason::kLength);
    EXPECT_EQ(
        completion.finish.usage.prompt_tokens + completion.finish.usage.completion_tokens, 24 + 1
    );
    const auto refused = engine->submit(greedy(std::string(200, '7')));
    EXPECT_EQ(
        refused.error().message,
        "prompt has 200 tokens, context is 24: raise num_ctx or shorten the prompt"
    );
}

TEST_F(OnSmolLm, the_same_seed_gives_the_same_text) {
    const auto engine = make_engine();
    auto request = greedy(kPrompts[1]);
    request.sampling = SamplingOptions{};
    request.sampling.seed = 7;
    const auto first = engine->submit(request).value().collect();
    const auto second = engine->submit(request).value().collect();
    EXPECT_EQ(first.tokens, second.tokens);
    request.sampling.seed = 8;
    EXPECT_NE(engine->submit(request).value().collect().tokens, first.tokens);
}

TEST_F(OnSmolLm, a_grammar_shapes_the_answer) {
    const auto engine = make_engine();
    auto request = greedy("Is the sky blue? Answer:");
    request.ignore_eos = false;
    request.sampling.grammar = R"(root ::= " " ("yes" | "no") "!")";
    const auto completion = engine->submit(request).value().collect();
    EXPECT_TRUE(completion.text == " yes!" || completion.text == " no!") << completion.text;
    EXPECT_EQ(completion.finish.reason, FinishReason::kStop);

    request.sampling.grammar = "root ::= (";
    EXPECT_EQ(engine->submit(request).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(OnSmolLm, options_out_of_range_are_refused_at_submission) {
    const auto engine = make_engine();
    auto request = greedy(kPrompts[0]);
    request.sampling.temperature = -1;
    EXPECT_EQ(engine->submit(request).error().code, ErrorCode::kInvalidArgument);
    request = greedy(kPrompts[0]);
    request.tokens = {model_->vocab().size()};
    EXPECT_EQ(engine->submit(request).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(OnSmolLm, cancelling_frees_the_cells_for_others) {
    EngineOptions options;
    options.sequences_max = 1;
    const auto engine = make_engine(options);
    {
        auto stream = engine->submit(greedy(kPrompts[0], -1)).value();
        ASSERT_TRUE(stream.next());
    }
    const auto completion = engine->submit(greedy(kPrompts[0], 4)).value().collect();
    EXPECT_EQ(completion.tokens.size(), 4U);
    EXPECT_EQ(engine->stats().kv_cells_used, 0);
}

TEST_F(OnSmolLm, ending_the_engine_interrupts_a_long_prompt) {
    EngineOptions options;
    options.context_length = 8192;
    options.threads = 1;
    auto engine = make_local_engine(*model_, options).value();
    GenerateRequest request = greedy("", 4);
    request.tokens.assign(8000, 100);
    auto stream = engine->submit(request).value();
    while (engine->stats().running == 0) std::this_thread::sleep_for(1ms);
    engine.reset();
    EXPECT_EQ(stream.collect().finish.error->code, ErrorCode::kUnavailable);
}

Task<std::string> read_all(EventStream stream, Executor& executor) {
    std::string text;
    while (auto event = co_await stream.next_async(executor)) text += event->text;
    co_return text;
}

TEST_F(OnSmolLm, streams_read_by_coroutines_and_callbacks_give_the_same_text) {
    const auto engine = make_engine();
    const std::string expected = engine->submit(greedy(kPrompts[2])).value().collect().text;
    EventLoop loop;
    EXPECT_EQ(loop.run(read_all(engine->submit(greedy(kPrompts[2])).value(), loop)), expected);

    std::string text;
    auto stream = engine->submit(greedy(kPrompts[2])).value();
    stream.on_event(loop, [&](const Event& event) {
        text += event.text;
        if (event.finish) loop.stop();
    });
    loop.run();
    EXPECT_EQ(text, expected);
}

TEST(MakeLocalEngine, refuses_a_model_that_cannot_continue_text) {
    const test::ScratchDir scratch;
    const auto path = scratch.path() / "bert.gguf";
    test::write_tiny_bert(path, 1);
    const auto engine = make_local_engine(Model::load(path).value());
    ASSERT_FALSE(engine);
    EXPECT_EQ(engine.error().code, ErrorCode::kUnsupported);
}

TEST(MakeLocalEngine, refuses_a_model_without_weights) {
    ModelOptions options;
    options.vocab_only = true;
    const auto engine = make_local_engine(Model::load(test::smollm2_path(), options).value());
    ASSERT_FALSE(engine);
    EXPECT_EQ(engine.error().code, ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace mullama
