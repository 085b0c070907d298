#include <mullama/batch.h>

#include <algorithm>
#include <array>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace mullama {
namespace {

TEST(Batch, starts_empty) {
    const Batch batch;
    EXPECT_TRUE(batch.empty());
    EXPECT_EQ(batch.size(), 0);
    EXPECT_EQ(batch.output_count(), 0);
    EXPECT_TRUE(batch.sequences(0).empty());
    EXPECT_FALSE(batch.wants_logits(0));
}

TEST(Batch, keeps_entries_in_order) {
    Batch batch;
    EXPECT_EQ(batch.add(7, 0, 0, false).value(), 0);
    EXPECT_EQ(batch.add(8, 1, std::array{0, 3}, true).value(), 1);
    EXPECT_EQ(batch.size(), 2);
    EXPECT_EQ(batch.tokens()[1], 8);
    EXPECT_EQ(batch.positions()[1], 1);
    EXPECT_EQ(batch.sequences(0).size(), 1U);
    ASSERT_EQ(batch.sequences(1).size(), 2U);
    EXPECT_EQ(batch.sequences(1)[1], 3);
    EXPECT_EQ(batch.output_count(), 1);
    EXPECT_FALSE(batch.wants_logits(0));
    EXPECT_TRUE(batch.wants_logits(1));
}

TEST(Batch, refuses_what_no_context_could_take) {
    Batch batch;
    const std::array<SequenceId, 2> twice = {1, 1};
    const std::array<SequenceId, 1> high = {Batch::kSequencesMax};
    EXPECT_EQ(batch.add(-1, 0, 0, false).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(batch.add(1, -1, 0, false).error().code, ErrorCode::kInvalidArgument);
    EXPECT_FALSE(batch.add(1, Batch::kPositionsMax, 0, false));
    EXPECT_FALSE(batch.add(1, std::numeric_limits<Position>::max(), 0, false));
    EXPECT_FALSE(batch.add(1, 0, -1, false));
    EXPECT_FALSE(batch.add(1, 0, high, false));
    EXPECT_FALSE(batch.add(1, 0, twice, false));
    EXPECT_FALSE(batch.add(1, 0, std::span<const SequenceId>(), false));
    EXPECT_FALSE(batch.set_logits(0, true));
    EXPECT_TRUE(batch.empty());
}

TEST(Batch, says_which_value_is_wrong) {
    Batch batch;
    EXPECT_EQ(batch.add(5, 0, 300, false).error().message, "sequence 300 is outside 0 to 255");
}

TEST(Batch, puts_rows_of_embeddings_on_further_axes) {
    const std::array row = {1.0F, 2.0F};
    Batch batch;
    ASSERT_TRUE(batch.add_embedding(row, 5, 0, false));
    ASSERT_TRUE(batch.add_embedding(row, 5, 0, false));
    ASSERT_TRUE(batch.set_axes(1, {6, 7, 8}));
    EXPECT_EQ(batch.axes()[0], (std::array{5, 5, 0}));
    EXPECT_EQ(batch.axes()[1], (std::array{6, 7, 8}));
    EXPECT_FALSE(batch.set_axes(2, {0, 0, 0}));
    EXPECT_FALSE(batch.set_axes(-1, {0, 0, 0}));
    EXPECT_FALSE(batch.set_axes(0, {0, -1, 0}));
    batch.clear();
    ASSERT_TRUE(batch.add(3, 0, 0, false));
    EXPECT_FALSE(batch.set_axes(0, {0, 0, 0}));
}

TEST(Batch, holds_tokens_or_embeddings_and_never_both) {
    const std::array<float, 3> row = {1, 2, 3};
    Batch batch;
    ASSERT_TRUE(batch.add(1, 0, 0, false));
    EXPECT_FALSE(batch.add_embedding(row, 1, 0, false));
    batch.clear();
    ASSERT_TRUE(batch.add_embedding(row, 0, 0, true));
    EXPECT_FALSE(batch.add(1, 1, 0, false));
    EXPECT_FALSE(batch.add_embedding(std::span(row).first(2), 1, 0, false));
    EXPECT_FALSE(batch.add_embedding({}, 1, 0, false));
    EXPECT_EQ(batch.embedding_length(), 3);
    EXPECT_EQ(batch.embeddings()[2], 3.0F);
    EXPECT_EQ(batch.size(), 1);
}

TEST(Batch, takes_rows_and_sequences_out_of_itself) {
    const std::array<float, 4> row = {1, 2, 3, 4};
    Batch batch;
    ASSERT_TRUE(batch.add_embedding(row, 0, std::array{0, 1, 2}, false));
    for (Position position = 1; position < 200; ++position) {
        ASSERT_TRUE(
            batch.add_embedding(batch.embeddings().first(4), position, batch.sequences(0), false)
        );
    }
    EXPECT_EQ(batch.embeddings()[4 * 199 + 3], 4.0F);
    EXPECT_EQ(batch.sequences(199)[2], 2);
}

TEST(Batch, logits_can_be_asked_for_later) {
    Batch batch;
    ASSERT_TRUE(batch.add(1, 0, 0, false));
    ASSERT_TRUE(batch.set_logits(0, true));
    ASSERT_TRUE(batch.set_logits(0, true));
    EXPECT_EQ(batch.output_count(), 1);
    ASSERT_TRUE(batch.set_logits(0, false));
    EXPECT_EQ(batch.output_count(), 0);
}

TEST(Batch, clear_keeps_the_memory) {
    Batch batch;
    batch.reserve(100);
    ASSERT_TRUE(batch.add(1, 0, 0, true));
    const Token* before = batch.tokens().data();
    batch.clear();
    EXPECT_TRUE(batch.empty());
    EXPECT_EQ(batch.output_count(), 0);
    ASSERT_TRUE(batch.add(2, 0, 0, true));
    EXPECT_EQ(batch.tokens().data(), before);
}

// What a batch should hold, kept the simple way.
struct Entry {
    Token token;
    Position position;
    std::vector<SequenceId> sequences;
    bool logits;
};

void expect_same(const Batch& batch, const std::vector<Entry>& model) {
    ASSERT_EQ(batch.size(), static_cast<std::int32_t>(model.size()));
    std::int32_t outputs = 0;
    for (std::int32_t i = 0; i < batch.size(); ++i) {
        const Entry& entry = model[static_cast<std::size_t>(i)];
        ASSERT_EQ(batch.tokens()[static_cast<std::size_t>(i)], entry.token);
        ASSERT_EQ(batch.positions()[static_cast<std::size_t>(i)], entry.position);
        ASSERT_TRUE(std::ranges::equal(batch.sequences(i), entry.sequences));
        ASSERT_EQ(batch.wants_logits(i), entry.logits);
        outputs += entry.logits ? 1 : 0;
    }
    ASSERT_EQ(batch.output_count(), outputs);
}

TEST(Batch, random_use_and_misuse_never_corrupts_it) {
    std::mt19937 random(11);
    const auto pick = [&](int low, int high) {
        return std::uniform_int_distribution<int>(low, high)(random);
    };
    Batch batch;
    std::vector<Entry> model;
    for (int round = 0; round < 20'000; ++round) {
        const int action = pick(0, 99);
        if (action == 0) {
            batch.clear();
            model.clear();
        } else if (action == 1) {
            batch.reserve(pick(-5, 500));
        } else if (action < 10) {
            const int index = pick(-3, static_cast<int>(model.size()) + 3);
            const bool logits = pick(0, 1) == 1;
            const bool valid = index >= 0 && index < static_cast<int>(model.size());
            ASSERT_EQ(batch.set_logits(index, logits).has_value(), valid);
            if (valid) model[static_cast<std::size_t>(index)].logits = logits;
            ASSERT_EQ(batch.sequences(index).empty(), !valid);
        } else if (action < 15) {
            const std::vector<float> row(static_cast<std::size_t>(pick(0, 8)));
            if (model.empty()) continue;
            ASSERT_FALSE(batch.add_embedding(row, 0, 0, false));
        } else {
            Entry entry{pick(-1, 50), pick(-1, 100), {}, pick(0, 1) == 1};
            for (int i = pick(0, 4); i > 0; --i) entry.sequences.push_back(pick(-1, 260));
            auto sorted = entry.sequences;
            std::ranges::sort(sorted);
            const bool distinct = std::ranges::adjacent_find(sorted) == sorted.end();
            const bool valid = entry.token >= 0 && entry.position >= 0 && !sorted.empty() &&
                               sorted.front() >= 0 && sorted.back() < 256 && distinct;
            const auto added =
                batch.add(entry.token, entry.position, entry.sequences, entry.logits);
            ASSERT_EQ(added.has_value(), valid);
            if (valid) model.push_back(entry);
        }
        if (round % 100 == 0) expect_same(batch, model);
    }
    expect_same(batch, model);
}

}  // namespace
}  // namespace mullama
