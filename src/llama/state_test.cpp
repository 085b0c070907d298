#include "llama/state_format.h"
#include "tests/support/models.h"
#include "tests/support/scratch_dir.h"
#include "tests/support/tiny_models.h"
#include <mullama/adapter.h>
#include <mullama/sampler.h>
#include <mullama/state.h>

#include <algorithm>
#include <fstream>

#include <gtest/gtest.h>

namespace mullama {
namespace {

using Tokens = std::vector<Token>;

const Tokens kPrompt = {1, 40, 41, 42, 43, 44, 45, 46, 47, 48};

Model load(const std::filesystem::path& path) {
    auto model = Model::load(path);
    EXPECT_TRUE(model) << model.error().message;
    return *std::move(model);
}

Model make_tiny(std::uint64_t seed, std::int64_t context_length = 512) {
    const test::ScratchDir dir;
    const auto path = dir.path() / "llama.gguf";
    test::write_tiny_llama(
        path, seed, {.context_length = context_length, .vocab_file = {}, .chat_template = {}}
    );
    return load(path);
}

const Model& tiny() {
    static const Model model = make_tiny(1);
    return model;
}

ContextOptions small_options() {
    ContextOptions options;
    options.context_length = 256;
    options.sequences_max = 4;
    options.threads = 1;
    return options;
}

Context make_context(const Model& model, const ContextOptions& options = small_options()) {
    auto context = Context::create(model, options);
    EXPECT_TRUE(context) << context.error().message;
    return *std::move(context);
}

void decode(Context& context, std::span<const Token> tokens, SequenceId sequence = 0) {
    const auto start = context.memory().position_max(sequence).value() + 1;
    Batch batch;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const auto position = start + static_cast<Position>(i);
        ASSERT_TRUE(batch.add(tokens[i], position, sequence, i + 1 == tokens.size()));
    }
    const auto decoded = context.decode(batch);
    ASSERT_TRUE(decoded) << decoded.error().message;
}

std::vector<float> logits_of(Context& context, Token token, SequenceId sequence = 0) {
    decode(context, Tokens{token}, sequence);
    const auto row = context.logits(-1).value();
    return {row.begin(), row.end()};
}

// Goes on greedily behind what the context remembers.
Tokens continued(Context& context, Token first, int count, SequenceId sequence = 0) {
    Sampler greedy;
    EXPECT_TRUE(greedy.add_greedy());
    Tokens tokens;
    Token token = first;
    for (int i = 0; i < count; ++i) {
        token = greedy.sample(logits_of(context, token, sequence)).value();
        tokens.push_back(token);
    }
    return tokens;
}

TEST(State, restored_goes_on_as_the_original_does) {
    const auto model = load(test::smollm2_path());
    const auto prompt = model.vocab().tokenize("The capital of France is", true, true).value();
    const auto rest = std::span(prompt).first(prompt.size() - 1);
    auto context = make_context(model);
    decode(context, rest);
    const auto state = save_state(context, prompt);
    ASSERT_TRUE(state) << state.error().message;
    const auto expected = continued(context, prompt.back(), 8);
    auto other = make_context(model);
    const auto tokens = restore_state(other, *state);
    ASSERT_TRUE(tokens) << tokens.error().message;
    EXPECT_EQ(*tokens, prompt);
    EXPECT_EQ(continued(other, prompt.back(), 8), expected);
    ASSERT_TRUE(restore_state(context, *state));
    EXPECT_EQ(continued(context, prompt.back(), 8), expected);
}

TEST(State, restored_sequence_goes_on_as_the_original_does_under_any_number) {
    const auto model = load(test::smollm2_path());
    const auto prompt = model.vocab().tokenize("One, two, three,", true, true).value();
    const auto rest = std::span(prompt).first(prompt.size() - 1);
    auto context = make_context(model);
    decode(context, rest, 1);
    const auto state = save_sequence(context, 1, rest);
    ASSERT_TRUE(state) << state.error().message;
    const auto expected = continued(context, prompt.back(), 8, 1);
    const auto tokens = restore_sequence(context, 3, *state);
    ASSERT_TRUE(tokens) << tokens.error().message;
    EXPECT_EQ(*tokens, Tokens(rest.begin(), rest.end()));
    EXPECT_EQ(continued(context, prompt.back(), 8, 3), expected);
}

TEST(State, gives_the_same_logits_to_the_last_bit) {
    auto context = make_context(tiny());
    decode(context, kPrompt);
    const auto state = save_state(context).value();
    const auto expected = logits_of(context, 50);
    auto other = make_context(tiny());
    ASSERT_TRUE(restore_state(other, state));
    EXPECT_EQ(logits_of(other, 50), expected);
}

TEST(State, holds_every_sequence) {
    auto context = make_context(tiny());
    for (SequenceId sequence = 0; sequence < 3; ++sequence) {
        decode(context, std::span(kPrompt).first(3 + static_cast<std::size_t>(sequence)), sequence);
    }
    const auto state = save_state(context).value();
    auto other = make_context(tiny());
    ASSERT_TRUE(restore_state(other, state));
    for (SequenceId sequence = 0; sequence < 3; ++sequence) {
        EXPECT_EQ(other.memory().position_max(sequence).value(), 2 + sequence);
        EXPECT_EQ(logits_of(other, 60, sequence), logits_of(context, 60, sequence));
    }
    EXPECT_EQ(other.memory().position_max(3).value(), -1);
}

TEST(State, of_one_sequence_leaves_the_others_alone) {
    auto context = make_context(tiny());
    decode(context, kPrompt, 0);
    const auto state = save_sequence(context, 0).value();
    auto other = make_context(tiny());
    decode(other, std::span(kPrompt).first(4), 0);
    decode(other, std::span(kPrompt).first(5), 1);
    ASSERT_TRUE(restore_sequence(other, 1, state));
    EXPECT_EQ(other.memory().position_max(0).value(), 3);
    EXPECT_EQ(other.memory().position_max(1).value(), 9);
}

TEST(State, of_an_empty_context_empties_another) {
    auto context = make_context(tiny());
    const auto state = save_state(context);
    ASSERT_TRUE(state) << state.error().message;
    auto other = make_context(tiny());
    decode(other, kPrompt);
    ASSERT_TRUE(restore_state(other, *state));
    EXPECT_EQ(other.memory().position_max(0).value(), -1);
}

TEST(State, works_with_a_cache_for_each_sequence_and_with_other_formats) {
    auto options = small_options();
    options.unified = false;
    options.key_type = CacheType::kQ8_0;
    options.value_type = CacheType::kF32;
    options.flash_attention = FlashAttention::kOff;
    auto context = make_context(tiny(), options);
    decode(context, kPrompt, 2);
    const auto whole = save_state(context).value();
    const auto single = save_sequence(context, 2).value();
    auto other = make_context(tiny(), options);
    ASSERT_TRUE(restore_state(other, whole));
    ASSERT_TRUE(restore_sequence(other, 1, single));
    const auto expected = logits_of(context, 50, 2);
    EXPECT_EQ(logits_of(other, 50, 2), expected);
    EXPECT_EQ(logits_of(other, 50, 1), expected);
}

TEST(State, checkpoint_of_a_sliding_window_brings_a_sequence_back) {
    const auto model = load(test::gemma3_path());
    auto options = small_options();
    options.swa_full = false;
    options.context_length = 1024;
    options.sequences_max = 1;
    auto context = make_context(model, options);
    decode(context, std::span(kPrompt).first(8));
    const auto checkpoint = save_sequence(context, 0, {}, SequencePart::kCheckpoint);
    ASSERT_TRUE(checkpoint) << checkpoint.error().message;
    EXPECT_LT(checkpoint->size(), save_sequence(context, 0)->size());
    const auto expected = continued(context, kPrompt[8], 4);
    ASSERT_TRUE(context.memory().remove(0, 8));
    const auto restored = restore_sequence(context, 0, *checkpoint);
    ASSERT_TRUE(restored) << restored.error().message;
    EXPECT_EQ(continued(context, kPrompt[8], 4), expected);
}

TEST(StateFile, goes_through_a_file) {
    const test::ScratchDir dir;
    const auto path = dir.path() / "state.bin";
    auto context = make_context(tiny());
    decode(context, kPrompt);
    ASSERT_TRUE(write_state(path, save_state(context, kPrompt).value()));
    const auto expected = logits_of(context, 50);
    const auto state = read_state(path);
    ASSERT_TRUE(state) << state.error().message;
    auto other = make_context(tiny());
    EXPECT_EQ(restore_state(other, *state).value(), kPrompt);
    EXPECT_EQ(logits_of(other, 50), expected);
}

TEST(StateFile, replaces_the_one_before_and_leaves_nothing_else) {
    const test::ScratchDir dir;
    const auto path = dir.path() / "state.bin";
    auto context = make_context(tiny());
    ASSERT_TRUE(write_state(path, save_state(context).value()));
    decode(context, kPrompt);
    const auto state = save_state(context).value();
    ASSERT_TRUE(write_state(path, state));
    EXPECT_EQ(read_state(path).value(), state);
    const auto files = std::filesystem::directory_iterator(dir.path());
    EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST(StateFile, cut_short_or_changed_anywhere_is_refused) {
    const test::ScratchDir dir;
    const auto path = dir.path() / "state.bin";
    auto context = make_context(tiny());
    decode(context, kPrompt);
    const auto state = save_state(context).value();
    const auto read_back = [&](std::span<const std::byte> bytes) {
        std::ofstream file(path, std::ios::binary | std::ios::trunc);
        file.write(
            reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size())
        );
        file.close();
        return read_state(path);
    };
    for (std::size_t length = 0; length < state.size(); length += 1 + length / 7) {
        EXPECT_EQ(read_back(std::span(state).first(length)).error().code, ErrorCode::kCorrupt);
    }
    for (std::size_t at = 0; at < state.size(); at += 1 + at / 7) {
        auto changed = state;
        changed[at] ^= std::byte{0x10};
        EXPECT_FALSE(read_back(changed)) << at;
        EXPECT_FALSE(restore_state(context, changed)) << at;
    }
    EXPECT_EQ(context.memory().position_max(0).value(), 9);
}

TEST(StateFile, names_what_is_wrong_with_its_path) {
    const test::ScratchDir dir;
    EXPECT_EQ(read_state(dir.path() / "none").error().code, ErrorCode::kNotFound);
    EXPECT_EQ(read_state(dir.path()).error().code, ErrorCode::kInvalidArgument);
    auto context = make_context(tiny());
    const auto state = save_state(context).value();
    EXPECT_EQ(write_state(dir.path(), state).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(write_state(dir.path() / "no" / "state", state).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(
        write_state(dir.path() / "x", std::span(state).first(9)).error().code, ErrorCode::kCorrupt
    );
}

TEST(StateOrigin, from_another_model_is_refused) {
    auto context = make_context(tiny());
    decode(context, kPrompt);
    const auto state = save_state(context).value();
    const auto other_model = make_tiny(1, 1024);
    auto other = make_context(other_model);
    const auto restored = restore_state(other, state);
    ASSERT_FALSE(restored);
    EXPECT_EQ(restored.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(restored.error().message.find("another model"), std::string::npos);
    EXPECT_EQ(
        restore_sequence(other, 0, save_sequence(context, 0).value()).error().code,
        ErrorCode::kInvalidArgument
    );
}

TEST(StateOrigin, from_the_same_model_loaded_again_is_taken) {
    auto context = make_context(tiny());
    decode(context, kPrompt);
    const auto state = save_state(context).value();
    const auto again = make_tiny(1);
    auto other = make_context(again);
    EXPECT_TRUE(restore_state(other, state));
}

TEST(StateOrigin, from_another_engine_is_refused) {
    auto context = make_context(tiny());
    const auto state = save_state(context).value();
    const auto parsed = parse_state(state).value();
    auto header = parsed.header;
    header.engine = "ffffffffffff";
    auto other = make_state(header, parsed.payload.size());
    std::ranges::copy(
        parsed.payload, other.end() - static_cast<std::ptrdiff_t>(parsed.payload.size())
    );
    seal_state(other);
    EXPECT_NE(
        restore_state(context, other).error().message.find("from engine ffffffffffff"),
        std::string::npos
    );
}

TEST(StateOrigin, from_other_context_options_is_refused_with_both) {
    auto context = make_context(tiny());
    decode(context, kPrompt);
    const auto state = save_state(context).value();
    const auto refused = [&](auto change) {
        auto options = small_options();
        change(options);
        auto other = make_context(tiny(), options);
        const auto restored = restore_state(other, state);
        if (restored) return std::string("accepted");
        EXPECT_EQ(restored.error().code, ErrorCode::kInvalidArgument);
        return restored.error().message;
    };
    const auto message = refused([](auto& options) { options.key_type = CacheType::kF32; });
    EXPECT_NE(message.find("[keys f16 "), std::string::npos) << message;
    EXPECT_NE(message.find("[keys f32 "), std::string::npos) << message;
    EXPECT_NE(refused([](auto& options) { options.unified = false; }), "accepted");
    EXPECT_NE(refused([](auto& options) { options.rope_frequency_base = 5000.0F; }), "accepted");
    EXPECT_EQ(refused([](auto& options) { options.context_length = 512; }), "accepted");
    EXPECT_EQ(refused([](auto& options) { options.batch_size = 32; }), "accepted");
}

TEST(StateOrigin, with_other_adapters_is_refused) {
    const test::ScratchDir dir;
    test::write_tiny_llama(dir.path() / "model.gguf", 1);
    test::write_random_lora(dir.path() / "lora.gguf", dir.path() / "model.gguf", 4, 1, 8.0F);
    const auto model = load(dir.path() / "model.gguf");
    auto context = make_context(model);
    decode(context, kPrompt);
    const auto plain = save_state(context).value();
    const auto adapter = Adapter::load(model, dir.path() / "lora.gguf").value();
    ASSERT_TRUE(add_adapter(context, adapter));
    EXPECT_FALSE(restore_state(context, plain));
    const auto adapted = save_state(context).value();
    EXPECT_TRUE(restore_state(context, adapted));
    ASSERT_TRUE(add_adapter(context, adapter, 0.5F));
    EXPECT_FALSE(restore_state(context, adapted));
    ASSERT_TRUE(remove_adapter(context, adapter));
    EXPECT_TRUE(restore_state(context, plain));
}

TEST(StateOrigin, kinds_are_not_mixed_up) {
    auto context = make_context(tiny());
    decode(context, kPrompt);
    EXPECT_NE(
        restore_state(context, save_sequence(context, 0).value())
            .error()
            .message.find("use restore_sequence()"),
        std::string::npos
    );
    EXPECT_FALSE(restore_sequence(context, 0, save_state(context).value()));
    EXPECT_EQ(context.memory().position_max(0).value(), 9);
}

TEST(State, that_does_not_fit_leaves_nothing_behind) {
    auto options = small_options();
    options.context_length = 512;
    auto large = make_context(tiny(), options);
    Tokens tokens(300, 40);
    decode(large, tokens, 3);
    const auto whole = save_state(large).value();
    const auto single = save_sequence(large, 3).value();
    auto small = make_context(tiny());
    decode(small, kPrompt, 0);
    decode(small, kPrompt, 1);
    EXPECT_EQ(restore_sequence(small, 1, single).error().code, ErrorCode::kExhausted);
    EXPECT_EQ(small.memory().position_max(0).value(), 9);
    EXPECT_EQ(small.memory().position_max(1).value(), -1);
    EXPECT_EQ(restore_state(small, whole).error().code, ErrorCode::kExhausted);
    EXPECT_EQ(small.memory().position_max(0).value(), -1);
    decode(small, kPrompt, 0);
    options.sequences_max = 2;
    auto few = make_context(tiny(), options);
    EXPECT_EQ(restore_state(few, whole).error().code, ErrorCode::kExhausted);
    decode(few, kPrompt, 0);
}

TEST(State, is_not_saved_between_a_shift_and_the_next_step) {
    auto context = make_context(tiny());
    decode(context, kPrompt);
    ASSERT_TRUE(context.memory().remove(0, 0, 2));
    ASSERT_TRUE(context.memory().shift(0, 2, Memory::kAll, -2));
    EXPECT_EQ(save_state(context).error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(save_sequence(context, 0).error().code, ErrorCode::kUnavailable);
    decode(context, Tokens{50});
    EXPECT_TRUE(save_state(context));
}

TEST(State, is_not_saved_between_a_copy_of_cells_and_the_next_step) {
    auto options = small_options();
    options.unified = false;
    auto context = make_context(tiny(), options);
    decode(context, kPrompt);
    ASSERT_TRUE(context.memory().copy(0, 1));
    EXPECT_EQ(save_sequence(context, 1).error().code, ErrorCode::kUnavailable);
    decode(context, Tokens{50}, 1);
    EXPECT_TRUE(save_sequence(context, 1));
}

TEST(State, refuses_sequences_and_models_that_have_none) {
    auto context = make_context(tiny());
    EXPECT_EQ(save_sequence(context, 4).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(save_sequence(context, -1).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(restore_sequence(context, 4, {}).error().code, ErrorCode::kInvalidArgument);
    const test::ScratchDir dir;
    test::write_tiny_bert(dir.path() / "bert.gguf", 1);
    const auto bert = load(dir.path() / "bert.gguf");
    auto options = small_options();
    options.embeddings = true;
    auto encoder = make_context(bert, options);
    EXPECT_EQ(save_state(encoder).error().code, ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace mullama
