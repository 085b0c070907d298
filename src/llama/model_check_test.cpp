#include "llama/model_check.h"

#include "llama/model_values.h"
#include "llama/tiny_model.h"
#include "tests/support/scratch_dir.h"
#include <mullama/context.h>

#include <functional>
#include <limits>

#include <gtest/gtest.h>

namespace mullama {
namespace {

using test::TinyModel;

struct Damage {
    const char* name;
    std::function<void(TinyModel&)> apply;
    const char* says;  // part of the message
};

Damage set(const char* name, const char* key, GgufValue value, const char* says) {
    return {name, [key, value](TinyModel& tiny) { tiny.set(key, value); }, says};
}

Damage drop(const char* name, const char* key, const char* says) {
    return {name, [key](TinyModel& tiny) { tiny.drop(key); }, says};
}

std::vector<std::string> repeated(std::string text, std::size_t count) {
    return std::vector<std::string>(count, std::move(text));
}

std::vector<Damage> damages() {
    constexpr std::uint32_t kMost = std::numeric_limits<std::uint32_t>::max();
    return {
        drop("no_architecture", "general.architecture", "general.architecture"),
        set("architecture_of_another_type",
            "general.architecture",
            std::uint32_t{1},
            "general.architecture"),
        drop("no_layers", "llama.block_count", "block_count"),
        set("zero_layers", "llama.block_count", std::uint32_t{0}, "block_count"),
        set("absurd_layers", "llama.block_count", kMost, "block_count"),
        set("negative_layers", "llama.block_count", std::int32_t{-1}, "block_count"),
        set("layers_as_text", "llama.block_count", std::string("2"), "block_count"),
        set("more_extra_layers_than_layers",
            "llama.nextn_predict_layers",
            std::uint32_t{3},
            "nextn_predict_layers"),
        set("zero_width", "llama.embedding_length", std::uint32_t{0}, "embedding_length"),
        set("absurd_width", "llama.embedding_length", kMost, "embedding_length"),
        set("zero_context", "llama.context_length", std::uint32_t{0}, "context_length"),
        set("absurd_context", "llama.context_length", kMost, "context_length"),
        set("zero_heads", "llama.attention.head_count", std::uint32_t{0}, "no heads"),
        set("zero_heads_kv", "llama.attention.head_count_kv", std::uint32_t{0}, "no heads"),
        drop("no_heads", "llama.attention.head_count", "head_count"),
        set("absurd_heads", "llama.attention.head_count", kMost, "head_count"),
        set("too_few_heads_in_a_list",
            "llama.attention.head_count",
            std::vector<std::uint32_t>{4},
            "head_count"),
        set("a_zero_in_a_list_of_heads",
            "llama.attention.head_count",
            std::vector<std::uint32_t>{4, 0},
            "layer 1"),
        set("heads_as_floats", "llama.attention.head_count", std::vector<float>{4, 4}, "head_count"
        ),
        set("absurd_experts", "llama.expert_count", std::uint32_t{1025}, "expert_count"),
        set("experts_used_without_experts",
            "llama.expert_used_count",
            std::uint32_t{1},
            "expert_used_count"),
        set("expert_groups_without_experts",
            "llama.expert_group_count",
            std::uint32_t{2},
            "expert_group_count"),
        set("unknown_rope_scaling", "llama.rope.scaling.type", std::string("bent"), "bent"),
        set("rope_scaling_as_number",
            "llama.rope.scaling.type",
            std::uint32_t{1},
            "rope.scaling.type"),
        set("unknown_pooling", "llama.pooling_type", std::uint32_t{17}, "pooling_type"),
        set("absurd_head_width", "llama.attention.key_length", kMost, "key_length"),
        set("absurd_vocabulary", "llama.vocab_size", kMost, "vocab_size"),
        set("negative_epsilon", "llama.attention.layer_norm_rms_epsilon", -1.0F, "epsilon"),
        drop("no_tokenizer", "tokenizer.ggml.model", "tokenizer.ggml.model"),
        set("tokenizer_of_another_type",
            "tokenizer.ggml.model",
            std::uint32_t{2},
            "tokenizer.ggml.model"),
        drop("no_tokens", "tokenizer.ggml.tokens", "tokenizer.ggml.tokens"),
        set("tokens_of_another_type",
            "tokenizer.ggml.tokens",
            std::vector<std::uint32_t>{1, 2},
            "tokenizer.ggml.tokens"),
        set("empty_vocabulary", "tokenizer.ggml.tokens", std::vector<std::string>(), "0 tokens"),
        set("the_same_token_twice", "tokenizer.ggml.tokens", repeated("a", 300), "twice"),
        set("too_few_scores", "tokenizer.ggml.scores", std::vector<float>(299), "299"),
        set("scores_of_another_type",
            "tokenizer.ggml.scores",
            std::vector<std::uint8_t>(300),
            "scores"),
        set("too_few_token_types",
            "tokenizer.ggml.token_type",
            std::vector<std::int32_t>(2),
            "token_type"),
        set("token_types_as_text", "tokenizer.ggml.token_type", repeated("1", 300), "token_type"),
        {"a_missing_tensor",
         [](TinyModel& tiny) { tiny.drop_tensor("token_embd.weight"); },
         "token_embd.weight"},
        {"a_tensor_of_another_shape",
         [](TinyModel& tiny) { tiny.reshape("blk.0.attn_q.weight", {32, 31}); },
         "blk.0.attn_q.weight"},
        {"a_tensor_of_another_rank",
         [](TinyModel& tiny) { tiny.reshape("output_norm.weight", {4, 2, 2, 2}); },
         "output_norm.weight"},
        {"a_tensor_of_nothing",
         [](TinyModel& tiny) { tiny.reshape("blk.0.ffn_up.weight", {32, 0}); },
         "blk.0.ffn_up.weight"},
        {"one_tensor_too_many",
         [](TinyModel& tiny) { tiny.add("blk.7.surprise.weight", {32}); },
         "tensors"},
    };
}

class DamagedModel : public testing::TestWithParam<Damage> {};

TEST_P(DamagedModel, is_refused_with_the_reason) {
    const test::ScratchDir dir;
    TinyModel tiny = test::tiny_llama();
    GetParam().apply(tiny);
    tiny.write(dir.path() / "tiny.gguf");
    const auto model = Model::load(dir.path() / "tiny.gguf");
    ASSERT_FALSE(model);
    EXPECT_EQ(model.error().code, ErrorCode::kCorrupt) << model.error().message;
    EXPECT_NE(model.error().message.find(GetParam().says), std::string::npos)
        << model.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    Tiny,
    DamagedModel,
    testing::ValuesIn(damages()),
    [](const testing::TestParamInfo<Damage>& damage) { return std::string(damage.param.name); }
);

struct Kind {
    const char* name;
    TinyModel (*make)();
};

class EveryArchitecture : public testing::TestWithParam<Kind> {
  protected:
    // Loads the model and, where that works, computes with it. Nothing may crash.
    void use(const TinyModel& tiny) const {
        tiny.write(path_);
        const auto model = Model::load(path_);
        if (!model) return;
        static_cast<void>(model->vocab().tokenize("a text", true, true));
        auto context =
            Context::create(*model, {.context_length = 256, .threads = 1, .embeddings = true});
        if (!context) return;
        Batch batch;
        for (Position i = 0; i < 4; ++i) {
            ASSERT_TRUE(batch.add(std::min(i, model->vocab().size() - 1), i, 0, true));
        }
        if (model->has_encoder() && !context->encode(batch)) return;
        static_cast<void>(context->decode(batch));
    }

    const test::ScratchDir dir_;
    const std::filesystem::path path_ = dir_.path() / "tiny.gguf";
};

TEST_P(EveryArchitecture, loads_and_computes) {
    GetParam().make().write(path_);
    const auto model = Model::load(path_);
    ASSERT_TRUE(model) << model.error().message;
    const auto context = Context::create(*model);
    EXPECT_TRUE(context) << context.error().message;
}

TEST_P(EveryArchitecture, survives_any_value_of_any_key) {
    const std::vector<GgufValue> values = {
        std::uint32_t{0},
        std::uint32_t{1},
        std::uint32_t{3},
        std::uint32_t{100'000},
        std::numeric_limits<std::uint32_t>::max(),
        std::int32_t{-1},
        std::numeric_limits<std::uint64_t>::max(),
        -1.0F,
        std::numeric_limits<float>::quiet_NaN(),
        true,
        std::string(),
        std::string("x"),
        std::vector<std::uint32_t>(),
        std::vector<std::int32_t>{-1, -1},
        std::vector<std::uint32_t>{0, 4},
        std::vector<float>(2, 0.0F),
        std::vector<std::string>{"", ""},
    };
    const TinyModel sound = GetParam().make();
    for (const GgufEntry& entry : sound.metadata) {
        for (const GgufValue& value : values) {
            TinyModel tiny = sound;
            tiny.set(entry.key, value);
            use(tiny);
        }
        TinyModel tiny = sound;
        tiny.drop(entry.key);
        use(tiny);
    }
}

TEST_P(EveryArchitecture, survives_any_damage_to_any_tensor) {
    const TinyModel sound = GetParam().make();
    for (const TinyModel::Tensor& tensor : sound.tensors) {
        if (tensor.name.find("blk.1.") != std::string::npos) continue;  // as the layer before
        TinyModel tiny = sound;
        tiny.drop_tensor(tensor.name);
        use(tiny);
        for (const std::vector<std::int64_t>& shape :
             std::vector<std::vector<std::int64_t>>{{1}, {32, 32}, {1, 1, 1, 1}, {0}}) {
            tiny = sound;
            tiny.reshape(tensor.name, shape);
            use(tiny);
        }
        for (const GgufTensorType type :
             {GgufTensorType::kI32,
              GgufTensorType::kF16,
              GgufTensorType::kQ8_0,
              GgufTensorType::kQ8_1}) {
            const auto bytes = tensor_bytes(type, tensor.shape);
            if (!bytes) continue;
            tiny = sound;
            for (TinyModel::Tensor& changed : tiny.tensors) {
                if (changed.name != tensor.name) continue;
                changed.type = type;
                changed.bytes.assign(*bytes, std::byte{0x5A});
            }
            use(tiny);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    Tiny,
    EveryArchitecture,
    testing::Values(
        Kind{"llama", test::tiny_llama},
        Kind{"gpt2", test::tiny_gpt2},
        Kind{"bert", test::tiny_bert},
        Kind{"mamba", test::tiny_mamba},
        Kind{"t5", test::tiny_t5}
    ),
    [](const testing::TestParamInfo<Kind>& kind) { return std::string(kind.param.name); }
);

TEST(ModelCheck, takes_overrides_for_what_the_file_says) {
    const test::ScratchDir dir;
    TinyModel tiny = test::tiny_llama();
    tiny.set("llama.rope.scaling.type", std::string("none"));
    tiny.write(dir.path() / "tiny.gguf");
    const auto file = GgufFile::open(dir.path() / "tiny.gguf");
    ASSERT_TRUE(file);
    const std::vector<MetadataOverride> none;
    const std::vector<MetadataOverride> zero = {{"llama.block_count", std::int64_t{0}}};
    EXPECT_TRUE(check_model(std::span(&*file, 1), none, false));
    EXPECT_FALSE(check_model(std::span(&*file, 1), zero, false));
    EXPECT_TRUE(check_model(std::span(&*file, 1), zero, true));
    EXPECT_EQ(architecture_of(*file), "llama");
}

}  // namespace
}  // namespace mullama
