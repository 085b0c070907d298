#include "tests/support/images.h"
#include "tests/support/scratch_dir.h"
#include "tests/support/tiny_models.h"
#include <mullama/engine.h>
#include <mullama/projector.h>
#include <mullama/sampler.h>

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

/// The engine on a tiny model with eyes.
namespace mullama {
namespace {

using test::bmp_image;
using test::TinyProjectorKind;

class EngineMedia : public testing::TestWithParam<TinyProjectorKind> {
  protected:
    void SetUp() override {
        test::TinyLlamaOptions tiny;
        if (GetParam() == TinyProjectorKind::kQwen) tiny.architecture = "qwen2vl";
        test::write_tiny_llama(scratch_.path() / "model.gguf", 1, tiny);
        test::write_tiny_projector(scratch_.path() / "mmproj.gguf", 2, GetParam());
        model_ = std::make_unique<Model>(Model::load(scratch_.path() / "model.gguf").value());
        ProjectorOptions options;
        options.threads = 1;
        projector_ = std::make_unique<Projector>(
            Projector::load(*model_, scratch_.path() / "mmproj.gguf", options).value()
        );
        engine_ = make_engine({});
    }

    std::unique_ptr<Engine> make_engine(EngineOptions options) const {
        options.threads = 1;
        options.context_length = 256;
        return make_local_engine(*model_, options).value();
    }

    /// Eight greedy tokens after a text that has the images where it has a '#'.
    GenerateRequest ask(const std::string& text, const std::vector<std::string>& images) const {
        GenerateRequest request;
        request.max_tokens = 8;
        request.sampling = sampling_greedy();
        request.ignore_eos = true;
        request.top_logprobs = 0;
        std::size_t next = 0;
        for (const char letter : text) {
            if (letter == '#') {
                add(*projector_->read(images.at(next++)).value(), request);
            } else {
                request.tokens.push_back(static_cast<unsigned char>(letter));
            }
        }
        return request;
    }

    static void add(const Picture& picture, GenerateRequest& request) {
        for (const PicturePart& part : picture.parts) {
            request.tokens.insert(request.tokens.end(), part.tokens.begin(), part.tokens.end());
            if (part.media) request.media.push_back({request.tokens.size(), part.media});
        }
    }

    Completion answer(const std::string& text, const std::vector<std::string>& images) const {
        return engine_->submit(ask(text, images)).value().collect();
    }

    test::ScratchDir scratch_;
    std::unique_ptr<Model> model_;
    std::unique_ptr<Projector> projector_;
    std::unique_ptr<Engine> engine_;
};

float first_logprob(const Completion& completion) {
    return completion.logprobs.at(0).chosen.logprob;
}

TEST_P(EngineMedia, an_image_changes_the_answer_and_the_same_one_does_not) {
    const auto first = answer("see # now", {bmp_image(40, 24, 1)});
    ASSERT_FALSE(first.finish.error) << first.finish.error->message;
    EXPECT_EQ(first.tokens.size(), 8U);
    const auto same = answer("see # now", {bmp_image(40, 24, 1)});
    EXPECT_EQ(same.tokens, first.tokens);
    EXPECT_EQ(first_logprob(same), first_logprob(first));
    EXPECT_NE(first_logprob(answer("see # now", {bmp_image(40, 24, 2)})), first_logprob(first));
    EXPECT_NE(first_logprob(answer("see  now", {})), first_logprob(first));
}

TEST_P(EngineMedia, reads_several_images_in_their_order) {
    const std::string a = bmp_image(40, 24, 1);
    const std::string b = bmp_image(40, 24, 2);
    const auto first = answer("# and #?", {a, b});
    ASSERT_FALSE(first.finish.error) << first.finish.error->message;
    EXPECT_EQ(first_logprob(answer("# and #?", {a, b})), first_logprob(first));
    EXPECT_NE(first_logprob(answer("# and #?", {b, a})), first_logprob(first));
    EXPECT_NE(first_logprob(answer("# and #?", {a, a})), first_logprob(first));
    EXPECT_FALSE(answer("##?", {a, b}).finish.error);
}

TEST_P(EngineMedia, answers_beside_texts_as_it_does_alone) {
    const auto alone = answer("see # now", {bmp_image(40, 24, 1)});
    const auto text_alone = answer("hello", {});
    auto seeing = engine_->submit(ask("see # now", {bmp_image(40, 24, 1)})).value();
    auto text = engine_->submit(ask("hello", {})).value();
    auto other = engine_->submit(ask("see # now", {bmp_image(40, 24, 2)})).value();
    EXPECT_NEAR(first_logprob(seeing.collect()), first_logprob(alone), 1e-3F);
    EXPECT_NEAR(first_logprob(text.collect()), first_logprob(text_alone), 1e-3F);
    EXPECT_FALSE(other.collect().finish.error);
}

TEST_P(EngineMedia, computes_large_images_in_parts_where_it_can) {
    EngineOptions options;
    options.batch_size = 8;
    options.ubatch_size = 4;
    const auto small_steps = make_engine(options);
    const auto request = ask("see # now", {bmp_image(40, 24, 1)});
    const auto whole = engine_->submit(request).value().collect();
    const auto parts = small_steps->submit(request).value().collect();
    ASSERT_FALSE(parts.finish.error) << parts.finish.error->message;
    EXPECT_NEAR(first_logprob(parts), first_logprob(whole), 1e-3F);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds,
    EngineMedia,
    testing::Values(TinyProjectorKind::kGemma, TinyProjectorKind::kJanus, TinyProjectorKind::kQwen),
    [](const auto& kind) {
        switch (kind.param) {
            case TinyProjectorKind::kGemma:
                return "gemma";
            case TinyProjectorKind::kJanus:
                return "janus";
            case TinyProjectorKind::kQwen:
                return "qwen";
        }
        return "unknown";
    }
);

class EngineMediaLimits : public EngineMedia {};

TEST_P(EngineMediaLimits, refuses_an_image_that_one_pass_cannot_hold) {
    EngineOptions options;
    options.ubatch_size = 3;
    const auto refused = make_engine(options)->submit(ask("#?", {bmp_image(40, 24, 1)}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(
        refused.error().message,
        "a picture of 4 rows is computed in one pass, which takes 3: raise ubatch_size"
    );
}

TEST_P(EngineMediaLimits, refuses_rows_of_another_model) {
    auto request = ask("#?", {bmp_image(40, 24, 1)});
    MediaEmbedding media = *request.media[0].media;
    media.rows.pop_back();
    request.media[0].media = std::make_shared<const MediaEmbedding>(media);
    EXPECT_EQ(engine_->submit(request).error().code, ErrorCode::kInvalidArgument);
    media.rows.clear();
    media.row_count = 0;
    request.media[0].media = std::make_shared<const MediaEmbedding>(media);
    EXPECT_EQ(engine_->submit(request).error().code, ErrorCode::kInvalidArgument);
}

INSTANTIATE_TEST_SUITE_P(Gemma, EngineMediaLimits, testing::Values(TinyProjectorKind::kGemma));

}  // namespace
}  // namespace mullama
