#include "llama/tiny_model.h"

#include <algorithm>
#include <random>
#include <span>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

namespace mullama::test {
namespace {

constexpr std::int64_t kLayers = 2;
constexpr std::int64_t kWidth = 32;
constexpr std::int64_t kHeads = 4;
constexpr std::int64_t kForward = 64;
constexpr std::int64_t kContext = 64;
constexpr std::int64_t kTokens = 300;

std::vector<std::byte> random_floats(std::size_t count) {
    static std::mt19937 random(7);
    std::normal_distribution<float> normal(0.0F, 0.1F);
    std::vector<float> values(count);
    std::generate(values.begin(), values.end(), [&] { return normal(random); });
    std::vector<std::byte> bytes(count * sizeof(float));
    std::ranges::copy(std::as_bytes(std::span(values)), bytes.begin());
    return bytes;
}

std::size_t elements(const std::vector<std::int64_t>& shape) {
    std::size_t count = 1;
    for (const std::int64_t extent : shape) count *= static_cast<std::size_t>(extent);
    return count;
}

// <unk>, <s>, </s>, all bytes, letters with and without a space before them.
void add_vocabulary(TinyModel& model) {
    std::vector<std::string> tokens = {"<unk>", "<s>", "</s>"};
    std::vector<std::int32_t> types = {2, 3, 3};
    for (int byte = 0; byte < 256; ++byte) {
        tokens.push_back(fmt::format("<0x{:02X}>", byte));
        types.push_back(6);
    }
    tokens.emplace_back("▁");
    types.push_back(1);
    for (char letter = 'a'; tokens.size() < kTokens; ++letter) {
        const bool spaced = letter > 'z';
        const auto base = static_cast<char>(spaced ? letter - 26 : letter);
        tokens.push_back((spaced ? "▁" : "") + std::string(1, base));
        types.push_back(1);
    }
    model.set("tokenizer.ggml.model", std::string("llama"));
    model.set("tokenizer.ggml.scores", std::vector<float>(tokens.size(), -1.0F));
    model.set("tokenizer.ggml.token_type", types);
    model.set("tokenizer.ggml.tokens", tokens);
    model.set("tokenizer.ggml.bos_token_id", std::uint32_t{1});
    model.set("tokenizer.ggml.eos_token_id", std::uint32_t{2});
    model.set("tokenizer.ggml.unknown_token_id", std::uint32_t{0});
}

TinyModel base(const std::string& architecture) {
    TinyModel model;
    const std::string prefix = architecture + ".";
    model.set("general.architecture", architecture);
    model.set("general.name", std::string("tiny"));
    model.set(prefix + "block_count", static_cast<std::uint32_t>(kLayers));
    model.set(prefix + "context_length", static_cast<std::uint32_t>(kContext));
    model.set(prefix + "embedding_length", static_cast<std::uint32_t>(kWidth));
    model.set(prefix + "feed_forward_length", static_cast<std::uint32_t>(kForward));
    model.set(prefix + "attention.layer_norm_rms_epsilon", 1e-5F);
    model.set(prefix + "attention.layer_norm_epsilon", 1e-5F);
    add_vocabulary(model);
    model.add("token_embd.weight", {kWidth, kTokens});
    return model;
}

void set_heads(TinyModel& model, const std::string& architecture, std::int64_t heads_kv) {
    model.set(architecture + ".attention.head_count", static_cast<std::uint32_t>(kHeads));
    model.set(architecture + ".attention.head_count_kv", static_cast<std::uint32_t>(heads_kv));
}

// A weight and its bias.
void add_linear(TinyModel& model, const std::string& name, std::int64_t in, std::int64_t out) {
    model.add(name + ".weight", {in, out});
    model.add(name + ".bias", {out});
}

void add_norm(TinyModel& model, const std::string& name) {
    model.add(name + ".weight", {kWidth});
    model.add(name + ".bias", {kWidth});
}

void add_t5_layer(TinyModel& model, const std::string& block) {
    model.add(block + "attn_norm.weight", {kWidth});
    for (const auto* part : {"attn_q", "attn_k", "attn_v", "attn_o"}) {
        model.add(block + part + ".weight", {kWidth, kWidth});
    }
    model.add(block + "ffn_norm.weight", {kWidth});
    model.add(block + "ffn_up.weight", {kWidth, kForward});
    model.add(block + "ffn_down.weight", {kForward, kWidth});
}

}  // namespace

void TinyModel::set(std::string_view key, GgufValue value) {
    const auto found = std::find_if(metadata.begin(), metadata.end(), [&](const GgufEntry& entry) {
        return entry.key == key;
    });
    if (found != metadata.end()) {
        found->value = std::move(value);
    } else {
        metadata.push_back({std::string(key), std::move(value)});
    }
}

void TinyModel::drop(std::string_view key) {
    std::erase_if(metadata, [&](const GgufEntry& entry) { return entry.key == key; });
}

void TinyModel::add(std::string name, std::vector<std::int64_t> shape) {
    std::vector<std::byte> bytes = random_floats(elements(shape));
    tensors.push_back({std::move(name), GgufTensorType::kF32, std::move(shape), std::move(bytes)});
}

void TinyModel::reshape(std::string_view name, std::vector<std::int64_t> shape) {
    drop_tensor(name);
    add(std::string(name), std::move(shape));
}

void TinyModel::drop_tensor(std::string_view name) {
    std::erase_if(tensors, [&](const Tensor& tensor) { return tensor.name == name; });
}

void TinyModel::write(const std::filesystem::path& path) const {
    GgufWriter writer;
    const auto check = [](const Result<void>& result) {
        if (!result) throw std::runtime_error(result.error().message);
    };
    for (const GgufEntry& entry : metadata) check(writer.set(entry.key, entry.value));
    for (const Tensor& tensor : tensors) {
        check(writer.add_tensor(tensor.name, tensor.type, tensor.shape, tensor.bytes));
    }
    check(writer.write(path));
}

TinyModel tiny_llama() {
    constexpr std::int64_t kHeadsKv = 2;
    constexpr std::int64_t kWidthKv = kWidth / kHeads * kHeadsKv;
    TinyModel model = base("llama");
    set_heads(model, "llama", kHeadsKv);
    model.add("output_norm.weight", {kWidth});
    for (std::int64_t layer = 0; layer < kLayers; ++layer) {
        const std::string block = fmt::format("blk.{}.", layer);
        model.add(block + "attn_norm.weight", {kWidth});
        model.add(block + "attn_q.weight", {kWidth, kWidth});
        model.add(block + "attn_k.weight", {kWidth, kWidthKv});
        model.add(block + "attn_v.weight", {kWidth, kWidthKv});
        model.add(block + "attn_output.weight", {kWidth, kWidth});
        model.add(block + "ffn_norm.weight", {kWidth});
        model.add(block + "ffn_gate.weight", {kWidth, kForward});
        model.add(block + "ffn_up.weight", {kWidth, kForward});
        model.add(block + "ffn_down.weight", {kForward, kWidth});
    }
    return model;
}

TinyModel tiny_gpt2() {
    TinyModel model = base("gpt2");
    set_heads(model, "gpt2", kHeads);
    model.add("position_embd.weight", {kWidth, kContext});
    add_norm(model, "output_norm");
    for (std::int64_t layer = 0; layer < kLayers; ++layer) {
        const std::string block = fmt::format("blk.{}.", layer);
        add_norm(model, block + "attn_norm");
        add_linear(model, block + "attn_qkv", kWidth, 3 * kWidth);
        add_linear(model, block + "attn_output", kWidth, kWidth);
        add_norm(model, block + "ffn_norm");
        add_linear(model, block + "ffn_up", kWidth, kForward);
        add_linear(model, block + "ffn_down", kForward, kWidth);
    }
    return model;
}

TinyModel tiny_bert() {
    TinyModel model = base("bert");
    set_heads(model, "bert", kHeads);
    model.set("bert.attention.causal", false);
    model.set("bert.pooling_type", std::uint32_t{1});
    model.set("tokenizer.ggml.token_type_count", std::uint32_t{2});
    model.add("token_types.weight", {kWidth, 2});
    model.add("position_embd.weight", {kWidth, kContext});
    add_norm(model, "token_embd_norm");
    for (std::int64_t layer = 0; layer < kLayers; ++layer) {
        const std::string block = fmt::format("blk.{}.", layer);
        for (const auto* part : {"attn_q", "attn_k", "attn_v", "attn_output"}) {
            add_linear(model, block + part, kWidth, kWidth);
        }
        add_norm(model, block + "attn_output_norm");
        add_linear(model, block + "ffn_up", kWidth, kForward);
        add_linear(model, block + "ffn_down", kForward, kWidth);
        add_norm(model, block + "layer_output_norm");
    }
    return model;
}

TinyModel tiny_mamba() {
    constexpr std::int64_t kInner = 2 * kWidth;
    constexpr std::int64_t kState = 8;
    constexpr std::int64_t kKernel = 4;
    constexpr std::int64_t kRank = 4;
    TinyModel model = base("mamba");
    model.set("mamba.attention.head_count", std::uint32_t{0});
    model.set("mamba.ssm.conv_kernel", static_cast<std::uint32_t>(kKernel));
    model.set("mamba.ssm.inner_size", static_cast<std::uint32_t>(kInner));
    model.set("mamba.ssm.state_size", static_cast<std::uint32_t>(kState));
    model.set("mamba.ssm.time_step_rank", static_cast<std::uint32_t>(kRank));
    model.add("output_norm.weight", {kWidth});
    for (std::int64_t layer = 0; layer < kLayers; ++layer) {
        const std::string block = fmt::format("blk.{}.", layer);
        model.add(block + "attn_norm.weight", {kWidth});
        model.add(block + "ssm_in.weight", {kWidth, 2 * kInner});
        model.add(block + "ssm_conv1d.weight", {kKernel, kInner});
        model.add(block + "ssm_conv1d.bias", {kInner});
        model.add(block + "ssm_x.weight", {kInner, kRank + 2 * kState});
        add_linear(model, block + "ssm_dt", kRank, kInner);
        model.add(block + "ssm_a", {kState, kInner});
        model.add(block + "ssm_d", {kInner});
        model.add(block + "ssm_out.weight", {kInner, kWidth});
    }
    return model;
}

TinyModel tiny_t5() {
    constexpr std::int64_t kBuckets = 32;
    TinyModel model = base("t5");
    set_heads(model, "t5", kHeads);
    model.set("t5.attention.relative_buckets_count", static_cast<std::uint32_t>(kBuckets));
    model.set("t5.decoder_start_token_id", std::uint32_t{0});
    model.add("enc.output_norm.weight", {kWidth});
    model.add("dec.output_norm.weight", {kWidth});
    for (std::int64_t layer = 0; layer < kLayers; ++layer) {
        const std::string encoder = fmt::format("enc.blk.{}.", layer);
        add_t5_layer(model, encoder);
        model.add(encoder + "attn_rel_b.weight", {kHeads, kBuckets});
        const std::string decoder = fmt::format("dec.blk.{}.", layer);
        add_t5_layer(model, decoder);
        model.add(decoder + "attn_rel_b.weight", {kHeads, kBuckets});
        model.add(decoder + "cross_attn_norm.weight", {kWidth});
        for (const auto* part : {"cross_attn_q", "cross_attn_k", "cross_attn_v", "cross_attn_o"}) {
            model.add(decoder + part + ".weight", {kWidth, kWidth});
        }
    }
    return model;
}

}  // namespace mullama::test
