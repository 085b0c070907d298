#include "tests/support/models.h"
#include <mullama/runtime.h>

#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama {
namespace {

using testing::HasSubstr;

LoadOptions small_context() {
    LoadOptions options;
    options.engine.context_length = 512;
    return options;
}

ChatRequest greedy_chat(std::string question, std::int32_t tokens) {
    ChatRequest request;
    request.messages = {{"user", std::move(question)}};
    request.sampling.temperature = 0.0F;
    request.max_tokens = tokens;
    return request;
}

TEST(Runtime, answers_a_chat_with_a_real_model) {
    Runtime runtime(small_context());
    auto stream = runtime.chat(test::smollm2_path(), greedy_chat("Say hello.", 16));
    ASSERT_TRUE(stream) << stream.error().message;
    const Completion answer = stream->collect();
    EXPECT_THAT(answer.text, testing::ContainsRegex("[Hh]ello"));
    EXPECT_GT(answer.finish.usage.prompt_tokens, 10);
    EXPECT_EQ(answer.finish.usage.completion_tokens, std::ssize(answer.tokens));
}

TEST(Runtime, continues_a_text) {
    Runtime runtime(small_context());
    GenerateRequest request;
    request.prompt = "One, two, three, four,";
    request.sampling.temperature = 0.0F;
    request.max_tokens = 8;
    auto stream = runtime.generate(test::smollm2_path(), request);
    ASSERT_TRUE(stream) << stream.error().message;
    EXPECT_THAT(stream->collect().text, HasSubstr("five"));
}

TEST(Runtime, embeds_beside_a_chat_on_the_same_weights) {
    Runtime runtime(small_context());
    auto chat = runtime.chat(test::smollm2_path(), greedy_chat("Hello", 16));
    ASSERT_TRUE(chat);
    EmbedRequest request;
    request.input = {"A cat sleeps.", "A kitten naps.", "The stock market fell sharply today."};
    request.pooling = Pooling::kMean;
    auto embeddings = runtime.embed(test::smollm2_path(), request);
    ASSERT_TRUE(embeddings) << embeddings.error().message;
    const auto& rows = embeddings->rows;
    EXPECT_EQ(rows[0].size(), 576U);
    EXPECT_GT(cosine_similarity(rows[0], rows[1]), cosine_similarity(rows[0], rows[2]));
    EXPECT_FALSE(chat->collect().text.empty());
}

TEST(Runtime, loads_a_file_once_for_all_who_ask_at_the_same_time) {
    Runtime runtime(small_context());
    std::vector<Result<LoadedModel>> loaded(4, Error{});
    {
        std::vector<std::jthread> threads;
        for (auto& place : loaded) {
            threads.emplace_back([&] { place = runtime.load(test::smollm2_path()); });
        }
    }
    for (const auto& model : loaded) {
        ASSERT_TRUE(model) << model.error().message;
        EXPECT_TRUE(model->model() == loaded.front()->model());
    }
}

TEST(Runtime, unload_forgets_a_file_and_leases_stay_good) {
    Runtime runtime(small_context());
    EXPECT_FALSE(runtime.unload(test::smollm2_path()));
    auto lease = runtime.load(test::smollm2_path());
    ASSERT_TRUE(lease);
    EXPECT_TRUE(runtime.unload(test::smollm2_path()));
    EXPECT_FALSE(runtime.unload(test::smollm2_path()));
    auto stream = lease->chat(greedy_chat("Hello", 4));
    ASSERT_TRUE(stream);
    EXPECT_FALSE(stream->collect().text.empty());
}

TEST(Runtime, a_missing_file_is_an_error_and_is_looked_for_again) {
    Runtime runtime;
    for (int i = 0; i < 2; ++i) {
        auto model = runtime.load("no/such/model.gguf");
        ASSERT_FALSE(model);
        EXPECT_EQ(model.error().code, ErrorCode::kNotFound);
    }
    EXPECT_FALSE(runtime.unload("no/such/model.gguf"));
}

TEST(LoadedModel, drops_the_oldest_messages_that_do_not_fit) {
    auto model = LoadedModel::load(test::smollm2_path(), small_context());
    ASSERT_TRUE(model);
    ChatRequest request = greedy_chat("What did I say last?", 4);
    const Message filler = {"user", std::string(400, 'x')};
    request.messages.insert(request.messages.begin(), 20, filler);
    request.messages.insert(request.messages.begin(), {"system", "Answer briefly."});
    auto prompt = model->render(request);
    ASSERT_TRUE(prompt) << prompt.error().message;
    EXPECT_THAT(prompt->text, HasSubstr("Answer briefly."));
    EXPECT_THAT(prompt->text, HasSubstr("What did I say last?"));
    EXPECT_LT(prompt->text.size(), 20 * filler.content.size());
    auto stream = model->chat(request);
    ASSERT_TRUE(stream) << stream.error().message;

    request.truncate = false;
    auto refused = model->chat(request);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("raise num_ctx"));
}

TEST(LoadedModel, ignore_eos_goes_on_where_the_answer_would_end) {
    auto model = LoadedModel::load(test::smollm2_path(), small_context());
    ASSERT_TRUE(model) << model.error().message;
    ChatRequest request = greedy_chat("Say hello.", 64);
    const Completion ended = model->chat(request)->collect();
    ASSERT_EQ(ended.finish.reason, FinishReason::kStop);

    request.ignore_eos = true;
    const Completion longer = model->chat(request)->collect();
    EXPECT_EQ(longer.finish.reason, FinishReason::kLength);
    EXPECT_EQ(longer.tokens.size(), 64U);
    for (const Token token : longer.tokens) EXPECT_FALSE(model->tokenizer().is_eog(token));
}

TEST(LoadedModel, counts_on_where_the_context_is_full) {
    LoadOptions options = small_context();
    options.engine.context_length = 64;
    auto model = LoadedModel::load(test::smollm2_path(), options);
    ASSERT_TRUE(model) << model.error().message;
    GenerateRequest request;
    request.prompt = "10, 11, 12, 13, 14, 15,";
    request.sampling.temperature = 0.0F;
    request.max_tokens = 200;
    request.overflow.shift = true;
    auto stream = model->generate(request);
    ASSERT_TRUE(stream) << stream.error().message;
    const Completion completion = stream->collect();
    EXPECT_EQ(completion.tokens.size(), 200U) << completion.text;
    EXPECT_THAT(completion.text, HasSubstr("40, 41, 42, 43")) << completion.text;
}

TEST(LoadedModel, cuts_a_message_that_is_longer_than_the_context) {
    LoadOptions options = small_context();
    options.engine.context_length = 64;
    auto model = LoadedModel::load(test::smollm2_path(), options);
    ASSERT_TRUE(model) << model.error().message;
    ChatRequest request = greedy_chat(std::string(400, 'x'), 4);
    request.messages.insert(request.messages.begin(), 2, {"user", "Hello"});
    const auto refused = model->chat(request);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("raise num_ctx"));

    request.overflow.cut_prompt = true;
    auto stream = model->chat(request);
    ASSERT_TRUE(stream) << stream.error().message;
    EXPECT_LE(stream->collect().finish.usage.prompt_tokens, 64);
}

TEST(LoadedModel, a_base_model_cannot_chat_but_continues_text) {
    auto model = LoadedModel::load(test::gemma3_path(), small_context());
    ASSERT_TRUE(model) << model.error().message;
    if (!model->has_chat_template()) {
        auto chat = model->chat(greedy_chat("Hello", 4));
        ASSERT_FALSE(chat);
        EXPECT_EQ(chat.error().code, ErrorCode::kUnsupported);
    }
    GenerateRequest request;
    request.prompt = "Monday, Tuesday, Wednesday,";
    request.sampling.temperature = 0.0F;
    request.max_tokens = 8;
    auto stream = model->generate(request);
    ASSERT_TRUE(stream) << stream.error().message;
    EXPECT_THAT(stream->collect().text, HasSubstr("Thursday"));
}

TEST(LoadedModel, a_template_of_the_callers_replaces_the_models) {
    LoadOptions options = small_context();
    options.chat_template = "{% for m in messages %}<{{ m.content }}>{% endfor %}";
    auto model = LoadedModel::load(test::smollm2_path(), options);
    ASSERT_TRUE(model) << model.error().message;
    EXPECT_EQ(model->render(greedy_chat("Hi", 1))->text, "<Hi>");

    options.chat_template = "{% for %}";
    auto broken = LoadedModel::load(test::smollm2_path(), options);
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace mullama
