#include "tests/support/models.h"
#include "tests/support/scratch_dir.h"
#include "tests/support/tiny_models.h"
#include <mullama/embedding.h>

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

namespace mullama {
namespace {

// Kernels round by the shape of the batch; the embeddings of a 4-bit model differ by as much.
constexpr float kBatchTolerance = 0.02F;
// Of 32-bit weights, the cache's 16-bit keys and values are what rounds most.
constexpr float kFloatTolerance = 1e-3F;
constexpr float kRawTolerance = 1e-2F;  // before normalizing

const std::vector<std::string> kTexts = {
    "The cat sleeps on the warm sofa.",
    "A kitten is napping on the couch.",
    "The central bank raised interest rates again to fight inflation.",
    "x",
};

Model load(const std::filesystem::path& path) {
    auto model = Model::load(path);
    EXPECT_TRUE(model) << model.error().message;
    return *std::move(model);
}

const Model& smollm2() {
    static const Model model = load(test::smollm2_path());
    return model;
}

// A Llama with random weights, which reads forward and names no pooling.
const Model& tiny_llama() {
    static const Model model = [] {
        const test::ScratchDir dir;
        test::write_tiny_llama(dir.path() / "llama.gguf", 1);
        return load(dir.path() / "llama.gguf");
    }();
    return model;
}

// A BERT with random weights, which reads in both directions.
Model tiny_bert(test::TinyPooling pooling) {
    const test::ScratchDir dir;
    test::write_tiny_bert(dir.path() / "bert.gguf", 2, pooling);
    return load(dir.path() / "bert.gguf");
}

Embedder make(const Model& model, Pooling pooling, std::int32_t batch_size = 96) {
    auto made = Embedder::create(
        model,
        {.pooling = pooling,
         .context_length = 96,
         .batch_size = batch_size,
         .sequences_max = 8,
         .threads = 1}
    );
    EXPECT_TRUE(made) << made.error().message;
    return *std::move(made);
}

std::vector<std::vector<float>> rows(
    Embedder& embedder, std::span<const std::string> texts, const EmbedOptions& options = {}
) {
    auto result = embedder.embed(texts, options);
    EXPECT_TRUE(result) << result.error().message;
    return result ? std::move(result->rows) : std::vector<std::vector<float>>();
}

float largest_difference(std::span<const float> a, std::span<const float> b) {
    EXPECT_EQ(a.size(), b.size());
    float largest = 0.0F;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        largest = std::max(largest, std::fabs(a[i] - b[i]));
    }
    return largest;
}

void expect_together_equals_alone(Embedder& embedder, float tolerance) {
    const auto together = rows(embedder, kTexts);
    ASSERT_EQ(together.size(), kTexts.size());
    for (std::size_t i = 0; i < kTexts.size(); ++i) {
        const auto alone = rows(embedder, std::span(kTexts).subspan(i, 1));
        ASSERT_EQ(alone.size(), 1U);
        EXPECT_LT(largest_difference(together[i], alone[0]), tolerance) << kTexts[i];
        EXPECT_GT(cosine_similarity(together[i], alone[0]), 0.995F) << kTexts[i];
    }
}

class EmbedderPooling : public ::testing::TestWithParam<Pooling> {};

TEST_P(EmbedderPooling, embeds_many_texts_as_it_embeds_each_alone) {
    for (const auto& model : {tiny_llama(), tiny_bert(test::TinyPooling::kMean)}) {
        auto embedder = make(model, GetParam());
        expect_together_equals_alone(embedder, kFloatTolerance);
    }
}

TEST_P(EmbedderPooling, does_not_depend_on_how_many_tokens_are_computed_at_once) {
    auto wide = make(tiny_llama(), GetParam());
    auto narrow = make(tiny_llama(), GetParam(), 5);
    const auto expected = rows(wide, kTexts);
    const auto actual = rows(narrow, kTexts);
    for (std::size_t i = 0; i < kTexts.size(); ++i) {
        EXPECT_LT(largest_difference(expected[i], actual[i]), kFloatTolerance) << kTexts[i];
    }
}

TEST_P(EmbedderPooling, gives_vectors_of_length_one) {
    auto embedder = make(tiny_llama(), GetParam());
    for (const auto& row : rows(embedder, kTexts)) {
        EXPECT_EQ(row.size(), 64U);
        EXPECT_NEAR(dot(row, row), 1.0F, 1e-4F);
    }
}

TEST_P(EmbedderPooling, pools_what_the_tokens_vectors_say) {
    const EmbedOptions raw{.normalization = Normalization::kNone};
    for (const auto& model : {tiny_llama(), tiny_bert(test::TinyPooling::kMean)}) {
        auto pooling = make(model, GetParam());
        auto plain = make(model, Pooling::kNone);
        const auto tokens = plain.embed_tokens(kTexts, raw);
        ASSERT_TRUE(tokens) << tokens.error().message;
        const auto pooled = rows(pooling, kTexts, raw);
        const auto width = static_cast<std::size_t>(plain.dimensions());
        for (std::size_t t = 0; t < kTexts.size(); ++t) {
            const auto& [ids, matrix] = (*tokens)[t];
            EXPECT_EQ(ids, model.vocab().tokenize(kTexts[t], true, true).value());
            ASSERT_EQ(matrix.size(), ids.size() * width);
            std::vector<float> expected(width);
            for (std::size_t i = 0; i < matrix.size(); ++i) {
                const std::size_t token = i / width;
                const bool counts = GetParam() == Pooling::kMean ||
                                    (GetParam() == Pooling::kCls && token == 0) ||
                                    (GetParam() == Pooling::kLast && token + 1 == ids.size());
                if (counts) expected[i % width] += matrix[i];
            }
            if (GetParam() == Pooling::kMean) {
                for (float& value : expected) value /= static_cast<float>(ids.size());
            }
            EXPECT_LT(largest_difference(expected, pooled[t]), kRawTolerance) << kTexts[t];
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, EmbedderPooling, ::testing::Values(Pooling::kMean, Pooling::kLast, Pooling::kCls)
);

TEST(Embedder, batches_a_quantized_model_within_the_tolerance_of_its_kernels) {
    for (const auto pooling : {Pooling::kMean, Pooling::kLast}) {
        auto embedder = make(smollm2(), pooling);
        expect_together_equals_alone(embedder, kBatchTolerance);
    }
}

TEST(Embedder, finds_texts_of_like_meaning_nearer) {
    auto embedder = make(smollm2(), Pooling::kMean);
    const auto all = rows(embedder, kTexts);
    EXPECT_GT(cosine_similarity(all[0], all[1]), cosine_similarity(all[0], all[2]));
    EXPECT_GT(cosine_similarity(all[0], all[1]), cosine_similarity(all[1], all[2]));
}

TEST(Embedder, pools_the_last_token_where_the_model_says_nothing) {
    auto embedder = make(tiny_llama(), Pooling::kModel);
    EXPECT_EQ(embedder.pooling(), Pooling::kLast);
    EXPECT_EQ(embedder.dimensions(), 64);
    EXPECT_EQ(embedder.context_length(), 96);
    auto last = make(tiny_llama(), Pooling::kLast);
    EXPECT_EQ(rows(embedder, kTexts), rows(last, kTexts));
}

TEST(Embedder, pools_as_the_models_file_says) {
    EXPECT_EQ(make(tiny_bert(test::TinyPooling::kMean), Pooling::kModel).pooling(), Pooling::kMean);
    EXPECT_EQ(make(tiny_bert(test::TinyPooling::kCls), Pooling::kModel).pooling(), Pooling::kCls);
}

TEST(Embedder, gives_a_rerankers_score_as_it_is) {
    const auto model = tiny_bert(test::TinyPooling::kRank);
    auto embedder = make(model, Pooling::kModel);
    EXPECT_EQ(embedder.pooling(), Pooling::kRank);
    EXPECT_EQ(embedder.dimensions(), 1);
    const auto scores = rows(embedder, kTexts);
    ASSERT_EQ(scores[0].size(), 1U);
    EXPECT_NE(scores[0][0], scores[2][0]);
    EXPECT_EQ(rows(embedder, std::span(kTexts).first(1))[0].size(), 1U);
}

TEST(Embedder, ranks_documents_and_counts_their_tokens) {
    auto reranker = make(tiny_bert(test::TinyPooling::kRank), Pooling::kModel);
    const auto ranking = reranker.rank("a query", kTexts).value();
    ASSERT_EQ(ranking.scores.size(), std::size(kTexts));
    EXPECT_NE(ranking.scores[0], ranking.scores[2]);
    EXPECT_TRUE(ranking.are_logits);
    EXPECT_GT(ranking.tokens, 0);
    auto other = make(tiny_bert(test::TinyPooling::kMean), Pooling::kModel);
    EXPECT_EQ(other.rank("a query", kTexts).error().code, ErrorCode::kUnsupported);
}

TEST(Embedder, tokens_serve_late_interaction) {
    auto embedder = make(smollm2(), Pooling::kNone);
    const auto tokens = embedder.embed_tokens(kTexts).value();
    const auto near = max_sim(tokens[0].rows, tokens[1].rows, 576).value();
    const auto far = max_sim(tokens[0].rows, tokens[2].rows, 576).value();
    EXPECT_GT(near, far);
    EXPECT_NEAR(
        max_sim(tokens[0].rows, tokens[0].rows, 576).value(),
        static_cast<float>(tokens[0].tokens.size()),
        0.01F
    );
}

TEST(Embedder, without_pooling_gives_no_pooled_rows_and_the_other_way_round) {
    auto plain = make(tiny_llama(), Pooling::kNone);
    EXPECT_EQ(plain.embed(kTexts).error().code, ErrorCode::kUnsupported);
    auto pooling = make(tiny_bert(test::TinyPooling::kMean), Pooling::kMean);
    EXPECT_EQ(pooling.embed_tokens(kTexts).error().code, ErrorCode::kUnsupported);
}

TEST(Embedder, cuts_dimensions_and_normalizes_again) {
    auto embedder = make(tiny_llama(), Pooling::kMean);
    const auto full = rows(embedder, kTexts);
    const auto cut = rows(embedder, kTexts, {.dimensions = 16});
    for (std::size_t i = 0; i < kTexts.size(); ++i) {
        ASSERT_EQ(cut[i].size(), 16U);
        EXPECT_NEAR(dot(cut[i], cut[i]), 1.0F, 1e-4F);
        EXPECT_GT(cosine_similarity(cut[i], std::span(full[i]).first(16)), 0.999F);
    }
    EXPECT_EQ(
        embedder.embed(kTexts, {.dimensions = 65}).error().message,
        "dimensions is 65: the model's embeddings have 64, give 0 for all"
    );
}

TEST(Embedder, cuts_texts_that_are_too_long_or_says_so) {
    const auto bert = tiny_bert(test::TinyPooling::kCls);
    for (const auto& model : {tiny_llama(), bert}) {
        auto embedder = make(model, Pooling::kCls);
        std::string text = "long";
        for (int i = 0; i < 200; ++i) text += " long";
        const std::vector<std::string> texts = {text};
        const auto cut = embedder.embed(texts);
        ASSERT_TRUE(cut) << cut.error().message;
        EXPECT_EQ(cut->tokens, 96);
        const auto refused = embedder.embed(texts, {.truncate = false});
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
        EXPECT_EQ(refused.error().message, "the input length exceeds the context length");
        EXPECT_TRUE(embedder.embed(kTexts, {.truncate = false}));
    }
}

TEST(Embedder, keeps_the_end_token_of_a_text_that_it_cuts) {
    const auto bert = tiny_bert(test::TinyPooling::kNone);
    auto embedder = make(bert, Pooling::kNone);
    std::string text = "long";
    for (int i = 0; i < 200; ++i) text += " long";
    const auto tokens = embedder.embed_tokens(std::vector<std::string>{text}).value();
    EXPECT_EQ(tokens[0].tokens.size(), 96U);
    EXPECT_EQ(tokens[0].tokens.back(), bert.vocab().sep());
}

TEST(Embedder, embeds_more_texts_than_it_has_sequences) {
    std::vector<std::string> many;
    for (int i = 0; i < 21; ++i) many.push_back("number " + std::to_string(i));
    const auto bert = tiny_bert(test::TinyPooling::kMean);
    for (const auto& model : {tiny_llama(), bert}) {
        auto embedder = make(model, Pooling::kLast);
        const auto result = embedder.embed(many);
        ASSERT_TRUE(result);
        ASSERT_EQ(result->rows.size(), many.size());
        const auto alone = rows(embedder, std::span(many).subspan(20, 1));
        EXPECT_LT(largest_difference(result->rows[20], alone[0]), kFloatTolerance);
        EXPECT_TRUE(embedder.embed({})->rows.empty());
    }
}

TEST(Embedder, refuses_texts_without_tokens_and_options_out_of_range) {
    auto embedder = make(smollm2(), Pooling::kMean);
    const std::vector<std::string> empty = {"a", ""};
    EXPECT_EQ(embedder.embed(empty).error().message, "text 1 is empty and has no tokens");
    EXPECT_FALSE(embedder.embed(kTexts, {.p = 0}));
    EXPECT_FALSE(embedder.embed(kTexts, {.dimensions = -1}));
    EXPECT_FALSE(Embedder::create(tiny_llama(), {.batch_size = 0}));
    EXPECT_FALSE(Embedder::create(tiny_llama(), {.context_length = -1}));
    EXPECT_FALSE(Embedder::create(tiny_llama(), {.sequences_max = 257}));
    EXPECT_EQ(
        Embedder::create(tiny_llama(), {.pooling = Pooling::kRank}).error().code,
        ErrorCode::kUnsupported
    );
}

}  // namespace
}  // namespace mullama
