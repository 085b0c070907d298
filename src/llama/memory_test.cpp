#include "llama/tiny_model.h"
#include "tests/support/scratch_dir.h"
#include <mullama/context.h>
#include <mullama/memory.h>

#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace mullama {
namespace {

constexpr std::int32_t kAll = Memory::kAll;
constexpr Position kMost = std::numeric_limits<Position>::max();

class MemoryTest : public testing::Test {
  protected:
    static Model load(const test::TinyModel& tiny) {
        const test::ScratchDir dir;
        tiny.write(dir.path() / "tiny.gguf");
        return Model::load(dir.path() / "tiny.gguf").value();
    }

    // A context whose sequence 0 holds positions 0 to 7.
    static Context make(const Model& model, ContextOptions options = {}) {
        options.sequences_max = 4;
        options.context_length = 1024;
        options.threads = 1;
        Context context = Context::create(model, options).value();
        EXPECT_TRUE(add(context, 0, 8));
        return context;
    }

    static bool add(Context& context, SequenceId sequence, int count) {
        Batch batch;
        Position position = context.memory().position_max(sequence).value() + 1;
        for (int i = 0; i < count; ++i) {
            if (!batch.add(40 + i, position++, sequence, i + 1 == count)) return false;
        }
        return context.decode(batch).has_value();
    }

    // Expects the same token behind two sequences to get the same logits.
    static void expect_same_next(Context& context, SequenceId one, SequenceId other) {
        ASSERT_TRUE(add(context, one, 1));
        const auto first = context.logits(-1).value();
        const std::vector<float> expected(first.begin(), first.end());
        ASSERT_TRUE(add(context, other, 1));
        const auto actual = context.logits(-1).value();
        for (std::size_t i = 0; i < expected.size(); ++i) {
            ASSERT_NEAR(actual[i], expected[i], 1e-4F);
        }
    }

    static ErrorCode code_of(const auto& result) {
        EXPECT_FALSE(result);
        return result ? ErrorCode::kInternal : result.error().code;
    }

    const Model llama_ = load(test::tiny_llama());
};

TEST_F(MemoryTest, knows_the_positions_of_each_sequence) {
    Context context = make(llama_);
    const Memory memory = context.memory();
    EXPECT_EQ(memory.position_min(0).value(), 0);
    EXPECT_EQ(memory.position_max(0).value(), 7);
    EXPECT_EQ(memory.position_min(1).value(), -1);
    EXPECT_EQ(memory.position_max(1).value(), -1);
}

TEST_F(MemoryTest, forgets_a_range_and_goes_on_there) {
    Context context = make(llama_);
    Memory memory = context.memory();
    EXPECT_TRUE(memory.remove(0, 5).value());
    EXPECT_EQ(memory.position_max(0).value(), 4);
    EXPECT_TRUE(add(context, 0, 3));
    EXPECT_EQ(memory.position_max(0).value(), 7);
    EXPECT_TRUE(memory.remove(0, 0, 2).value());
    EXPECT_EQ(memory.position_min(0).value(), 2);
    EXPECT_TRUE(memory.remove(0).value());
    EXPECT_EQ(memory.position_max(0).value(), -1);
}

TEST_F(MemoryTest, forgets_all_sequences_at_once) {
    Context context = make(llama_);
    Memory memory = context.memory();
    ASSERT_TRUE(add(context, 1, 4));
    EXPECT_TRUE(memory.remove(kAll, 2).value());
    EXPECT_EQ(memory.position_max(0).value(), 1);
    EXPECT_EQ(memory.position_max(1).value(), 1);
    EXPECT_TRUE(memory.remove(kAll).value());
    EXPECT_EQ(memory.position_max(0).value(), -1);
    ASSERT_TRUE(add(context, 0, 4));
    memory.clear(true);
    EXPECT_EQ(memory.position_max(0).value(), -1);
}

TEST_F(MemoryTest, a_copy_shares_cells_and_diverges_later) {
    Context context = make(llama_);
    Memory memory = context.memory();
    ASSERT_TRUE(memory.copy(0, 1));
    ASSERT_TRUE(memory.copy(0, 2, kAll, 5));
    EXPECT_EQ(memory.position_max(1).value(), 7);
    EXPECT_EQ(memory.position_max(2).value(), 4);
    ASSERT_TRUE(add(context, 1, 2));
    EXPECT_EQ(memory.position_max(0).value(), 7);
    EXPECT_EQ(memory.position_max(1).value(), 9);
}

TEST_F(MemoryTest, a_copy_computes_on_as_its_original_would) {
    Context context = make(llama_);
    ASSERT_TRUE(context.memory().copy(0, 1));
    expect_same_next(context, 0, 1);
}

TEST_F(MemoryTest, a_sequence_can_be_put_together_from_copies) {
    Context context = make(llama_);
    Memory memory = context.memory();
    ASSERT_TRUE(memory.copy(0, 1, 0, 3));
    ASSERT_TRUE(memory.copy(0, 1, 3, 8));
    EXPECT_EQ(memory.position_min(1).value(), 0);
    EXPECT_EQ(memory.position_max(1).value(), 7);
    expect_same_next(context, 0, 1);
}

TEST_F(MemoryTest, copies_no_position_that_is_there_already) {
    Context context = make(llama_);
    Memory memory = context.memory();
    ASSERT_TRUE(memory.copy(0, 1, 0, 4));
    EXPECT_EQ(code_of(memory.copy(0, 1)), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code_of(memory.copy(0, 1, 3, 8)), ErrorCode::kInvalidArgument);
    EXPECT_EQ(memory.position_max(1).value(), 3);
    EXPECT_TRUE(memory.copy(0, 0));
    EXPECT_TRUE(memory.copy(3, 2));
    EXPECT_EQ(memory.position_max(2).value(), -1);
}

TEST_F(MemoryTest, separate_caches_copy_whole_sequences_only) {
    Context context = make(llama_, {.unified = false});
    Memory memory = context.memory();
    EXPECT_EQ(code_of(memory.copy(0, 1, 0, 4)), ErrorCode::kUnsupported);
    EXPECT_EQ(code_of(memory.copy(0, 1, 2, kAll)), ErrorCode::kUnsupported);
    ASSERT_TRUE(memory.copy(0, 1));
    ASSERT_TRUE(memory.copy(0, 2, 0, 8));
    ASSERT_TRUE(add(context, 1, 1));
    EXPECT_EQ(memory.position_max(1).value(), 8);
    EXPECT_EQ(memory.position_max(2).value(), 7);
}

TEST_F(MemoryTest, keep_forgets_all_others) {
    for (const bool unified : {true, false}) {
        Context context = make(llama_, {.unified = unified});
        Memory memory = context.memory();
        ASSERT_TRUE(add(context, 1, 3));
        ASSERT_TRUE(add(context, 2, 3));
        ASSERT_TRUE(memory.keep(1));
        EXPECT_EQ(memory.position_max(0).value(), -1);
        EXPECT_EQ(memory.position_max(1).value(), 2);
        EXPECT_EQ(memory.position_max(2).value(), -1);
        EXPECT_TRUE(add(context, 1, 1));
    }
}

TEST_F(MemoryTest, shifts_positions_and_computes_on) {
    Context context = make(llama_);
    Memory memory = context.memory();
    ASSERT_TRUE(memory.can_shift());
    ASSERT_TRUE(memory.remove(0, 2, 5).value());
    ASSERT_TRUE(memory.shift(0, 5, kAll, -3));
    EXPECT_EQ(memory.position_max(0).value(), 4);
    EXPECT_TRUE(add(context, 0, 2));
    EXPECT_EQ(memory.position_max(0).value(), 6);
}

TEST_F(MemoryTest, an_abort_does_not_stop_halfway_through_a_shift) {
    Context context = make(llama_);
    ASSERT_TRUE(context.memory().remove(0, 0, 2).value());
    ASSERT_TRUE(context.memory().shift(0, kAll, kAll, -2));
    context.set_abort([] { return true; });
    EXPECT_TRUE(add(context, 0, 1));
    EXPECT_FALSE(add(context, 0, 1));
}

TEST_F(MemoryTest, divides_positions) {
    Context context = make(llama_);
    Memory memory = context.memory();
    ASSERT_TRUE(memory.divide(0, kAll, kAll, 2));
    EXPECT_EQ(memory.position_max(0).value(), 3);
    EXPECT_TRUE(add(context, 0, 1));
    EXPECT_EQ(code_of(memory.divide(0, kAll, kAll, 0)), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code_of(memory.divide(0, kAll, kAll, -2)), ErrorCode::kInvalidArgument);
    EXPECT_TRUE(memory.divide(0, kAll, kAll, 1));
}

TEST_F(MemoryTest, arguments_out_of_range_are_errors) {
    Context context = make(llama_);
    Memory memory = context.memory();
    for (const SequenceId sequence :
         {-2, 4, 256, std::numeric_limits<SequenceId>::max(), std::numeric_limits<SequenceId>::min()
         }) {
        EXPECT_EQ(code_of(memory.remove(sequence)), ErrorCode::kInvalidArgument);
        EXPECT_EQ(code_of(memory.copy(sequence, 0)), ErrorCode::kInvalidArgument);
        EXPECT_EQ(code_of(memory.copy(0, sequence)), ErrorCode::kInvalidArgument);
        EXPECT_EQ(code_of(memory.keep(sequence)), ErrorCode::kInvalidArgument);
        EXPECT_EQ(code_of(memory.shift(sequence, 0, 1, 1)), ErrorCode::kInvalidArgument);
        EXPECT_EQ(code_of(memory.divide(sequence, 0, 1, 2)), ErrorCode::kInvalidArgument);
        EXPECT_EQ(code_of(memory.position_min(sequence)), ErrorCode::kInvalidArgument);
        EXPECT_EQ(code_of(memory.position_max(sequence)), ErrorCode::kInvalidArgument);
    }
    EXPECT_EQ(code_of(memory.keep(kAll)), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code_of(memory.remove(0, -2)), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code_of(memory.copy(0, 1, 0, -5)), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code_of(memory.shift(0, kAll, kAll, kMost)), ErrorCode::kInvalidArgument);
    EXPECT_EQ(
        code_of(memory.shift(0, kAll, kAll, std::numeric_limits<Position>::min())),
        ErrorCode::kInvalidArgument
    );
    EXPECT_EQ(memory.position_max(0).value(), 7);
}

TEST_F(MemoryTest, a_recurrent_state_cannot_be_cut) {
    const Model mamba = load(test::tiny_mamba());
    Context context = make(mamba);
    Memory memory = context.memory();
    EXPECT_FALSE(memory.remove(0, 4).value());
    EXPECT_EQ(memory.position_max(0).value(), 7);
    EXPECT_EQ(code_of(memory.copy(0, 1, 0, 4)), ErrorCode::kUnsupported);
    ASSERT_TRUE(memory.copy(0, 1, 4, 8)) << "its end takes the state with it";
    EXPECT_EQ(memory.position_max(1).value(), 7);
    EXPECT_TRUE(memory.remove(1).value());
    ASSERT_TRUE(memory.copy(0, 1));
    EXPECT_TRUE(add(context, 1, 2));
    EXPECT_EQ(memory.position_max(0).value(), 7);
    EXPECT_EQ(memory.position_max(1).value(), 9);
    ASSERT_TRUE(memory.keep(1));
    EXPECT_EQ(memory.position_max(0).value(), -1);
    EXPECT_TRUE(memory.remove(1).value());
    EXPECT_EQ(memory.position_max(1).value(), -1);
    EXPECT_TRUE(add(context, 0, 2));
}

TEST_F(MemoryTest, any_order_of_operations_leaves_a_memory_that_works) {
    const Model mamba = load(test::tiny_mamba());
    std::mt19937 random(17);
    const auto pick = [&](int low, int high) {
        return std::uniform_int_distribution<int>(low, high)(random);
    };
    for (int variant = 0; variant < 3; ++variant) {
        const bool unified = variant != 1;
        Context context = make(variant == 2 ? mamba : llama_, {.unified = unified});
        Memory memory = context.memory();
        for (int round = 0; round < 300; ++round) {
            const SequenceId a = pick(-1, 4);
            const SequenceId b = pick(-1, 4);
            const Position begin = pick(-1, 12);
            const Position end = pick(-1, 12);
            switch (pick(0, 6)) {
                case 0:
                    static_cast<void>(memory.remove(a, begin, end));
                    break;
                case 1:
                    static_cast<void>(memory.copy(a, b, begin, end));
                    break;
                case 2:
                    static_cast<void>(memory.shift(a, begin, end, pick(-4, 4)));
                    break;
                case 3:
                    static_cast<void>(memory.divide(a, begin, end, pick(-1, 3)));
                    break;
                case 4:
                    if (pick(0, 9) == 0) static_cast<void>(memory.keep(a));
                    break;
                default:
                    if (a >= 0 && a < 4) static_cast<void>(add(context, a, pick(1, 6)));
                    break;
            }
        }
        memory.clear();
        ASSERT_TRUE(add(context, 0, 8));
    }
}

}  // namespace
}  // namespace mullama
