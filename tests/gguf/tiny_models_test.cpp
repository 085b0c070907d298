#include "tests/support/tiny_models.h"

#include "tests/support/scratch_dir.h"
#include <mullama/gguf.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <memory>

#include <gtest/gtest.h>
#include <llama-cpp.h>

namespace mullama::test {
namespace {

llama_model_ptr load(const std::filesystem::path& path) {
    llama_model_params params = llama_model_default_params();
    params.n_gpu_layers = 0;
    return llama_model_ptr(llama_model_load_from_file(path.c_str(), params));
}

llama_context_ptr make_context(llama_model* model, bool embeddings) {
    llama_context_params params = llama_context_default_params();
    params.n_ctx = 64;
    params.n_threads = 1;
    params.n_threads_batch = 1;
    params.embeddings = embeddings;
    return llama_context_ptr(llama_init_from_model(model, params));
}

std::vector<llama_token> tokenize(const llama_model* model, const std::string& text) {
    std::vector<llama_token> tokens(64);
    const std::int32_t count = llama_tokenize(
        llama_model_get_vocab(model),
        text.data(),
        static_cast<std::int32_t>(text.size()),
        tokens.data(),
        static_cast<std::int32_t>(tokens.size()),
        true,
        false
    );
    tokens.resize(static_cast<std::size_t>(std::max(count, 0)));
    return tokens;
}

std::vector<float> last_logits(llama_context* context, std::vector<llama_token> tokens) {
    const auto count = static_cast<std::int32_t>(tokens.size());
    if (llama_decode(context, llama_batch_get_one(tokens.data(), count)) != 0) return {};
    const float* logits = llama_get_logits_ith(context, -1);
    const llama_vocab* vocab = llama_model_get_vocab(llama_get_model(context));
    return {logits, logits + llama_vocab_n_tokens(vocab)};
}

class TinyModelsTest : public testing::Test {
  protected:
    TinyModelsTest() {
        llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
    }

    std::string content(const std::string& name) {
        std::ifstream stream(dir_.path() / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(stream), {}};
    }

    ScratchDir dir_;
};

TEST_F(TinyModelsTest, llama_loads_and_decodes) {
    write_tiny_llama(dir_.path() / "a.gguf", 1);
    const auto model = load(dir_.path() / "a.gguf");
    ASSERT_NE(model, nullptr);
    EXPECT_EQ(llama_model_n_layer(model.get()), 2);
    EXPECT_EQ(llama_model_n_embd(model.get()), 64);
    EXPECT_EQ(llama_model_n_head_kv(model.get()), 2);
    const auto tokens = tokenize(model.get(), "the other hand: \xF0\x9F\xA6\x99");
    ASSERT_GT(tokens.size(), 4U);
    EXPECT_EQ(tokens[0], 1);
    const auto context = make_context(model.get(), false);
    ASSERT_NE(context, nullptr);
    const auto logits = last_logits(context.get(), tokens);
    ASSERT_EQ(logits.size(), 324U);
    for (const float logit : logits) ASSERT_TRUE(std::isfinite(logit));
    EXPECT_GT(*std::ranges::max_element(logits), *std::ranges::min_element(logits) + 1.0F);
}

TEST_F(TinyModelsTest, llama_loads_with_other_options) {
    TinyLlamaOptions options;
    options.layers = 3;
    options.embedding_length = 48;
    options.heads = 2;
    options.heads_kv = 1;
    options.vocab_file = vocab_path("llama-bpe");
    options.chat_template = "{{ messages }}";
    write_tiny_llama(dir_.path() / "a.gguf", 1, options);
    const auto model = load(dir_.path() / "a.gguf");
    ASSERT_NE(model, nullptr);
    EXPECT_EQ(llama_vocab_n_tokens(llama_model_get_vocab(model.get())), 128256);
    EXPECT_STREQ(llama_model_chat_template(model.get(), nullptr), "{{ messages }}");
    const auto context = make_context(model.get(), false);
    ASSERT_NE(context, nullptr);
    EXPECT_EQ(last_logits(context.get(), tokenize(model.get(), "Hello")).size(), 128256U);
}

TEST_F(TinyModelsTest, same_seed_gives_the_same_file) {
    write_tiny_llama(dir_.path() / "a.gguf", 7);
    write_tiny_llama(dir_.path() / "b.gguf", 7);
    write_tiny_llama(dir_.path() / "c.gguf", 8);
    EXPECT_EQ(content("a.gguf"), content("b.gguf"));
    EXPECT_NE(content("a.gguf"), content("c.gguf"));
}

TEST_F(TinyModelsTest, bert_loads_and_embeds_with_every_pooling) {
    const auto path = dir_.path() / "bert.gguf";
    for (const auto pooling : {TinyPooling::kMean, TinyPooling::kCls, TinyPooling::kRank}) {
        write_tiny_bert(path, 1, pooling);
        const auto model = load(path);
        ASSERT_NE(model, nullptr);
        const auto context = make_context(model.get(), true);
        ASSERT_NE(context, nullptr);
        EXPECT_EQ(llama_pooling_type(context.get()), static_cast<int>(pooling));
        auto tokens = tokenize(model.get(), "A llama in a meadow");
        const auto count = static_cast<std::int32_t>(tokens.size());
        ASSERT_EQ(llama_encode(context.get(), llama_batch_get_one(tokens.data(), count)), 0);
        const float* vector = llama_get_embeddings_seq(context.get(), 0);
        ASSERT_NE(vector, nullptr);
        EXPECT_TRUE(std::isfinite(vector[0]));
        EXPECT_NE(vector[0], 0.0F);
    }
}

TEST_F(TinyModelsTest, lora_loads_and_changes_the_answer) {
    const auto base = dir_.path() / "a.gguf";
    write_tiny_llama(base, 1);
    write_random_lora(dir_.path() / "lora.gguf", base, 4, 2, 8.0F);
    const auto model = load(base);
    ASSERT_NE(model, nullptr);
    const llama_adapter_lora_ptr adapter(
        llama_adapter_lora_init(model.get(), (dir_.path() / "lora.gguf").c_str())
    );
    ASSERT_NE(adapter, nullptr);
    const auto tokens = tokenize(model.get(), "the other");
    const auto plain = make_context(model.get(), false);
    const auto adapted = make_context(model.get(), false);
    llama_adapter_lora* adapters[] = {adapter.get()};
    float scales[] = {1.0F};
    ASSERT_EQ(llama_set_adapters_lora(adapted.get(), adapters, 1, scales), 0);
    EXPECT_NE(last_logits(plain.get(), tokens), last_logits(adapted.get(), tokens));
}

TEST_F(TinyModelsTest, lora_fits_a_bert_model) {
    const auto base = dir_.path() / "bert.gguf";
    write_tiny_bert(base, 1);
    write_random_lora(dir_.path() / "lora.gguf", base, 2, 2, 8.0F);
    const auto model = load(base);
    const llama_adapter_lora_ptr adapter(
        llama_adapter_lora_init(model.get(), (dir_.path() / "lora.gguf").c_str())
    );
    EXPECT_NE(adapter, nullptr);
}

TEST_F(TinyModelsTest, control_vector_applies_and_changes_the_answer) {
    const auto base = dir_.path() / "a.gguf";
    write_tiny_llama(base, 1);
    write_control_vector(dir_.path() / "direction.gguf", 2, 64, 5);
    const auto file = GgufFile::open(dir_.path() / "direction.gguf");
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_EQ(file->tensors().size(), 1U);
    EXPECT_EQ(file->tensors()[0].name, "direction.1");
    const auto bytes = file->read_tensor(file->tensors()[0]);
    ASSERT_TRUE(bytes);
    const auto model = load(base);
    const auto tokens = tokenize(model.get(), "the other");
    const auto plain = make_context(model.get(), false);
    const auto steered = make_context(model.get(), false);
    const auto* data = reinterpret_cast<const float*>(bytes->data());
    ASSERT_EQ(llama_set_adapter_cvec(steered.get(), data, bytes->size() / 4, 64, 1, 1), 0);
    EXPECT_NE(last_logits(plain.get(), tokens), last_logits(steered.get(), tokens));
}

TEST_F(TinyModelsTest, failures_name_the_file) {
    EXPECT_THROW(write_tiny_llama(dir_.path() / "none" / "a.gguf", 1), std::runtime_error);
    EXPECT_THROW(
        write_random_lora(dir_.path() / "l.gguf", dir_.path() / "none.gguf", 1, 1, 1.0F),
        std::runtime_error
    );
}

}  // namespace
}  // namespace mullama::test
