#include "llama/handles.h"
#include "llama/threads.h"
#include "llama/tiny_model.h"
#include "tests/support/models.h"
#include "tests/support/scratch_dir.h"
#include <mullama/context.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <limits>
#include <numeric>
#include <thread>

#include <gtest/gtest.h>

namespace mullama {
namespace {

Model load(const test::TinyModel& tiny) {
    const test::ScratchDir dir;
    tiny.write(dir.path() / "tiny.gguf");
    auto model = Model::load(dir.path() / "tiny.gguf");
    if (!model) throw std::runtime_error(model.error().message);
    return *std::move(model);
}

// One thread where nothing else is asked for: more wait for each other on a busy machine.
Context make(const Model& model, ContextOptions options = {}) {
    if (options.threads == 0) options.threads = 1;
    auto context = Context::create(model, options);
    if (!context) throw std::runtime_error(context.error().message);
    return *std::move(context);
}

ErrorCode code_of(const auto& result) {
    EXPECT_FALSE(result);
    return result ? ErrorCode::kInternal : result.error().code;
}

// Tokens 10, 11, ... at `first` and after, with logits for the last one.
Batch run_of(std::int32_t count, Position first = 0, SequenceId sequence = 0) {
    Batch batch;
    for (std::int32_t i = 0; i < count; ++i) {
        EXPECT_TRUE(batch.add(10 + i % 200, first + i, sequence, i + 1 == count));
    }
    return batch;
}

Token best(std::span<const float> logits) {
    return static_cast<Token>(std::ranges::max_element(logits) - logits.begin());
}

const Model& smollm2() {
    static const Model model = Model::load(test::smollm2_path()).value();
    return model;
}

// What a program written straight against llama.h generates.
std::vector<Token> plain_greedy(std::vector<Token> tokens, int count) {
    llama_model_params model_params = llama_model_default_params();
    const llama_model_ptr model(
        llama_model_load_from_file(test::smollm2_path().c_str(), model_params)
    );
    llama_context_params params = llama_context_default_params();
    params.n_ctx = 512;
    params.n_threads = 1;
    params.n_threads_batch = 1;
    const llama_context_ptr context(llama_init_from_model(model.get(), params));
    const std::int32_t vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model.get()));
    std::vector<Token> generated;
    while (std::ssize(generated) < count) {
        const llama_batch batch =
            llama_batch_get_one(tokens.data(), static_cast<std::int32_t>(tokens.size()));
        if (llama_decode(context.get(), batch) != 0) break;
        const float* logits = llama_get_logits_ith(context.get(), -1);
        generated.push_back(
            static_cast<Token>(std::max_element(logits, logits + vocabulary) - logits)
        );
        tokens = {generated.back()};
    }
    return generated;
}

TEST(Context, generates_what_a_plain_loop_over_llama_h_generates) {
    const auto prompt = smollm2().vocab().tokenize("Once upon a time", true, true).value();
    Context context = make(smollm2(), {.context_length = 512, .threads = 1, .threads_batch = 1});
    Batch batch;
    for (const Token token : prompt) {
        ASSERT_TRUE(batch.add(token, batch.size(), 0, batch.size() + 1 == std::ssize(prompt)));
    }
    std::vector<Token> generated;
    auto position = static_cast<Position>(prompt.size());
    while (generated.size() < 32) {
        const auto decoded = context.decode(batch);
        ASSERT_TRUE(decoded) << decoded.error().message;
        generated.push_back(best(context.logits(-1).value()));
        batch.clear();
        ASSERT_TRUE(batch.add(generated.back(), position++, 0, true));
    }
    EXPECT_EQ(generated, plain_greedy(prompt, 32));
}

TEST(Context, a_long_prefill_can_be_aborted_and_the_context_used_again) {
    Context context = make(smollm2(), {.context_length = 2048, .ubatch_size = 64});
    std::atomic<int> questions = 0;
    context.set_abort([&] { return ++questions > 50; });
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(code_of(context.decode(run_of(2000))), ErrorCode::kCancelled);
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(20));
    EXPECT_LT(context.memory().position_max(0).value(), 1999);
    EXPECT_EQ(code_of(context.logits(-1)), ErrorCode::kInvalidArgument);

    context.set_abort({});
    context.memory().clear();
    ASSERT_TRUE(context.decode(run_of(8)));
    EXPECT_TRUE(context.logits(7));
}

// Threads of this process.
std::ptrdiff_t thread_count() {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return std::distance(begin(tasks), end(tasks));
}

TEST(Context, gives_back_the_threads_that_it_computes_with) {
    const Model model = load(test::tiny_llama());
    Context context = make(model, {.threads = 3, .threads_batch = 3});
    const auto compute = [&] {
        Batch batch;
        ASSERT_TRUE(batch.add(1, 0, 0, true));
        ASSERT_TRUE(context.decode(batch));
        ASSERT_TRUE(context.memory().remove(0));
    };
    end_compute_threads();
    const std::ptrdiff_t before = thread_count();
    compute();
    if (thread_count() == before) GTEST_SKIP() << "this engine computes without OpenMP";
    EXPECT_EQ(thread_count(), before + 2);
    end_compute_threads();
    EXPECT_EQ(thread_count(), before);
    compute();
    EXPECT_EQ(thread_count(), before + 2);
}

TEST(Context, an_abort_can_come_from_another_thread) {
    Context context = make(smollm2(), {.context_length = 4096, .ubatch_size = 128});
    std::atomic<bool> stop = false;
    context.set_abort([&] { return stop.load(); });
    const std::jthread stopper([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        stop = true;
    });
    EXPECT_EQ(code_of(context.decode(run_of(2048))), ErrorCode::kCancelled);
}

class TinyContext : public testing::Test {
  protected:
    const Model model_ = load(test::tiny_llama());
};

TEST_F(TinyContext, tells_what_it_was_made_of) {
    const Context context = make(
        model_, {.context_length = 300, .batch_size = 100, .ubatch_size = 50, .sequences_max = 3}
    );
    EXPECT_EQ(context.context_length(), 512);
    EXPECT_EQ(context.sequence_length_max(), 512);
    EXPECT_EQ(context.batch_size(), 100);
    EXPECT_EQ(context.ubatch_size(), 50);
    EXPECT_EQ(context.sequences_max(), 3);
    EXPECT_EQ(context.threads(), 1);
    EXPECT_EQ(context.threads_batch(), 1);
    EXPECT_EQ(context.pooling(), Pooling::kNone);
    EXPECT_TRUE(context.causal_attention());
    EXPECT_EQ(context.model(), model_);
    EXPECT_EQ(context.options().context_length, 300);
}

TEST_F(TinyContext, takes_its_length_from_the_model) {
    EXPECT_EQ(make(model_).context_length(), 256);
}

TEST_F(TinyContext, keeps_its_model_alive) {
    auto model = std::make_unique<Model>(load(test::tiny_llama()));
    Context context = make(*model);
    model.reset();
    EXPECT_TRUE(context.decode(run_of(4)));
    EXPECT_EQ(context.logits(3)->size(), 300U);
}

TEST_F(TinyContext, moves_with_its_memory_view_and_abort_function) {
    Context first = make(model_);
    Memory memory = first.memory();
    first.set_abort([] { return true; });
    Context second = std::move(first);
    EXPECT_EQ(code_of(second.decode(run_of(4))), ErrorCode::kCancelled);
    second.set_abort({});
    ASSERT_TRUE(second.decode(run_of(4)));
    EXPECT_EQ(memory.position_max(0).value(), 3);
}

TEST_F(TinyContext, gives_logits_of_the_entries_that_asked) {
    Context context = make(model_);
    EXPECT_EQ(code_of(context.logits(-1)), ErrorCode::kInvalidArgument);
    Batch batch = run_of(4);
    ASSERT_TRUE(batch.set_logits(1, true));
    ASSERT_TRUE(context.decode(batch));
    EXPECT_EQ(context.logits(1)->size(), 300U);
    EXPECT_EQ(context.logits(-1)->data(), context.logits(3)->data());
    EXPECT_NE(context.logits(1)->data(), context.logits(3)->data());
    const auto logits = context.logits(1).value();
    for (const float logit : logits) EXPECT_TRUE(std::isfinite(logit));
    for (const std::int32_t index :
         {0,
          2,
          4,
          -2,
          std::numeric_limits<std::int32_t>::min(),
          std::numeric_limits<std::int32_t>::max()}) {
        EXPECT_EQ(code_of(context.logits(index)), ErrorCode::kInvalidArgument) << index;
    }
}

TEST_F(TinyContext, a_batch_without_outputs_has_none) {
    Context context = make(model_);
    Batch batch;
    ASSERT_TRUE(batch.add(5, 0, 0, false));
    ASSERT_TRUE(context.decode(batch));
    EXPECT_EQ(code_of(context.logits(-1)), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code_of(context.logits(0)), ErrorCode::kInvalidArgument);
}

TEST_F(TinyContext, sequences_side_by_side_compute_what_each_computes_alone) {
    Context together = make(model_, {.sequences_max = 2});
    Batch both;
    for (Position i = 0; i < 8; ++i) {
        ASSERT_TRUE(both.add(20 + i, i, 0, i == 7));
        ASSERT_TRUE(both.add(90 - i, i, 1, i == 7));
    }
    ASSERT_TRUE(together.decode(both));
    Context alone = make(model_);
    Batch second;
    for (Position i = 0; i < 8; ++i) ASSERT_TRUE(second.add(90 - i, i, 0, i == 7));
    ASSERT_TRUE(alone.decode(second));
    const auto expected = alone.logits(7).value();
    const auto actual = together.logits(15).value();
    for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(actual[i], expected[i], 1e-3F);
}

TEST_F(TinyContext, embedding_rows_stand_in_for_tokens) {
    Context context = make(model_);
    Batch batch;
    const std::vector<float> row(32, 0.1F);
    ASSERT_TRUE(batch.add_embedding(row, 0, 0, false));
    ASSERT_TRUE(batch.add_embedding(row, 1, 0, true));
    ASSERT_TRUE(context.decode(batch));
    EXPECT_EQ(context.logits(1)->size(), 300U);
    Batch wrong;
    ASSERT_TRUE(wrong.add_embedding(std::span(row).first(31), 2, 0, true));
    EXPECT_EQ(code_of(context.decode(wrong)), ErrorCode::kInvalidArgument);
}

TEST_F(TinyContext, a_full_memory_is_exhausted_and_the_context_goes_on) {
    Context context = make(model_, {.context_length = 256, .sequences_max = 2});
    ASSERT_TRUE(context.decode(run_of(250)));
    const auto full = context.decode(run_of(10, 250));
    EXPECT_EQ(code_of(full), ErrorCode::kExhausted);
    EXPECT_NE(full.error().message.find("context_length"), std::string::npos);
    EXPECT_EQ(context.memory().position_max(0).value(), 249);
    EXPECT_EQ(code_of(context.logits(-1)), ErrorCode::kInvalidArgument);
    ASSERT_TRUE(context.decode(run_of(6, 250)));
    EXPECT_EQ(code_of(context.decode(run_of(1, 0, 1))), ErrorCode::kExhausted);
    context.memory().clear();
    ASSERT_TRUE(context.decode(run_of(256)));
}

TEST_F(TinyContext, refuses_batches_that_the_engine_would_assert_on) {
    Context context = make(
        model_, {.context_length = 256, .batch_size = 16, .sequences_max = 2, .outputs_max = 4}
    );
    const auto code = [&](const Batch& batch) { return code_of(context.decode(batch)); };
    EXPECT_EQ(code(Batch()), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code(run_of(17)), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code(run_of(4, 0, 2)), ErrorCode::kInvalidArgument);
    Batch foreign;
    ASSERT_TRUE(foreign.add(300, 0, 0, true));
    EXPECT_EQ(code(foreign), ErrorCode::kInvalidArgument);
    Batch outputs;
    for (Position i = 0; i < 5; ++i) ASSERT_TRUE(outputs.add(1, i, 0, true));
    EXPECT_EQ(code(outputs), ErrorCode::kInvalidArgument);
    Batch gap;
    ASSERT_TRUE(gap.add(1, 0, 0, false));
    ASSERT_TRUE(gap.add(1, 2, 0, false));
    EXPECT_EQ(code(gap), ErrorCode::kInvalidArgument);
    Batch backwards;
    ASSERT_TRUE(backwards.add(1, 1, 0, false));
    ASSERT_TRUE(backwards.add(1, 0, 0, false));
    EXPECT_EQ(code(backwards), ErrorCode::kInvalidArgument);
    ASSERT_TRUE(context.decode(run_of(4)));
    EXPECT_EQ(code(run_of(4, 5)), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code(run_of(4, 3)), ErrorCode::kInvalidArgument);
    ASSERT_TRUE(context.decode(run_of(4, 4)));
}

TEST_F(TinyContext, a_refusal_names_the_value_and_the_cure) {
    Context context = make(model_, {.context_length = 256, .batch_size = 16});
    EXPECT_EQ(
        context.decode(run_of(17)).error().message,
        "the batch has 17 entries, the context takes 16 at once: decode it in parts or raise "
        "batch_size"
    );
    EXPECT_EQ(
        context.decode(run_of(1, 0, 4)).error().message,
        "sequence 4 is outside 0 to 0: raise sequences_max"
    );
}

TEST_F(TinyContext, diverged_sequences_cannot_share_an_entry) {
    Context context = make(model_, {.sequences_max = 2});
    ASSERT_TRUE(context.decode(run_of(4, 0, 0)));
    Batch shared;
    const std::array<SequenceId, 2> both = {0, 1};
    ASSERT_TRUE(shared.add(1, 4, both, true));
    EXPECT_EQ(code_of(context.decode(shared)), ErrorCode::kInvalidArgument);
    EXPECT_TRUE(context.decode(run_of(1, 4, 0)));
}

TEST_F(TinyContext, sequences_can_share_entries) {
    Context context = make(model_, {.sequences_max = 3});
    Batch shared;
    const std::array<SequenceId, 3> all = {0, 1, 2};
    for (Position i = 0; i < 5; ++i) ASSERT_TRUE(shared.add(30, i, all, false));
    ASSERT_TRUE(context.decode(shared));
    for (const SequenceId sequence : all) {
        EXPECT_EQ(context.memory().position_max(sequence).value(), 4);
    }
    Context split = make(model_, {.sequences_max = 3, .unified = false});
    EXPECT_EQ(code_of(split.decode(shared)), ErrorCode::kInvalidArgument);
}

TEST_F(TinyContext, options_out_of_range_are_errors) {
    const auto code = [&](const ContextOptions& options) {
        return code_of(Context::create(model_, options));
    };
    EXPECT_EQ(code({.context_length = -1}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code({.batch_size = 0}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code({.batch_size = -1}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code({.ubatch_size = 0}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code({.sequences_max = 0}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code({.sequences_max = 257}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code({.batch_size = 2, .sequences_max = 4}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code({.context_length = 2, .sequences_max = 4}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code({.sequences_max = 4, .outputs_max = 3}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code({.outputs_max = -1}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code({.threads = -1}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code({.threads_batch = 513}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code({.recurrent_snapshots = -1}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code({.rope_frequency_base = -1.0F}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code({.rope_frequency_scale = NAN}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code({.yarn_beta_fast = INFINITY}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code({.pooling = Pooling::kRank}), ErrorCode::kUnsupported);
}

TEST_F(TinyContext, a_quantized_value_cache_needs_flash_attention) {
    ContextOptions options{.flash_attention = FlashAttention::kOff, .value_type = CacheType::kQ8_0};
    EXPECT_EQ(code_of(Context::create(model_, options)), ErrorCode::kInvalidArgument);
}

TEST_F(TinyContext, a_cache_type_that_does_not_fit_the_heads_is_unsupported) {
    // Heads of 8 values hold no block of 32.
    const auto context = Context::create(model_, {.key_type = CacheType::kQ8_0});
    EXPECT_EQ(code_of(context), ErrorCode::kUnsupported);
    EXPECT_NE(context.error().message.find("q8_0"), std::string::npos);
}

TEST(Context, computes_with_every_cache_type) {
    for (const CacheType type :
         {CacheType::kF32,
          CacheType::kF16,
          CacheType::kBf16,
          CacheType::kQ8_0,
          CacheType::kQ5_1,
          CacheType::kQ5_0,
          CacheType::kQ4_1,
          CacheType::kQ4_0,
          CacheType::kIq4Nl}) {
        Context context = make(
            smollm2(),
            {.context_length = 256,
             .flash_attention = FlashAttention::kOn,
             .key_type = type,
             .value_type = type}
        );
        const auto decoded = context.decode(run_of(4));
        ASSERT_TRUE(decoded) << static_cast<int>(type) << decoded.error().message;
        const auto logits = context.logits(-1).value();
        EXPECT_TRUE(std::isfinite(logits.front()));
    }
}

TEST(Context, more_memory_than_the_machine_has_is_exhausted) {
    const auto context = Context::create(smollm2(), {.context_length = 1 << 30});
    EXPECT_EQ(code_of(context), ErrorCode::kExhausted);
    EXPECT_NE(context.error().message.find("context_length"), std::string::npos);
}

TEST(Context, a_vocabulary_alone_cannot_compute) {
    const auto model = Model::load(test::smollm2_path(), {.vocab_only = true});
    EXPECT_EQ(code_of(Context::create(*model)), ErrorCode::kUnsupported);
}

TEST_F(TinyContext, threads_can_be_changed) {
    Context context = make(model_, {.threads = 1, .threads_batch = 2});
    EXPECT_EQ(context.threads(), 1);
    EXPECT_EQ(context.threads_batch(), 2);
    ASSERT_TRUE(context.set_threads(2, 1));
    EXPECT_EQ(context.threads(), 2);
    EXPECT_EQ(context.threads_batch(), 1);
    ASSERT_TRUE(context.set_threads(0, 0));
    EXPECT_GE(context.threads(), 1);
    EXPECT_EQ(code_of(context.set_threads(-1, 1)), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code_of(context.set_threads(1, 1000)), ErrorCode::kInvalidArgument);
    ASSERT_TRUE(context.decode(run_of(4)));
}

TEST_F(TinyContext, takes_a_thread_for_each_core_unless_told_otherwise) {
    const Context context = Context::create(model_).value();
    EXPECT_EQ(context.threads(), available_cores());
    EXPECT_EQ(context.threads_batch(), available_cores());
}

TEST_F(TinyContext, counts_its_work) {
    Context context = make(model_);
    EXPECT_EQ(context.perf().prompt_tokens, 0);
    ASSERT_TRUE(context.decode(run_of(5)));
    ASSERT_TRUE(context.logits(-1));
    ASSERT_TRUE(context.decode(run_of(1, 5)));
    context.synchronize();
    const PerfCounters counters = context.perf();
    EXPECT_EQ(counters.prompt_tokens, 5);
    EXPECT_EQ(counters.decode_tokens, 1);
    EXPECT_GT(counters.prompt_ms, 0.0);
    EXPECT_GT(counters.decode_ms, 0.0);
    context.reset_perf();
    EXPECT_EQ(context.perf().decode_tokens, 0);
    Context silent = make(model_, {.perf = false});
    ASSERT_TRUE(silent.decode(run_of(5)));
    silent.synchronize();
    EXPECT_EQ(silent.perf().prompt_tokens, 0);
}

TEST_F(TinyContext, gives_embeddings_of_each_token_when_asked) {
    Context context = make(model_, {.embeddings = true});
    ASSERT_TRUE(context.decode(run_of(4)));
    EXPECT_EQ(context.embeddings(0)->size(), 32U);
    EXPECT_TRUE(context.logits(0));
    EXPECT_EQ(code_of(context.sequence_embedding(0)), ErrorCode::kUnsupported);
    context.set_embeddings(false);
    ASSERT_TRUE(context.decode(run_of(4, 4)));
    EXPECT_EQ(code_of(context.embeddings(3)), ErrorCode::kUnsupported);
    EXPECT_EQ(code_of(context.embeddings(0)), ErrorCode::kInvalidArgument);
}

TEST_F(TinyContext, pools_embeddings_of_each_sequence) {
    for (const Pooling pooling : {Pooling::kMean, Pooling::kCls, Pooling::kLast}) {
        Context context =
            make(model_, {.sequences_max = 2, .embeddings = true, .pooling = pooling});
        EXPECT_EQ(context.pooling(), pooling);
        Batch batch = run_of(4);
        ASSERT_TRUE(batch.add(7, 0, 1, true));
        ASSERT_TRUE(context.decode(batch));
        EXPECT_EQ(context.sequence_embedding(0)->size(), 32U);
        const auto first = context.sequence_embedding(0).value();
        const auto second = context.sequence_embedding(1).value();
        EXPECT_NE(first.front(), second.front());
        EXPECT_EQ(code_of(context.sequence_embedding(2)), ErrorCode::kInvalidArgument);
        EXPECT_EQ(code_of(context.sequence_embedding(-1)), ErrorCode::kInvalidArgument);
        EXPECT_EQ(code_of(context.embeddings(0)), ErrorCode::kUnsupported);
    }
}

TEST_F(TinyContext, without_causal_attention_a_batch_is_one_pass) {
    Context context = make(model_, {.batch_size = 32, .ubatch_size = 8});
    ASSERT_TRUE(context.decode(run_of(16)));
    context.set_causal_attention(false);
    EXPECT_FALSE(context.causal_attention());
    EXPECT_EQ(code_of(context.decode(run_of(16, 16))), ErrorCode::kInvalidArgument);
    EXPECT_TRUE(context.decode(run_of(8, 16)));
}

TEST_F(TinyContext, a_decoder_does_not_encode) {
    Context context = make(model_);
    EXPECT_EQ(code_of(context.encode(run_of(4))), ErrorCode::kUnsupported);
}

TEST(Context, learned_positions_end_where_the_model_ends) {
    const Model model = load(test::tiny_gpt2());
    Context context = make(model, {.context_length = 256});
    ASSERT_TRUE(context.decode(run_of(60)));
    const auto past = context.decode(run_of(5, 60));
    EXPECT_EQ(code_of(past), ErrorCode::kInvalidArgument);
    EXPECT_NE(past.error().message.find("64"), std::string::npos);
    EXPECT_TRUE(context.decode(run_of(4, 60)));
}

TEST(Context, an_encoder_pools_and_has_no_memory) {
    const Model model = load(test::tiny_bert());
    Context context = make(model, {.sequences_max = 2, .embeddings = true});
    EXPECT_EQ(context.pooling(), Pooling::kMean);
    Batch batch = run_of(6);
    ASSERT_TRUE(batch.add(9, 0, 1, true));
    ASSERT_TRUE(context.encode(batch));
    EXPECT_EQ(context.sequence_embedding(0)->size(), 32U);
    EXPECT_TRUE(context.sequence_embedding(1));
    EXPECT_EQ(code_of(context.logits(0)), ErrorCode::kUnsupported);
    ASSERT_TRUE(context.decode(batch));
    EXPECT_TRUE(context.sequence_embedding(1));
    EXPECT_EQ(code_of(context.encode(run_of(65))), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code_of(context.memory().position_max(0)), ErrorCode::kUnsupported);
    EXPECT_FALSE(context.memory().can_shift());
    context.memory().clear();
}

TEST(Context, an_encoder_comes_before_its_decoder) {
    const Model model = load(test::tiny_t5());
    ASSERT_TRUE(model.has_encoder());
    EXPECT_EQ(model.decoder_start_token(), 0);
    Context context = make(model);
    EXPECT_EQ(code_of(context.decode(run_of(1))), ErrorCode::kInvalidArgument);
    const auto encoded = context.encode(run_of(6));
    ASSERT_TRUE(encoded) << encoded.error().message;
    Batch start;
    ASSERT_TRUE(start.add(model.decoder_start_token(), 0, 0, true));
    const auto decoded = context.decode(start);
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(context.logits(0)->size(), 300U);
}

TEST(Context, a_recurrent_model_computes_many_sequences) {
    const Model model = load(test::tiny_mamba());
    EXPECT_TRUE(model.is_recurrent());
    Context context = make(model, {.sequences_max = 2});
    ASSERT_TRUE(context.decode(run_of(5)));
    ASSERT_TRUE(context.decode(run_of(5, 0, 1)));
    ASSERT_TRUE(context.decode(run_of(1, 5)));
    EXPECT_EQ(context.logits(-1)->size(), 300U);
}

}  // namespace
}  // namespace mullama
