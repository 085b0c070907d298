#include "tests/support/scratch_dir.h"
#include "tests/support/tiny_models.h"
#include <mullama/adapter.h>
#include <mullama/gguf.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include <gtest/gtest.h>

namespace mullama {
namespace {

constexpr float kAlpha = 8.0F;
constexpr std::int64_t kRank = 4;
const std::vector<Token> kPrompt = {1, 40, 41, 42, 43, 44};

std::vector<float> read_floats(const GgufFile& file, const GgufTensor& tensor) {
    std::vector<float> values(tensor.size_bytes / sizeof(float));
    EXPECT_TRUE(file.read_tensor(tensor, std::as_writable_bytes(std::span(values))));
    return values;
}

std::vector<std::byte> bytes_of(const std::vector<float>& values) {
    const auto bytes = std::as_bytes(std::span(values));
    return {bytes.begin(), bytes.end()};
}

// Copies a GGUF file; `change` may alter what is written.
struct Copy {
    std::vector<GgufEntry> metadata;
    std::vector<GgufTensor> tensors;
    std::vector<std::vector<std::byte>> data;

    explicit Copy(const std::filesystem::path& path) {
        const auto file = GgufFile::open(path).value();
        metadata.assign(file.metadata().begin(), file.metadata().end());
        tensors.assign(file.tensors().begin(), file.tensors().end());
        for (const auto& tensor : tensors) data.push_back(file.read_tensor(tensor).value());
    }

    void set(const std::string& key, GgufValue value) {
        std::erase_if(metadata, [&](const auto& entry) { return entry.key == key; });
        metadata.push_back({key, std::move(value)});
    }

    void write(const std::filesystem::path& path) const {
        GgufWriter writer;
        for (const auto& [key, value] : metadata) EXPECT_TRUE(writer.set(key, value));
        for (std::size_t i = 0; i < tensors.size(); ++i) {
            const auto& tensor = tensors[i];
            EXPECT_TRUE(writer.add_tensor(tensor.name, tensor.type, tensor.shape, data[i]));
        }
        EXPECT_TRUE(writer.write(path));
    }
};

class AdapterTest : public ::testing::Test {
  protected:
    AdapterTest() {
        test::write_tiny_llama(model_path(), 1);
        test::write_random_lora(lora_path(), model_path(), kRank, 7, kAlpha);
        test::write_control_vector(vector_path(), 2, 64, 9);
        model_ = std::make_unique<Model>(load(model_path()));
    }

    std::filesystem::path path(const std::string& name) const { return dir_.path() / name; }
    std::filesystem::path model_path() const { return path("model.gguf"); }
    std::filesystem::path lora_path() const { return path("lora.gguf"); }
    std::filesystem::path vector_path() const { return path("vector.gguf"); }

    static Model load(const std::filesystem::path& path) {
        auto model = Model::load(path);
        EXPECT_TRUE(model) << model.error().message;
        return *std::move(model);
    }

    static Context make_context(const Model& model) {
        ContextOptions options;
        options.context_length = 256;
        options.threads = 1;
        return Context::create(model, options).value();
    }

    Adapter lora() const {
        auto adapter = Adapter::load(*model_, lora_path());
        EXPECT_TRUE(adapter) << adapter.error().message;
        return *std::move(adapter);
    }

    // The logits behind the prompt, computed anew.
    static std::vector<float> logits(Context& context) {
        context.memory().clear();
        Batch batch;
        for (std::size_t i = 0; i < kPrompt.size(); ++i) {
            const bool last = i + 1 == kPrompt.size();
            EXPECT_TRUE(batch.add(kPrompt[i], static_cast<Position>(i), 0, last));
        }
        const auto decoded = context.decode(batch);
        EXPECT_TRUE(decoded) << decoded.error().message;
        const auto row = context.logits(-1);
        EXPECT_TRUE(row) << row.error().message;
        return {row->begin(), row->end()};
    }

    static float difference(const std::vector<float>& a, const std::vector<float>& b) {
        float largest = 0.0F;
        for (std::size_t i = 0; i < a.size(); ++i) {
            largest = std::max(largest, std::fabs(a[i] - b[i]));
        }
        return largest;
    }

    Error refusal(const std::filesystem::path& path) const {
        const auto adapter = Adapter::load(*model_, path);
        EXPECT_FALSE(adapter);
        return adapter ? Error{} : adapter.error();
    }

    test::ScratchDir dir_;
    std::unique_ptr<Model> model_;
};

TEST_F(AdapterTest, changes_what_the_model_says_and_is_gone_when_removed) {
    auto context = make_context(*model_);
    const auto plain = logits(context);
    const auto adapter = lora();
    ASSERT_TRUE(add_adapter(context, adapter));
    EXPECT_GT(difference(logits(context), plain), 0.01F);
    ASSERT_TRUE(remove_adapter(context, adapter));
    EXPECT_EQ(logits(context), plain);
    EXPECT_TRUE(adapters(context).empty());
}

TEST_F(AdapterTest, works_as_strongly_as_its_scale_says) {
    auto context = make_context(*model_);
    const auto plain = logits(context);
    const auto adapter = lora();
    ASSERT_TRUE(add_adapter(context, adapter, 0.0F));
    EXPECT_EQ(logits(context), plain);
    ASSERT_TRUE(add_adapter(context, adapter, 0.01F));
    const auto weak = difference(logits(context), plain);
    ASSERT_TRUE(add_adapter(context, adapter, 1.0F));
    const auto strong = difference(logits(context), plain);
    EXPECT_GT(weak, 0.0F);
    EXPECT_GT(strong, 5.0F * weak);
    ASSERT_EQ(adapters(context).size(), 1U);
    EXPECT_EQ(adapters(context)[0].scale, 1.0F);
}

TEST_F(AdapterTest, equals_weights_that_it_was_merged_into) {
    const auto lora_file = GgufFile::open(lora_path()).value();
    Copy merged(model_path());
    std::size_t pairs = 0;
    for (std::size_t t = 0; t < merged.tensors.size(); ++t) {
        const auto& tensor = merged.tensors[t];
        const auto* a = lora_file.find_tensor(tensor.name + ".lora_a");
        const auto* b = lora_file.find_tensor(tensor.name + ".lora_b");
        if (a == nullptr || b == nullptr) continue;
        ++pairs;
        const auto down = read_floats(lora_file, *a);
        const auto up = read_floats(lora_file, *b);
        std::vector<float> weights(merged.data[t].size() / sizeof(float));
        std::memcpy(weights.data(), merged.data[t].data(), merged.data[t].size());
        const auto width = static_cast<std::size_t>(tensor.shape[0]);
        const auto rank = static_cast<std::size_t>(kRank);
        for (std::size_t i = 0; i < weights.size(); ++i) {
            for (std::size_t r = 0; r < rank; ++r) {
                weights[i] += kAlpha / static_cast<float>(kRank) * up[i / width * rank + r] *
                              down[r * width + i % width];
            }
        }
        merged.data[t] = bytes_of(weights);
    }
    ASSERT_GT(pairs, 0U);
    merged.write(path("merged.gguf"));
    auto merged_context = make_context(load(path("merged.gguf")));
    auto context = make_context(*model_);
    ASSERT_TRUE(add_adapter(context, lora()));
    EXPECT_LT(difference(logits(context), logits(merged_context)), 0.01F);
}

TEST_F(AdapterTest, adds_up_with_another_in_any_order) {
    test::write_random_lora(path("second.gguf"), model_path(), kRank, 8, kAlpha);
    const auto first = lora();
    const auto second = Adapter::load(*model_, path("second.gguf")).value();
    auto context = make_context(*model_);
    ASSERT_TRUE(set_adapters(context, std::vector<AdapterScale>{{first, 0.5F}, {second, 0.5F}}));
    const auto both = logits(context);
    ASSERT_TRUE(set_adapters(context, std::vector<AdapterScale>{{second, 0.5F}, {first, 0.5F}}));
    EXPECT_LT(difference(logits(context), both), 1e-3F);
    ASSERT_TRUE(set_adapters(context, {}));
    EXPECT_TRUE(adapters(context).empty());
}

TEST_F(AdapterTest, lives_as_long_as_a_context_uses_it) {
    auto context = make_context(*model_);
    const auto plain = logits(context);
    ASSERT_TRUE(add_adapter(context, lora()));
    EXPECT_GT(difference(logits(context), plain), 0.01F);
}

TEST_F(AdapterTest, keeps_its_model_alive) {
    auto adapter = lora();
    model_.reset();
    EXPECT_EQ(adapter.model().architecture(), "llama");
}

TEST_F(AdapterTest, tells_its_metadata) {
    const auto adapter = lora();
    EXPECT_EQ(adapter.alpha(), kAlpha);
    EXPECT_EQ(adapter.metadata().at("general.architecture"), "llama");
    EXPECT_TRUE(adapter.invocation_tokens().empty());
    Copy activated(lora_path());
    activated.set("adapter.alora.invocation_tokens", std::vector<std::uint32_t>{5, 6});
    activated.write(path("activated.gguf"));
    const auto loaded = Adapter::load(*model_, path("activated.gguf")).value();
    ASSERT_EQ(loaded.invocation_tokens().size(), 2U);
    EXPECT_EQ(loaded.invocation_tokens()[1], 6);
}

TEST_F(AdapterTest, for_another_model_is_refused) {
    test::write_tiny_llama(
        path("wide.gguf"), 1, {.embedding_length = 128, .vocab_file = {}, .chat_template = {}}
    );
    test::write_random_lora(path("wide_lora.gguf"), path("wide.gguf"), kRank, 1, kAlpha);
    const auto error = refusal(path("wide_lora.gguf"));
    EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
    EXPECT_NE(error.message.find("wrong base model"), std::string::npos) << error.message;
    const auto other = load(path("wide.gguf"));
    auto context = make_context(other);
    EXPECT_EQ(add_adapter(context, lora()).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(AdapterTest, that_is_none_or_damaged_is_refused) {
    EXPECT_EQ(refusal(path("missing.gguf")).code, ErrorCode::kNotFound);
    EXPECT_NE(refusal(model_path()).message.find("general.type is"), std::string::npos);
    const auto damaged = [&](auto change) {
        Copy copy(lora_path());
        change(copy);
        copy.write(path("damaged.gguf"));
        return refusal(path("damaged.gguf")).message;
    };
    EXPECT_NE(
        damaged([](Copy& copy) { copy.set("general.architecture", std::string("bert")); }
        ).find("bert instead of llama"),
        std::string::npos
    );
    EXPECT_NE(
        damaged([](Copy& copy) { copy.set("adapter.type", std::uint32_t{1}); }).find("missing"),
        std::string::npos
    );
    EXPECT_NE(
        damaged([](Copy& copy) { copy.set("adapter.lora.alpha", std::int32_t{1}); }).find("alpha"),
        std::string::npos
    );
    EXPECT_NE(
        damaged([](Copy& copy) {
            copy.set("adapter.alora.invocation_tokens", std::vector<std::uint32_t>{999999});
        }).find("999999"),
        std::string::npos
    );
    EXPECT_NE(
        damaged([](Copy& copy) {
            copy.tensors.pop_back();
            copy.data.pop_back();
        }).find("one half"),
        std::string::npos
    );
    EXPECT_NE(
        damaged([](Copy& copy) { copy.tensors[0].name = "blk.0.strange"; }).find("neither"),
        std::string::npos
    );
    EXPECT_NE(
        damaged([](Copy& copy) { copy.tensors[0].type = GgufTensorType::kI32; }).find("i32"),
        std::string::npos
    );
    EXPECT_NE(
        damaged([](Copy& copy) {
            copy.tensors.clear();
            copy.data.clear();
        }).find("no LoRA tensors"),
        std::string::npos
    );
}

TEST_F(AdapterTest, of_a_model_without_weights_is_refused) {
    ModelOptions options;
    options.vocab_only = true;
    const auto vocab = Model::load(model_path(), options).value();
    EXPECT_EQ(Adapter::load(vocab, lora_path()).error().code, ErrorCode::kUnsupported);
}

TEST_F(AdapterTest, sets_that_make_no_sense_change_nothing) {
    const auto adapter = lora();
    auto context = make_context(*model_);
    ASSERT_TRUE(add_adapter(context, adapter, 0.5F));
    const auto before = logits(context);
    EXPECT_FALSE(set_adapters(context, std::vector<AdapterScale>{{adapter, 1.0F}, {adapter, 2.0F}})
    );
    EXPECT_FALSE(add_adapter(context, adapter, std::numeric_limits<float>::quiet_NaN()));
    EXPECT_EQ(remove_adapter(context, lora()).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(logits(context), before);
}

TEST_F(AdapterTest, control_vector_changes_what_the_model_says_and_clearing_restores_it) {
    auto context = make_context(*model_);
    const auto plain = logits(context);
    const auto vector = load_control_vector(std::vector<ControlVectorFile>{{vector_path(), 2.0F}});
    ASSERT_TRUE(vector) << vector.error().message;
    EXPECT_EQ(vector->embedding_length, 64);
    EXPECT_EQ(vector->directions.size(), 64U);
    const auto set = set_control_vector(context, *vector);
    ASSERT_TRUE(set) << set.error().message;
    EXPECT_GT(difference(logits(context), plain), 0.01F);
    clear_control_vector(context);
    EXPECT_EQ(logits(context), plain);
}

TEST_F(AdapterTest, control_vectors_add_up_with_their_scales) {
    const auto one = load_control_vector(std::vector<ControlVectorFile>{{vector_path()}}).value();
    const auto sum = load_control_vector(
        std::vector<ControlVectorFile>{{vector_path(), 2.0F}, {vector_path(), -0.5F}}
    );
    ASSERT_TRUE(sum);
    for (std::size_t i = 0; i < one.directions.size(); ++i) {
        EXPECT_NEAR(sum->directions[i], 1.5F * one.directions[i], 1e-5F);
    }
}

TEST_F(AdapterTest, a_control_vector_is_an_adapter_too) {
    auto context = make_context(*model_);
    const auto plain = logits(context);
    ASSERT_TRUE(set_control_vector(
        context, load_control_vector(std::vector<ControlVectorFile>{{vector_path(), -0.5F}}).value()
    ));
    const auto expected = logits(context);
    clear_control_vector(context);

    const Adapter vector = Adapter::load(*model_, vector_path()).value();
    EXPECT_TRUE(vector.is_control_vector());
    EXPECT_EQ(vector.invocation_tokens().size(), 0U);
    ASSERT_TRUE(add_adapter(context, vector, -0.5F));
    EXPECT_EQ(logits(context), expected);
    ASSERT_TRUE(add_adapter(context, lora()));
    const auto both = logits(context);
    EXPECT_GT(difference(both, expected), 0.01F);
    ASSERT_TRUE(remove_adapter(context, vector));
    EXPECT_GT(difference(both, logits(context)), 0.01F);
    ASSERT_TRUE(set_adapters(context, {}));
    EXPECT_EQ(logits(context), plain);
}

TEST_F(AdapterTest, directions_of_adapters_add_up) {
    auto context = make_context(*model_);
    const Adapter one = Adapter::load(*model_, vector_path()).value();
    const Adapter other = Adapter::load(*model_, vector_path()).value();
    ASSERT_TRUE(add_adapter(context, one, 3.0F));
    const auto expected = logits(context);
    ASSERT_TRUE(set_adapters(context, std::vector<AdapterScale>{{one, 1.0F}, {other, 2.0F}}));
    EXPECT_LT(difference(logits(context), expected), 1e-4F);
}

TEST_F(AdapterTest, a_control_vector_beside_one_that_is_an_adapter_is_refused) {
    auto context = make_context(*model_);
    const ControlVector vector =
        load_control_vector(std::vector<ControlVectorFile>{{vector_path()}}).value();
    const Adapter adapter = Adapter::load(*model_, vector_path()).value();
    ASSERT_TRUE(set_control_vector(context, vector));
    const auto before = logits(context);
    EXPECT_EQ(add_adapter(context, adapter).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(logits(context), before);
    clear_control_vector(context);
    std::vector<AdapterScale> too_many;
    for (int i = 0; i < 64; ++i) {
        too_many.push_back({Adapter::load(*model_, vector_path()).value(), 3e38F});
    }
    const auto refused = set_adapters(context, too_many);
    ASSERT_FALSE(refused) << "their sum is not finite";
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
    ASSERT_TRUE(add_adapter(context, adapter));
    EXPECT_EQ(set_control_vector(context, vector).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(logits(context), before);
    test::write_control_vector(path("narrow.gguf"), 2, 32, 1);
    EXPECT_EQ(
        Adapter::load(*model_, path("narrow.gguf")).error().code, ErrorCode::kInvalidArgument
    );
}

TEST_F(AdapterTest, control_vector_leaves_nothing_of_the_one_before_it) {
    auto context = make_context(*model_);
    const auto plain = logits(context);
    const auto vector =
        load_control_vector(std::vector<ControlVectorFile>{{vector_path()}}).value();
    ASSERT_TRUE(set_control_vector(context, vector));
    ASSERT_TRUE(set_control_vector(context, {.embedding_length = 64, .directions = {}}));
    EXPECT_EQ(logits(context), plain);
}

TEST_F(AdapterTest, control_vectors_that_do_not_fit_are_refused) {
    auto context = make_context(*model_);
    const auto load = [&](const std::string& name) {
        return load_control_vector(std::vector<ControlVectorFile>{{path(name)}});
    };
    test::write_control_vector(path("narrow.gguf"), 2, 32, 1);
    EXPECT_EQ(
        set_control_vector(context, load("narrow.gguf").value()).error().code,
        ErrorCode::kInvalidArgument
    );
    test::write_control_vector(path("deep.gguf"), 9, 64, 1);
    const auto deep = load("deep.gguf").value();
    EXPECT_EQ(deep.directions.size(), 8U * 64U);
    EXPECT_EQ(set_control_vector(context, deep).error().code, ErrorCode::kInvalidArgument);
    EXPECT_FALSE(load_control_vector(
        std::vector<ControlVectorFile>{{path("narrow.gguf")}, {path("deep.gguf")}}
    ));
    const auto vector = load("vector.gguf").value();
    EXPECT_FALSE(set_control_vector(context, vector, 0));
    EXPECT_FALSE(set_control_vector(context, vector, 1, 2));
    EXPECT_FALSE(set_control_vector(context, vector, 1, 0));
    EXPECT_FALSE(set_control_vector(context, {}));
    EXPECT_EQ(load("missing.gguf").error().code, ErrorCode::kNotFound);
    EXPECT_EQ(load("model.gguf").error().code, ErrorCode::kCorrupt);
    EXPECT_FALSE(load_control_vector({}));
    EXPECT_FALSE(load_control_vector(
        std::vector<ControlVectorFile>{{vector_path(), std::numeric_limits<float>::infinity()}}
    ));
}

}  // namespace
}  // namespace mullama
