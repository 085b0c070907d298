#include "engine/sequence.h"

#include "engine/fake_decoder.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace mullama {
namespace {

std::shared_ptr<const MediaEmbedding> media_of(
    std::string id, std::int32_t rows, std::int32_t positions
) {
    MediaEmbedding media;
    media.id = std::move(id);
    media.row_count = rows;
    media.position_count = positions;
    return std::make_shared<const MediaEmbedding>(std::move(media));
}

/// Two tokens, a picture of 4 rows and 2 positions, another one, and two tokens.
Sequence sequence_with_pictures(const Tokenizer& tokenizer) {
    Sequence sequence(AnswerText(tokenizer, {}, {}), ThinkingBudget());
    sequence.tokens = std::vector<Token>(12);
    sequence.media = {{2, media_of("a", 4, 2)}, {6, media_of("b", 4, 2)}};
    return sequence;
}

TEST(Sequence, comes_to_its_pictures_in_turn) {
    const ByteTokenizer tokenizer;
    Sequence sequence = sequence_with_pictures(tokenizer);
    EXPECT_EQ(sequence.media_next(), nullptr);
    EXPECT_EQ(sequence.tokens_next(), 2);
    sequence.decoded = 2;
    EXPECT_EQ(sequence.media_next(), &sequence.media[0]);
    EXPECT_EQ(sequence.tokens_next(), 0);
    sequence.decoded = 5;
    EXPECT_EQ(sequence.media_next(), &sequence.media[0]);
    sequence.decoded = 6;
    EXPECT_EQ(sequence.media_next(), &sequence.media[1]);
    EXPECT_EQ(sequence.tokens_next(), 0);
    sequence.decoded = 10;
    EXPECT_EQ(sequence.media_next(), nullptr);
    EXPECT_EQ(sequence.tokens_next(), 2);
}

TEST(Sequence, pictures_may_take_fewer_positions_than_rows) {
    const ByteTokenizer tokenizer;
    const Sequence sequence = sequence_with_pictures(tokenizer);
    EXPECT_EQ(sequence.position_of(0), 0);
    EXPECT_EQ(sequence.position_of(2), 2);
    EXPECT_EQ(sequence.position_of(6), 4);
    EXPECT_EQ(sequence.position_of(10), 6);
    EXPECT_EQ(sequence.position_of(11), 7);
}

TEST(Sequence, different_pictures_have_different_tokens) {
    const auto tokens = media_tokens(*media_of("a", 20, 20));
    EXPECT_EQ(tokens.size(), 20U);
    EXPECT_LT(std::ranges::max(tokens), 0);
    EXPECT_EQ(tokens, media_tokens(*media_of("a", 20, 20)));
    const auto others = media_tokens(*media_of("b", 20, 20));
    for (std::size_t i = 0; i < tokens.size(); ++i) EXPECT_NE(tokens[i], others[i]);
}

}  // namespace
}  // namespace mullama
