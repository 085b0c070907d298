#include "engine/draft_model.h"

#include "engine/fake_decoder.h"
#include "engine/submission.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace mullama {
namespace {

constexpr EngineInfo kInfo{
    .context_length = 100,
    .sequences_max = 3,
    .kv_cells = 300,
    .batch_size = 50,
    .vocab_size = 257,
};

/// Reads texts of which the scripted model says how they go on.
class DraftModelTest : public testing::Test {
  protected:
    std::unique_ptr<Sequence> sequence(SequenceId id, const std::string& text) const {
        GenerateRequest request;
        request.prompt = text;
        auto sequence = make_sequence(std::move(request), tokenizer_, decoder_).value();
        sequence->id = id;
        return sequence;
    }

    /// How it goes on, in at most `most` tokens.
    std::string guess(const Sequence& sequence, std::int32_t most, std::int32_t tokens_max = 50) {
        std::vector<DraftModel::Reader> readers = {{.sequence = &sequence, .guesses_max = most}};
        if (!model_.unread(sequence)) return "it cannot";
        while (readers[0].is_open) model_.guess(readers, tokens_max);
        std::string text;
        for (const Guess& guess : readers[0].guesses) text += tokenizer_.piece(guess.token);
        return text;
    }

    const ByteTokenizer tokenizer_;
    FakeDecoder decoder_{kInfo, Sharing::kParts};
    DraftModel model_{decoder_, kInfo.vocab_size};
};

TEST_F(DraftModelTest, guesses_how_a_text_goes_on_and_how_sure_that_is) {
    const auto text = sequence(0, "<abcdef>");
    std::vector<DraftModel::Reader> readers = {{.sequence = text.get(), .guesses_max = 2}};
    EXPECT_EQ(model_.unread(*text), 8);
    EXPECT_EQ(model_.guess(readers, 50), 8U);
    EXPECT_TRUE(readers[0].is_open);
    EXPECT_EQ(model_.guess(readers, 50), 1U);
    EXPECT_FALSE(readers[0].is_open);
    const std::vector<Guess> expected = {{'a', kGuessKinds - 1}, {'b', kGuessKinds - 1}};
    EXPECT_EQ(readers[0].guesses, expected);
}

TEST_F(DraftModelTest, reads_on_from_where_it_was_right) {
    const auto text = sequence(0, "<abcdef>");
    EXPECT_EQ(guess(*text, 3), "abc");
    for (const char next : {'a', 'b', 'c'}) text->tokens.push_back(next);
    EXPECT_EQ(model_.unread(*text), 1);
    EXPECT_EQ(guess(*text, 3), "def");
}

TEST_F(DraftModelTest, takes_back_what_was_wrong) {
    const auto text = sequence(0, "<abcdef>");
    EXPECT_EQ(guess(*text, 3), "abc");
    for (const char next : {'a', 'x'}) text->tokens.push_back(next);
    EXPECT_EQ(model_.unread(*text), 1);
    EXPECT_EQ(decoder_.cells_used(), 9);
    EXPECT_EQ(guess(*text, 2), "cd");

    decoder_.fail_truncate();
    text->tokens.back() = 'y';
    EXPECT_EQ(model_.unread(*text), 10) << "it reads all again";
    EXPECT_EQ(guess(*text, 2), "cd");
}

TEST_F(DraftModelTest, reads_long_texts_in_parts) {
    const auto text = sequence(0, std::string(52, 'x') + "<abcdef>");
    std::vector<DraftModel::Reader> readers = {{.sequence = text.get(), .guesses_max = 2}};
    EXPECT_EQ(model_.unread(*text), 60);
    EXPECT_EQ(model_.guess(readers, 40), 40U);
    EXPECT_FALSE(readers[0].is_open);
    EXPECT_TRUE(readers[0].guesses.empty());
    EXPECT_EQ(model_.unread(*text), 20);
    EXPECT_EQ(guess(*text, 2), "ab");
}

TEST_F(DraftModelTest, those_with_little_to_read_do_not_wait_for_those_with_much) {
    const auto much = sequence(0, std::string(40, 'x') + "<abc>");
    const auto little = sequence(1, "<def>");
    std::vector<DraftModel::Reader> readers = {
        {.sequence = much.get(), .guesses_max = 1}, {.sequence = little.get(), .guesses_max = 1}
    };
    for (const auto& reader : readers) ASSERT_TRUE(model_.unread(*reader.sequence));
    EXPECT_EQ(model_.guess(readers, 20), 5U + 20U);
    EXPECT_TRUE(readers[0].guesses.empty());
    EXPECT_EQ(readers[1].guesses.size(), 1U);
    ASSERT_EQ(model_.unread(*much), 25);
    EXPECT_EQ(guess(*much, 1), "a");
}

TEST_F(DraftModelTest, reads_what_texts_have_in_common_once) {
    const std::string common(40, 'x');
    EXPECT_EQ(guess(*sequence(0, common + "<abc>"), 1), "a");
    const auto other = sequence(1, common + "<def>");
    EXPECT_EQ(model_.unread(*other), 4);
    EXPECT_EQ(guess(*other, 2), "de");
    const auto again = sequence(0, common + "<ghi>");
    EXPECT_EQ(model_.unread(*again), 4);
    EXPECT_EQ(guess(*again, 2), "gh");
}

TEST_F(DraftModelTest, forgets_old_texts_where_cells_are_short) {
    decoder_.set_cells(30);
    EXPECT_EQ(guess(*sequence(0, std::string(15, 'x') + "<abc>"), 1), "a");
    EXPECT_EQ(guess(*sequence(1, std::string(15, 'y') + "<abc>"), 1), "a");
    EXPECT_EQ(decoder_.cells_used(), 20);
    EXPECT_EQ(guess(*sequence(2, std::string(30, 'z') + "<abc>"), 1), "") << "it is too long";
    EXPECT_EQ(decoder_.cells_used(), 0);
    EXPECT_EQ(guess(*sequence(2, "<abc>"), 1), "a");
}

TEST_F(DraftModelTest, ends_with_its_context) {
    const auto text = sequence(1, std::string(93, 'x') + "<abc>");
    EXPECT_EQ(guess(*text, 9, 100), "") << "a step has half of it";
    EXPECT_EQ(guess(*text, 9), "ab");
    EXPECT_EQ(guess(*sequence(2, std::string(95, 'x') + "<abc>"), 9), "it cannot");
}

TEST_F(DraftModelTest, guesses_no_token_that_the_model_lacks) {
    DraftModel smaller(decoder_, 'c');
    const auto text = sequence(0, "<abcdef>");
    std::vector<DraftModel::Reader> readers = {{.sequence = text.get(), .guesses_max = 9}};
    ASSERT_EQ(smaller.unread(*text), 8);
    while (readers[0].is_open) smaller.guess(readers, 50);
    EXPECT_EQ(readers[0].guesses.size(), 2U);
    text->tokens.push_back(300);
    EXPECT_EQ(smaller.unread(*text), std::nullopt);
}

TEST_F(DraftModelTest, guesses_no_more_once_it_has_failed) {
    decoder_.fail_next(Error{ErrorCode::kInternal, "it is broken"});
    const auto text = sequence(0, "<abcdef>");
    EXPECT_EQ(guess(*text, 3), "");
    EXPECT_EQ(guess(*text, 3), "it cannot");
    EXPECT_EQ(decoder_.cells_used(), 0);
}

}  // namespace
}  // namespace mullama
