#include "tests/support/images.h"
#include "tests/support/scratch_dir.h"
#include "tests/support/tiny_models.h"
#include <mullama/runtime.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// Conversations with images, on a tiny model with eyes: each image is 4 rows between two texts.
namespace mullama {
namespace {

using test::bmp_image;

constexpr const char* kTemplate =
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}<assistant>";

class Seeing : public testing::Test {
  protected:
    void SetUp() override {
        test::TinyLlamaOptions tiny;
        tiny.chat_template = kTemplate;
        test::write_tiny_llama(file(), 1, tiny);
        test::write_tiny_projector(options().projector, 2);
        model_ = LoadedModel::load(file(), options()).value();
    }

    std::filesystem::path file() const { return scratch_.path() / "model.gguf"; }

    LoadOptions options() const {
        LoadOptions options;
        options.engine.context_length = 256;
        options.engine.threads = 1;
        options.projector = scratch_.path() / "mmproj.gguf";
        options.projector_options.threads = 1;
        return options;
    }

    const LoadedModel& model() const { return *model_; }

    test::ScratchDir scratch_;
    std::optional<LoadedModel> model_;
};

Message user(std::string text, std::vector<std::string> images = {}) {
    return {.role = "user", .content = std::move(text), .images = std::move(images)};
}

ChatRequest ask(std::vector<Message> messages) {
    ChatRequest request;
    request.messages = std::move(messages);
    request.sampling.temperature = 0.0F;
    request.max_tokens = 4;
    request.top_logprobs = 0;
    return request;
}

/// How likely the first token was, which tells prompts apart.
float logprob_of(Result<EventStream> stream) {
    if (!stream) throw std::runtime_error(stream.error().message);
    const Completion completion = stream->collect();
    if (completion.finish.error) throw std::runtime_error(completion.finish.error->message);
    return completion.logprobs.at(0).chosen.logprob;
}

TEST_F(Seeing, an_image_counts_and_the_same_one_counts_the_same) {
    const auto answer = [&](std::uint64_t seed) {
        return logprob_of(model().chat(ask({user("what?", {bmp_image(20, 20, seed)})})));
    };
    const float first = answer(1);
    EXPECT_EQ(answer(1), first);
    EXPECT_NE(answer(2), first);
    EXPECT_NE(logprob_of(model().chat(ask({user("what?")}))), first);
}

TEST_F(Seeing, messages_may_have_several_images) {
    const std::string a = bmp_image(20, 20, 1);
    const std::string b = bmp_image(20, 20, 2);
    const float first = logprob_of(model().chat(ask({user("what?", {a, b})})));
    EXPECT_EQ(logprob_of(model().chat(ask({user("what?", {a, b})}))), first);
    EXPECT_NE(logprob_of(model().chat(ask({user("what?", {b, a})}))), first);
    EXPECT_NE(logprob_of(model().chat(ask({user("what?", {a, a})}))), first);
}

TEST_F(Seeing, images_stay_in_their_turns) {
    const std::string a = bmp_image(20, 20, 1);
    const std::string b = bmp_image(20, 20, 2);
    const Message said{.role = "assistant", .content = "yes"};
    const float first = logprob_of(model().chat(ask({user("1", {a}), said, user("2", {b})})));
    EXPECT_EQ(logprob_of(model().chat(ask({user("1", {a}), said, user("2", {b})}))), first);
    EXPECT_NE(logprob_of(model().chat(ask({user("1", {b}), said, user("2", {a})}))), first);
    EXPECT_NE(logprob_of(model().chat(ask({user("1", {a, b}), said, user("2")}))), first);
}

TEST_F(Seeing, the_prompt_counts_what_images_take) {
    const ChatRequest plain = ask({user("what?")});
    const ChatRequest seeing = ask({user("what?", {bmp_image(20, 20, 1)})});
    const std::size_t size = model().count_tokens(seeing).value();
    EXPECT_GE(size, model().count_tokens(plain).value() + 4);
    auto answer = model().answer(seeing).value();
    EXPECT_EQ(answer.prompt_tokens, size);
    EXPECT_EQ(answer.prompt.size(), size - 4);
    const auto usage = answer.events.collect().finish.usage;
    EXPECT_EQ(usage.prompt_tokens, static_cast<std::int64_t>(size));
}

TEST_F(Seeing, a_rendered_prompt_names_its_images) {
    const std::string image = bmp_image(20, 20, 1);
    EXPECT_EQ(
        model().render(ask({user("a", {image, image}), user("b", {image})}))->text,
        "<user>[img-0][img-1]a\n<user>[img-2]b\n<assistant>"
    );
}

TEST_F(Seeing, text_that_looks_like_an_image_is_text) {
    EXPECT_EQ(
        model().count_tokens(ask({user("[img-0]")})).value(),
        model().count_tokens(ask({user("[imx-0]")})).value()
    );
}

TEST_F(Seeing, the_oldest_messages_go_with_their_images) {
    std::vector<Message> messages;
    for (std::uint64_t i = 0; i < 9; ++i) messages.push_back(user("look", {bmp_image(20, 20, i)}));
    ChatRequest request = ask(messages);
    request.truncate = false;
    EXPECT_EQ(model().chat(request).error().code, ErrorCode::kInvalidArgument);
    request.truncate = true;
    EXPECT_LE(model().count_tokens(request).value(), 255U);
    const float answer = logprob_of(model().chat(request));
    messages.back().images = {bmp_image(20, 20, 10)};
    EXPECT_NE(logprob_of(model().chat(ask(messages))), answer);
}

TEST_F(Seeing, a_bad_image_is_an_error_and_no_harm) {
    auto other = model().chat(ask({user("hello")}));
    const auto refused = model().chat(ask({user("what?", {"no image"})}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(refused.error().message, testing::HasSubstr("unknown format"));
    EXPECT_FALSE(other->collect().finish.error);
    EXPECT_TRUE(model().chat(ask({user("what?", {bmp_image(20, 20, 1)})})));
}

TEST_F(Seeing, a_plain_prompt_may_follow_images) {
    GenerateRequest request;
    request.prompt = "is";
    request.sampling.temperature = 0.0F;
    request.max_tokens = 1;
    request.top_logprobs = 0;
    const auto with = [&](std::uint64_t seed) {
        return logprob_of(model().generate(request, {bmp_image(20, 20, seed)}));
    };
    EXPECT_EQ(with(1), with(1));
    EXPECT_NE(with(1), with(2));
    EXPECT_NE(with(1), logprob_of(model().generate(request, {})));
}

TEST_F(Seeing, a_pass_is_made_as_large_as_an_image) {
    LoadOptions small = options();
    small.engine.batch_size = 4;
    small.engine.ubatch_size = 2;
    const auto loaded = LoadedModel::load(file(), small);
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_TRUE(loaded->chat(ask({user("a", {bmp_image(20, 20, 1)})})));
}

TEST_F(Seeing, needs_a_projector) {
    LoadOptions blind = options();
    blind.projector.clear();
    const auto without = LoadedModel::load(file(), blind).value();
    EXPECT_FALSE(without.can_see());
    EXPECT_TRUE(model().can_see());
    const std::string image = bmp_image(20, 20, 1);
    EXPECT_EQ(without.chat(ask({user("a", {image})})).error().code, ErrorCode::kUnsupported);
    EXPECT_EQ(without.generate({.prompt = "a"}, {image}).error().code, ErrorCode::kUnsupported);
    EXPECT_TRUE(without.chat(ask({user("a")})));

    LoadOptions wrong = options();
    wrong.projector = file();
    const auto blinded = LoadedModel::load(file(), wrong).value();
    EXPECT_FALSE(blinded.can_see());
    EXPECT_TRUE(blinded.chat(ask({user("a")})));
    const Error error = blinded.chat(ask({user("a", {image})})).error();
    EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(error.message, testing::HasSubstr("holds no projector"));
}

}  // namespace
}  // namespace mullama
