#include "cli/embedding_text.h"

#include <gtest/gtest.h>

namespace mullama::cli {
namespace {

TEST(EmbeddingText, one_vector_is_one_array) {
    EXPECT_EQ(embedding_line(std::vector<float>{0.5F, -1.0F, 0.1F}), "[0.5,-1,0.1]\n");
    EXPECT_EQ(embedding_line(std::vector<float>{1e-10F}), "[1e-10]\n");
}

TEST(EmbeddingText, vectors_of_tokens_are_arrays_in_an_array) {
    EXPECT_EQ(embedding_line(TokenEmbeddings{{7, 8}, {1, 2, 3, 4}}), "[[1,2],[3,4]]\n");
    EXPECT_EQ(embedding_line(TokenEmbeddings{}), "[]\n");
}

}  // namespace
}  // namespace mullama::cli
