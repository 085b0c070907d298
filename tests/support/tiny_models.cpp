#include "tests/support/tiny_models.h"

#include "tests/support/tiny_builder.h"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

namespace mullama::test {
namespace {

// Token types as tokenizer.ggml.token_type has them: enum llama_token_type in llama.h.
constexpr std::int32_t kNormal = 1;
constexpr std::int32_t kUnknown = 2;
constexpr std::int32_t kControl = 3;
constexpr std::int32_t kByte = 6;

GgufFile open(const std::filesystem::path& path) {
    auto file = GgufFile::open(path);
    if (!file) throw std::runtime_error(file.error().message);
    return *file;
}

std::int64_t copy_vocabulary(TinyBuilder& model, const std::filesystem::path& path) {
    const GgufFile file = open(path);
    for (const GgufEntry& entry : file.metadata()) {
        if (entry.key.starts_with("tokenizer.ggml.")) model.set(entry.key, entry.value);
    }
    const auto* tokens = file.find("tokenizer.ggml.tokens");
    if (tokens == nullptr) throw std::runtime_error(path.string() + " has no vocabulary");
    return static_cast<std::int64_t>(std::get<std::vector<std::string>>(*tokens).size());
}

struct SmallVocabulary {
    std::vector<std::string> tokens;
    std::vector<float> scores;
    std::vector<std::int32_t> types;

    void add(std::string token, float score, std::int32_t type) {
        tokens.push_back(std::move(token));
        scores.push_back(score);
        types.push_back(type);
    }

    // Later words join less readily, as in a trained vocabulary.
    void add_word(const std::string& token) {
        add(token, -static_cast<float>(tokens.size()), kNormal);
    }
};

SmallVocabulary small_vocabulary() {
    SmallVocabulary vocabulary;
    vocabulary.add("<unk>", 0, kUnknown);
    vocabulary.add("<s>", 0, kControl);
    vocabulary.add("</s>", 0, kControl);
    for (int byte = 0; byte < 256; ++byte) {
        char name[8];
        std::snprintf(name, sizeof name, "<0x%02X>", static_cast<unsigned>(byte));
        vocabulary.add(name, 0, kByte);
    }
    const std::string space = "\xE2\x96\x81";
    for (const char* word : {"th", "he", "in", "er", "an", "the", "lo", "or", "ld"}) {
        vocabulary.add_word(word);
    }
    for (const char* word : {"", "t", "a", "w", "h", "the"}) vocabulary.add_word(space + word);
    for (char letter = 'a'; letter <= 'z'; ++letter) vocabulary.add_word({letter});
    for (char letter = '0'; letter <= '9'; ++letter) vocabulary.add_word({letter});
    for (const char letter : std::string(".,:;!?'\"-()\n<>")) vocabulary.add_word({letter});
    return vocabulary;
}

std::int64_t add_small_vocabulary(TinyBuilder& model) {
    const SmallVocabulary vocabulary = small_vocabulary();
    model.set("tokenizer.ggml.model", std::string("llama"));
    model.set("tokenizer.ggml.pre", std::string("default"));
    model.set("tokenizer.ggml.tokens", vocabulary.tokens);
    model.set("tokenizer.ggml.scores", vocabulary.scores);
    model.set("tokenizer.ggml.token_type", vocabulary.types);
    model.set_u32("tokenizer.ggml.unknown_token_id", 0);
    model.set_u32("tokenizer.ggml.bos_token_id", 1);
    model.set_u32("tokenizer.ggml.eos_token_id", 2);
    model.set("tokenizer.ggml.add_bos_token", true);
    return static_cast<std::int64_t>(vocabulary.tokens.size());
}

std::string in_layer(std::int64_t layer, const char* name) {
    return "blk." + std::to_string(layer) + "." + name;
}

constexpr std::int64_t kMambaInner = 128;  // twice the embedding length
constexpr std::int64_t kMambaKernel = 4;
constexpr std::int64_t kMambaRank = 4;
constexpr std::int64_t kMambaState = 8;
constexpr std::int64_t kShortConvolution = 3;

/// What all decoders tell of themselves, and their vocabulary, of which it gives the size.
std::int64_t begin_decoder(
    TinyBuilder& model, const std::string& architecture, const TinyLlamaOptions& options
) {
    model.set("general.architecture", architecture);
    model.set("general.name", "tiny " + architecture);
    model.set_u32("general.file_type", 0);
    model.set_u32(architecture + ".context_length", options.context_length);
    model.set_u32(architecture + ".embedding_length", options.embedding_length);
    model.set_u32(architecture + ".block_count", options.layers);
    model.set_u32(architecture + ".feed_forward_length", options.feed_forward_length);
    model.set(architecture + ".attention.layer_norm_rms_epsilon", 1e-5F);
    return options.vocab_file.empty() ? add_small_vocabulary(model)
                                      : copy_vocabulary(model, options.vocab_file);
}

void add_llama_layer(TinyBuilder& model, std::int64_t layer, const TinyLlamaOptions& options) {
    const std::int64_t width = options.embedding_length;
    const std::int64_t width_kv = width / options.heads * options.heads_kv;
    model.vector(in_layer(layer, "attn_norm.weight"), width, 1.0F, 0.1F);
    model.matrix(in_layer(layer, "attn_q.weight"), width, width);
    model.matrix(in_layer(layer, "attn_k.weight"), width, width_kv);
    model.matrix(in_layer(layer, "attn_v.weight"), width, width_kv);
    model.matrix(in_layer(layer, "attn_output.weight"), width, width);
    model.vector(in_layer(layer, "ffn_norm.weight"), width, 1.0F, 0.1F);
    model.matrix(in_layer(layer, "ffn_gate.weight"), width, options.feed_forward_length);
    model.matrix(in_layer(layer, "ffn_up.weight"), width, options.feed_forward_length);
    model.matrix(in_layer(layer, "ffn_down.weight"), options.feed_forward_length, width);
}

void add_mamba_layer(TinyBuilder& model, std::int64_t layer) {
    const std::int64_t width = TinyLlamaOptions().embedding_length;
    model.vector(in_layer(layer, "attn_norm.weight"), width, 1.0F, 0.1F);
    model.matrix(in_layer(layer, "ssm_in.weight"), width, 2 * kMambaInner);
    model.matrix(in_layer(layer, "ssm_conv1d.weight"), kMambaKernel, kMambaInner);
    model.vector(in_layer(layer, "ssm_conv1d.bias"), kMambaInner, 0.0F, 0.1F);
    model.matrix(in_layer(layer, "ssm_x.weight"), kMambaInner, kMambaRank + 2 * kMambaState);
    model.matrix(in_layer(layer, "ssm_dt.weight"), kMambaRank, kMambaInner);
    model.vector(in_layer(layer, "ssm_dt.bias"), kMambaInner, 0.0F, 0.1F);
    // Negative, so that the state fades.
    model.uniform(in_layer(layer, "ssm_a"), {kMambaState, kMambaInner}, -1.0F, 0.5F);
    model.vector(in_layer(layer, "ssm_d"), kMambaInner, 1.0F, 0.1F);
    model.matrix(in_layer(layer, "ssm_out.weight"), kMambaInner, width);
}

void add_lfm2_layer(TinyBuilder& model, std::int64_t layer, bool attends) {
    const TinyLlamaOptions sizes;
    const std::int64_t width = sizes.embedding_length;
    const std::int64_t head = width / sizes.heads;
    model.vector(in_layer(layer, "attn_norm.weight"), width, 1.0F, 0.1F);
    if (attends) {
        model.vector(in_layer(layer, "attn_q_norm.weight"), head, 1.0F, 0.1F);
        model.vector(in_layer(layer, "attn_k_norm.weight"), head, 1.0F, 0.1F);
        model.matrix(in_layer(layer, "attn_q.weight"), width, width);
        model.matrix(in_layer(layer, "attn_k.weight"), width, head * sizes.heads_kv);
        model.matrix(in_layer(layer, "attn_v.weight"), width, head * sizes.heads_kv);
        model.matrix(in_layer(layer, "attn_output.weight"), width, width);
    } else {
        model.matrix(in_layer(layer, "shortconv.conv.weight"), kShortConvolution, width);
        model.matrix(in_layer(layer, "shortconv.in_proj.weight"), width, 3 * width);
        model.matrix(in_layer(layer, "shortconv.out_proj.weight"), width, width);
    }
    model.vector(in_layer(layer, "ffn_norm.weight"), width, 1.0F, 0.1F);
    model.matrix(in_layer(layer, "ffn_gate.weight"), width, sizes.feed_forward_length);
    model.matrix(in_layer(layer, "ffn_up.weight"), width, sizes.feed_forward_length);
    model.matrix(in_layer(layer, "ffn_down.weight"), sizes.feed_forward_length, width);
}

constexpr std::int64_t kVisionWidth = 32;
constexpr std::int64_t kVisionFeedForward = 64;
constexpr std::int64_t kVisionHeads = 4;

constexpr std::int64_t kBertLayers = 2;
constexpr std::int64_t kBertWidth = 32;
constexpr std::int64_t kBertFeedForward = 64;
constexpr std::int64_t kBertHeads = 4;
constexpr std::int64_t kBertPositions = 512;

static_assert(kVisionWidth == kBertWidth);

void add_norm(TinyBuilder& model, const std::string& name) {
    model.vector(name + ".weight", kBertWidth, 1.0F, 0.1F);
    model.vector(name + ".bias", kBertWidth, 0.0F, 0.1F);
}

void add_linear(TinyBuilder& model, const std::string& name, std::int64_t in, std::int64_t out) {
    model.matrix(name + ".weight", in, out);
    model.vector(name + ".bias", out, 0.0F, 0.1F);
}

void add_bert_layer(TinyBuilder& model, std::int64_t layer) {
    for (const char* name : {"attn_q", "attn_k", "attn_v", "attn_output"}) {
        add_linear(model, in_layer(layer, name), kBertWidth, kBertWidth);
    }
    add_norm(model, in_layer(layer, "attn_output_norm"));
    add_linear(model, in_layer(layer, "ffn_up"), kBertWidth, kBertFeedForward);
    add_linear(model, in_layer(layer, "ffn_down"), kBertFeedForward, kBertWidth);
    add_norm(model, in_layer(layer, "layer_output_norm"));
}

struct VisionSizes {
    const char* projector;
    std::int64_t image;  // pixels of a side
    std::int64_t patch;  // pixels of a side
    std::int64_t merge;  // patches of a side that make one row
};

VisionSizes sizes_of(TinyProjectorKind kind) {
    switch (kind) {
        case TinyProjectorKind::kGemma:
            return {"gemma3", 32, 8, 2};
        case TinyProjectorKind::kJanus:
            return {"janus_pro", 32, 8, 1};
        case TinyProjectorKind::kQwen:
            return {"qwen2vl_merger", 32, 4, 2};
    }
    throw std::logic_error("no such kind of projector");
}

void add_vision_layer(TinyBuilder& model) {
    for (const char* name : {"attn_q", "attn_k", "attn_v", "attn_out"}) {
        add_linear(model, std::string("v.blk.0.") + name, kVisionWidth, kVisionWidth);
    }
    add_norm(model, "v.blk.0.ln1");
    add_norm(model, "v.blk.0.ln2");
    add_linear(model, "v.blk.0.ffn_up", kVisionWidth, kVisionFeedForward);
    add_linear(model, "v.blk.0.ffn_down", kVisionFeedForward, kVisionWidth);
}

void add_projection(TinyBuilder& model, TinyProjectorKind kind, std::int64_t length) {
    switch (kind) {
        case TinyProjectorKind::kGemma:
            model.matrix("mm.input_projection.weight", length, kVisionWidth);
            model.vector("mm.soft_emb_norm.weight", kVisionWidth, 1.0F, 0.1F);
            break;
        case TinyProjectorKind::kJanus:
            add_linear(model, "mm.0", kVisionWidth, length);
            add_linear(model, "mm.1", length, length);
            break;
        case TinyProjectorKind::kQwen:
            add_linear(model, "mm.0", 4 * kVisionWidth, 4 * kVisionWidth);
            add_linear(model, "mm.2", 4 * kVisionWidth, length);
            break;
    }
}

}  // namespace

std::filesystem::path vocab_path(std::string_view name) {
    const std::filesystem::path folder = std::filesystem::path(MULLAMA_LLAMA_SOURCE_DIR) / "models";
    return folder / ("ggml-vocab-" + std::string(name) + ".gguf");
}

std::vector<std::filesystem::path> vocab_paths() {
    const std::filesystem::path folder = vocab_path("").parent_path();
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const std::filesystem::path& path = entry.path();
        const bool named = path.filename().string().starts_with("ggml-vocab-");
        if (named && path.extension() == ".gguf") paths.push_back(path);
    }
    if (paths.empty()) throw std::runtime_error("no ggml-vocab-*.gguf in " + folder.string());
    std::sort(paths.begin(), paths.end());
    return paths;
}

void write_tiny_llama(
    const std::filesystem::path& path, std::uint64_t seed, const TinyLlamaOptions& options
) {
    TinyBuilder model(seed);
    const std::string& arch = options.architecture;
    const std::int64_t tokens = begin_decoder(model, arch, options);
    model.set_u32(arch + ".attention.head_count", options.heads);
    model.set_u32(arch + ".attention.head_count_kv", options.heads_kv);
    model.set_u32(arch + ".rope.dimension_count", options.embedding_length / options.heads);
    if (arch == "qwen2vl") {
        const auto pairs = static_cast<std::int32_t>(options.embedding_length / options.heads / 2);
        const std::int32_t side = pairs / 4;
        model.set(
            arch + ".rope.dimension_sections",
            std::vector<std::int32_t>{pairs - 2 * side, side, side, 0}
        );
    }
    if (!options.chat_template.empty()) {
        model.set("tokenizer.chat_template", options.chat_template);
    }
    model.matrix("token_embd.weight", options.embedding_length, tokens);
    for (std::int64_t layer = 0; layer < options.layers; ++layer) {
        add_llama_layer(model, layer, options);
    }
    model.vector("output_norm.weight", options.embedding_length, 1.0F, 0.1F);
    model.matrix("output.weight", options.embedding_length, tokens);
    model.write(path);
}

void write_tiny_mamba(const std::filesystem::path& path, std::uint64_t seed) {
    const TinyLlamaOptions sizes{.context_length = 1024};
    TinyBuilder model(seed);
    const std::int64_t tokens = begin_decoder(model, "mamba", sizes);
    model.set_u32("mamba.attention.head_count", 0);
    model.set_u32("mamba.ssm.conv_kernel", kMambaKernel);
    model.set_u32("mamba.ssm.inner_size", kMambaInner);
    model.set_u32("mamba.ssm.state_size", kMambaState);
    model.set_u32("mamba.ssm.time_step_rank", kMambaRank);
    model.matrix("token_embd.weight", sizes.embedding_length, tokens);
    for (std::int64_t layer = 0; layer < sizes.layers; ++layer) add_mamba_layer(model, layer);
    model.vector("output_norm.weight", sizes.embedding_length, 1.0F, 0.1F);
    model.matrix("output.weight", sizes.embedding_length, tokens);
    model.write(path);
}

void write_tiny_lfm2(const std::filesystem::path& path, std::uint64_t seed) {
    const TinyLlamaOptions sizes{.layers = 3, .context_length = 1024};
    TinyBuilder model(seed);
    const std::int64_t tokens = begin_decoder(model, "lfm2", sizes);
    model.set_u32("lfm2.attention.head_count", sizes.heads);
    const auto heads_kv = static_cast<std::int32_t>(sizes.heads_kv);
    model.set("lfm2.attention.head_count_kv", std::vector<std::int32_t>{0, heads_kv, 0});
    model.set_u32("lfm2.shortconv.l_cache", kShortConvolution);
    model.matrix("token_embd.weight", sizes.embedding_length, tokens);
    for (std::int64_t layer = 0; layer < sizes.layers; ++layer) {
        add_lfm2_layer(model, layer, /*attends=*/layer == 1);
    }
    model.vector("token_embd_norm.weight", sizes.embedding_length, 1.0F, 0.1F);
    model.matrix("output.weight", sizes.embedding_length, tokens);
    model.write(path);
}

void write_tiny_projector(
    const std::filesystem::path& path,
    std::uint64_t seed,
    TinyProjectorKind kind,
    std::int64_t embedding_length
) {
    const VisionSizes sizes = sizes_of(kind);
    TinyBuilder model(seed);
    model.set("general.architecture", std::string("clip"));
    model.set("general.name", std::string("tiny projector"));
    model.set_u32("general.file_type", 0);
    model.set("clip.has_vision_encoder", true);
    model.set("clip.projector_type", std::string(sizes.projector));
    model.set("clip.use_gelu", true);
    model.set_u32("clip.vision.embedding_length", kVisionWidth);
    model.set_u32("clip.vision.feed_forward_length", kVisionFeedForward);
    model.set_u32("clip.vision.block_count", 1);
    model.set_u32("clip.vision.projection_dim", embedding_length);
    model.set_u32("clip.vision.attention.head_count", kVisionHeads);
    model.set("clip.vision.attention.layer_norm_epsilon", 1e-6F);
    model.set_u32("clip.vision.image_size", sizes.image);
    model.set_u32("clip.vision.patch_size", sizes.patch);
    model.set_u32("clip.vision.projector.scale_factor", sizes.merge);
    model.set("clip.vision.image_mean", std::vector<float>(3, 0.5F));
    model.set("clip.vision.image_std", std::vector<float>(3, 0.5F));
    model.convolution("v.patch_embd.weight", sizes.patch, kVisionWidth);
    if (kind == TinyProjectorKind::kQwen) {
        model.convolution("v.patch_embd.weight.1", sizes.patch, kVisionWidth);
    } else {
        const std::int64_t side = sizes.image / sizes.patch;
        model.vector("v.patch_embd.bias", kVisionWidth, 0.0F, 0.1F);
        model.matrix("v.position_embd.weight", kVisionWidth, side * side);
    }
    add_vision_layer(model);
    add_norm(model, "v.post_ln");
    add_projection(model, kind, embedding_length);
    model.write(path);
}

void write_tiny_bert(const std::filesystem::path& path, std::uint64_t seed, TinyPooling pooling) {
    TinyBuilder model(seed);
    model.set("general.architecture", std::string("bert"));
    model.set("general.name", std::string("tiny bert"));
    model.set_u32("general.file_type", 0);
    model.set_u32("bert.context_length", kBertPositions);
    model.set_u32("bert.embedding_length", kBertWidth);
    model.set_u32("bert.block_count", kBertLayers);
    model.set_u32("bert.feed_forward_length", kBertFeedForward);
    model.set_u32("bert.attention.head_count", kBertHeads);
    model.set("bert.attention.layer_norm_epsilon", 1e-12F);
    model.set("bert.attention.causal", false);
    model.set("bert.pooling_type", static_cast<std::uint32_t>(pooling));
    const std::int64_t tokens = copy_vocabulary(model, vocab_path("bert-bge"));
    model.matrix("token_embd.weight", kBertWidth, tokens);
    model.matrix("position_embd.weight", kBertWidth, kBertPositions);
    model.matrix("token_types.weight", kBertWidth, 2);
    add_norm(model, "token_embd_norm");
    for (std::int64_t layer = 0; layer < kBertLayers; ++layer) add_bert_layer(model, layer);
    if (pooling == TinyPooling::kRank) {
        add_linear(model, "cls", kBertWidth, kBertWidth);
        add_linear(model, "cls.output", kBertWidth, 1);
    }
    model.write(path);
}

void write_random_lora(
    const std::filesystem::path& path,
    const std::filesystem::path& base_model,
    std::int64_t rank,
    std::uint64_t seed,
    float alpha
) {
    const GgufFile base = open(base_model);
    TinyBuilder adapter(seed);
    adapter.set("general.type", std::string("adapter"));
    adapter.set("general.architecture", *base.find("general.architecture"));
    adapter.set("adapter.type", std::string("lora"));
    adapter.set("adapter.lora.alpha", alpha);
    for (const GgufTensor& tensor : base.tensors()) {
        const bool in_layers = tensor.name.starts_with("blk.") && tensor.name.ends_with(".weight");
        if (!in_layers || tensor.shape.size() != 2) continue;
        adapter.matrix(tensor.name + ".lora_a", tensor.shape[0], rank);
        adapter.matrix(tensor.name + ".lora_b", rank, tensor.shape[1]);
    }
    adapter.write(path);
}

void write_control_vector(
    const std::filesystem::path& path,
    std::int64_t layers,
    std::int64_t embedding_length,
    std::uint64_t seed
) {
    TinyBuilder vectors(seed);
    vectors.set("general.architecture", std::string("controlvector"));
    vectors.set("controlvector.model_hint", std::string("llama"));
    vectors.set_u32("controlvector.layer_count", layers - 1);
    for (std::int64_t layer = 1; layer < layers; ++layer) {
        vectors.vector("direction." + std::to_string(layer), embedding_length, 0.0F, 1.0F);
    }
    vectors.write(path);
}

}  // namespace mullama::test
