#include "tests/support/scratch_dir.h"
#include "tests/support/tiny_models.h"
#include <mullama/context.h>
#include <mullama/gguf.h>
#include <mullama/model.h>
#include <mullama/vocab.h>

#include <cstring>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

// Files that are well-formed GGUF and lie about the model inside: loading or running one may fail
// with an error, but nothing may end the process.
namespace mullama::test {
namespace {

// Loads the model and computes a few tokens.
Result<void> answer(const std::filesystem::path& path) {
    const auto model = Model::load(path);
    if (!model) return model.error();
    ContextOptions options;
    options.context_length = 64;
    options.threads = 1;
    auto context = Context::create(*model, options);
    if (!context) return context.error();
    const auto tokens = model->vocab().tokenize("the other hand.", true, false);
    if (!tokens) return tokens.error();
    Batch batch;
    for (const Token token : *tokens) {
        const auto added = batch.add(token, batch.size(), 0, true);
        if (!added) return added.error();
        std::ignore = model->vocab().piece(token);
    }
    return context->decode(batch);
}

// Exit statuses of a child; no sanitizer or library uses the second.
constexpr int kAnswered = 0;
constexpr int kRefused = 42;

// How a child process that runs `answer` ends: with one of the statuses above, else in words.
std::string outcome(const std::filesystem::path& path) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(60);
        const rlimit no_core{0, 0};
        ::setrlimit(RLIMIT_CORE, &no_core);
        ::_exit(answer(path) ? kAnswered : kRefused);
    }
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child) return "not started";
    if (WIFSIGNALED(status)) return ::strsignal(WTERMSIG(status));
    if (WEXITSTATUS(status) == kAnswered) return "answered";
    if (WEXITSTATUS(status) == kRefused) return "refused";
    return "exit status " + std::to_string(WEXITSTATUS(status));
}

std::vector<GgufValue> hostile_values() {
    std::vector<GgufValue> values;
    for (const std::uint32_t number : {0U, 1U, 3U, 5U, 600U, 100'000U, 0x7FFFFFFFU, UINT32_MAX}) {
        values.emplace_back(number);
    }
    values.emplace_back(std::int32_t{-1});
    values.emplace_back(std::uint64_t{1} << 40);
    values.emplace_back(-1.0F);
    values.emplace_back(0.0F);
    values.emplace_back(std::numeric_limits<float>::quiet_NaN());
    values.emplace_back(true);
    values.emplace_back(std::string());
    values.emplace_back(std::string("x"));
    values.emplace_back(std::string(100'000, 'a'));
    values.emplace_back(std::vector<std::uint32_t>());
    values.emplace_back(std::vector<std::uint32_t>(2, 0x7FFFFFFF));
    values.emplace_back(std::vector<std::int32_t>(400, -5));
    values.emplace_back(std::vector<std::int32_t>(400, 99));
    values.emplace_back(std::vector<float>(400, 0.0F));
    values.emplace_back(std::vector<std::string>());
    values.emplace_back(std::vector<std::string>(400, ""));
    values.emplace_back(std::vector<std::string>(400, "\xFF\xFE"));
    return values;
}

class HostileModels : public testing::Test {
  protected:
    HostileModels() {
        TinyLlamaOptions options;
        options.layers = 1;
        options.embedding_length = 256;  // One block of the types with the longest blocks.
        options.feed_forward_length = 256;
        write_tiny_llama(base_path(), 1, options);
        base_ = *GgufFile::open(base_path());
    }

    std::filesystem::path base_path() const { return dir_.path() / "base.gguf"; }

    // The base model with `key` replaced or added; removed where `value` is not given.
    void write_with(const std::string& key, const std::optional<GgufValue>& value) {
        GgufWriter writer;
        for (const GgufEntry& entry : base_->metadata()) {
            if (entry.key == key) continue;
            EXPECT_TRUE(writer.set(entry.key, entry.value));
        }
        // An alignment that is none cannot even be written.
        if (value && !writer.set(key, *value)) return;
        for (const GgufTensor& tensor : base_->tensors()) add(writer, tensor);
        save(writer);
    }

    // The base model with one tensor replaced; left out where `other` has no name.
    void write_with(const std::string& name, const GgufTensor& other) {
        GgufWriter writer;
        for (const GgufEntry& entry : base_->metadata()) {
            EXPECT_TRUE(writer.set(entry.key, entry.value));
        }
        for (const GgufTensor& tensor : base_->tensors()) {
            if (tensor.name != name) {
                add(writer, tensor);
            } else if (!other.name.empty()) {
                const auto size = tensor_bytes(other.type, other.shape);
                std::vector<std::byte> bytes(size.value_or(0), std::byte{0x11});
                std::ignore = writer.add_tensor(other.name, other.type, other.shape, bytes);
            }
        }
        save(writer);
    }

    void expect_alive(const std::string& what) {
        const std::string end = outcome(hostile_path());
        EXPECT_TRUE(end == "answered" || end == "refused") << what << ": " << end;
    }

    // The base model without `key`, and with every hostile value in its place.
    void try_values(const std::string& key) {
        write_with(key, std::nullopt);
        expect_alive(key + " removed");
        const std::vector<GgufValue> values = hostile_values();
        for (std::size_t i = 0; i < values.size(); ++i) {
            write_with(key, values[i]);
            expect_alive(key + " as value " + std::to_string(i));
        }
    }

    std::filesystem::path hostile_path() const { return dir_.path() / "hostile.gguf"; }

    ScratchDir dir_;
    std::optional<GgufFile> base_;

  private:
    // Not by GgufWriter::write(), which waits for the disk each time.
    void save(const GgufWriter& writer) {
        const auto bytes = *writer.to_bytes();
        std::ofstream stream(hostile_path(), std::ios::binary);
        stream.write(
            reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size())
        );
        EXPECT_TRUE(stream.flush());
    }

    void add(GgufWriter& writer, const GgufTensor& tensor) {
        auto bytes = base_->read_tensor(tensor);
        EXPECT_TRUE(writer.add_tensor(tensor.name, tensor.type, tensor.shape, std::move(*bytes)));
    }
};

TEST_F(HostileModels, the_base_model_answers) {
    EXPECT_EQ(outcome(base_path()), "answered");
}

TEST_F(HostileModels, no_value_of_a_key_it_has_ends_the_process) {
    for (const GgufEntry& entry : base_->metadata()) try_values(entry.key);
}

TEST_F(HostileModels, no_value_of_a_key_it_lacks_ends_the_process) {
    for (const char* key :
         {"general.alignment",
          "llama.vocab_size",
          "llama.attention.key_length",
          "llama.attention.value_length",
          "llama.attention.sliding_window",
          "llama.rope.freq_base",
          "llama.rope.scaling.type",
          "llama.rope.scaling.factor",
          "llama.expert_count",
          "llama.expert_used_count",
          "llama.expert_group_count",
          "llama.nextn_predict_layers",
          "llama.pooling_type",
          "split.no",
          "split.count",
          "tokenizer.chat_template",
          "tokenizer.ggml.eot_token_id",
          "tokenizer.ggml.suppress_tokens",
          "tokenizer.ggml.precompiled_charsmap"}) {
        try_values(key);
    }
}

TEST_F(HostileModels, no_tensor_type_ends_the_process) {
    for (const char* name :
         {"token_embd.weight",
          "blk.0.attn_norm.weight",
          "blk.0.attn_q.weight",
          "blk.0.ffn_down.weight",
          "output.weight"}) {
        for (std::uint32_t number = 0; number < 43; ++number) {
            GgufTensor other = *base_->find_tensor(name);
            other.type = static_cast<GgufTensorType>(number);
            if (!tensor_bytes(other.type, other.shape)) continue;
            write_with(name, other);
            expect_alive(std::string(name) + " as " + std::string(to_string(other.type)));
        }
    }
}

TEST_F(HostileModels, no_tensor_shape_ends_the_process) {
    using Shape = std::vector<std::int64_t>;
    const std::vector<Shape> shapes = {
        {},
        {0},
        {1},
        {256},
        {256, 0},
        {0, 256},
        {256, 256, 0},
        {256, 256, 3},
        {1, 1, 256, 256},
    };
    for (const GgufTensor& tensor : base_->tensors()) {
        write_with(tensor.name, GgufTensor{});
        expect_alive(tensor.name + " removed");
        for (std::size_t i = 0; i < shapes.size(); ++i) {
            GgufTensor other = tensor;
            other.shape = shapes[i];
            write_with(tensor.name, other);
            expect_alive(tensor.name + " in shape " + std::to_string(i));
        }
    }
}

}  // namespace
}  // namespace mullama::test
