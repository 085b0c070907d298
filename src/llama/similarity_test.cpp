#include <mullama/embedding.h>

#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::Pointwise;

std::vector<float> normalized(std::vector<float> values, Normalization kind, std::int32_t p = 2) {
    normalize(values, kind, p);
    return values;
}

TEST(Normalize, divides_by_what_its_kind_says) {
    const std::vector<float> values = {3.0F, -4.0F};
    EXPECT_THAT(normalized(values, Normalization::kNone), ElementsAre(3.0F, -4.0F));
    EXPECT_THAT(normalized(values, Normalization::kEuclidean), ElementsAre(0.6F, -0.8F));
    EXPECT_THAT(normalized(values, Normalization::kPNorm, 2), ElementsAre(0.6F, -0.8F));
    EXPECT_THAT(normalized(values, Normalization::kMaxAbs), ElementsAre(24570.0F, -32760.0F));
    EXPECT_THAT(
        normalized(values, Normalization::kTaxicab),
        Pointwise(FloatNear(1e-6F), {3.0F / 7.0F, -4.0F / 7.0F})
    );
    EXPECT_THAT(
        normalized(values, Normalization::kPNorm, 3),
        Pointwise(FloatNear(1e-6F), {3.0F / std::cbrt(91.0F), -4.0F / std::cbrt(91.0F)})
    );
}

TEST(Normalize, leaves_zeros_as_they_are) {
    for (const auto kind :
         {Normalization::kNone,
          Normalization::kMaxAbs,
          Normalization::kTaxicab,
          Normalization::kEuclidean,
          Normalization::kPNorm}) {
        EXPECT_THAT(normalized({0.0F, 0.0F}, kind), ElementsAre(0.0F, 0.0F));
    }
}

TEST(Dot, adds_up_products_of_every_length) {
    for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 100U}) {
        std::vector<float> a(size);
        std::iota(a.begin(), a.end(), 1.0F);
        const std::vector<float> b(size, 2.0F);
        EXPECT_FLOAT_EQ(dot(a, b), static_cast<float>(size * (size + 1)));
    }
}

TEST(CosineSimilarity, is_one_along_zero_across_and_minus_one_against) {
    const std::vector<float> a = {1.0F, 2.0F, 2.0F};
    EXPECT_FLOAT_EQ(cosine_similarity(a, std::vector<float>{2.0F, 4.0F, 4.0F}), 1.0F);
    EXPECT_FLOAT_EQ(cosine_similarity(a, std::vector<float>{2.0F, -1.0F, 0.0F}), 0.0F);
    EXPECT_FLOAT_EQ(cosine_similarity(a, std::vector<float>{-1.0F, -2.0F, -2.0F}), -1.0F);
}

TEST(CosineSimilarity, of_zeros_is_defined) {
    const std::vector<float> zero = {0.0F, 0.0F};
    EXPECT_EQ(cosine_similarity(zero, zero), 1.0F);
    EXPECT_EQ(cosine_similarity(zero, std::vector<float>{1.0F, 0.0F}), 0.0F);
}

TEST(TopK, gives_the_nearest_rows_first) {
    const std::vector<float> rows = {0.0F, 1.0F, 3.0F, 0.1F, 1.0F, 1.0F, 1.0F, 0.0F};
    const auto nearest = top_k(std::vector<float>{1.0F, 0.0F}, rows, 3);
    ASSERT_TRUE(nearest);
    ASSERT_EQ(nearest->size(), 3U);
    EXPECT_EQ(nearest->at(0).row, 3U);
    EXPECT_EQ(nearest->at(1).row, 1U);
    EXPECT_EQ(nearest->at(2).row, 2U);
    EXPECT_FLOAT_EQ(nearest->at(0).score, 1.0F);
}

TEST(TopK, gives_all_where_there_are_fewer_and_the_first_of_equals) {
    const auto nearest = top_k(std::vector<float>{1.0F}, std::vector<float>{2.0F, 5.0F, -1.0F}, 10);
    EXPECT_THAT(*nearest, ElementsAre(Neighbor{0, 1.0F}, Neighbor{1, 1.0F}, Neighbor{2, -1.0F}));
    EXPECT_TRUE(top_k(std::vector<float>{1.0F}, {}, 3)->empty());
}

TEST(TopK, refuses_rows_of_another_length) {
    EXPECT_FALSE(top_k(std::vector<float>{1.0F, 2.0F}, std::vector<float>{1.0F}, 1));
    EXPECT_FALSE(top_k({}, {}, 1));
}

TEST(MaxSim, sums_the_best_match_of_each_query_token) {
    const std::vector<float> query = {1.0F, 0.0F, 0.0F, 1.0F};
    const std::vector<float> document = {0.5F, 0.1F, 0.2F, 0.9F, -1.0F, 0.0F};
    EXPECT_FLOAT_EQ(max_sim(query, document, 2).value(), 0.5F + 0.9F);
    EXPECT_FLOAT_EQ(max_sim(query, std::vector<float>{-1.0F, -0.5F}, 2).value(), -1.5F);
}

TEST(MaxSim, refuses_what_is_no_matrix) {
    const std::vector<float> rows = {1.0F, 2.0F};
    EXPECT_FALSE(max_sim(rows, rows, 0));
    EXPECT_FALSE(max_sim(rows, rows, 3));
    EXPECT_FALSE(max_sim(rows, {}, 2));
    EXPECT_FALSE(max_sim({}, rows, 2));
}

}  // namespace
}  // namespace mullama
