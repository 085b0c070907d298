#include "store/model_details.h"

#include <mullama/gguf.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <variant>

#include <fmt/format.h>

namespace mullama::store {
namespace {

/// The names of `general.file_type`. Source: enum llama_ftype in llama.h.
struct FileType {
    std::uint32_t number;
    std::string_view name;
};
constexpr std::array<FileType, 36> kFileTypes = {{
    {0, "F32"},      {1, "F16"},      {2, "Q4_0"},    {3, "Q4_1"},    {7, "Q8_0"},
    {8, "Q5_0"},     {9, "Q5_1"},     {10, "Q2_K"},   {11, "Q3_K_S"}, {12, "Q3_K_M"},
    {13, "Q3_K_L"},  {14, "Q4_K_S"},  {15, "Q4_K_M"}, {16, "Q5_K_S"}, {17, "Q5_K_M"},
    {18, "Q6_K"},    {19, "IQ2_XXS"}, {20, "IQ2_XS"}, {21, "Q2_K_S"}, {22, "IQ3_XS"},
    {23, "IQ3_XXS"}, {24, "IQ1_S"},   {25, "IQ4_NL"}, {26, "IQ3_S"},  {27, "IQ3_M"},
    {28, "IQ2_S"},   {29, "IQ2_M"},   {30, "IQ4_XS"}, {31, "IQ1_M"},  {32, "BF16"},
    {36, "TQ1_0"},   {37, "TQ2_0"},   {38, "MXFP4"},  {39, "NVFP4"},  {40, "Q1_0"},
    {41, "Q2_0"},
}};

std::string file_type_name(std::uint32_t number) {
    auto found = std::ranges::find(kFileTypes, number, &FileType::number);
    return found == kFileTypes.end() ? "unknown" : std::string(found->name);
}

std::string text_of(const GgufFile& gguf, std::string_view key) {
    return gguf.get<std::string>(key).value_or("");
}

std::optional<std::uint64_t> number_of(const GgufFile& gguf, const std::string& key) {
    Result<std::uint64_t> value = gguf.get<std::uint64_t>(key);
    return value ? std::optional(*value) : std::nullopt;
}

/// The text of the token whose number `key` has.
std::string token_of(const GgufFile& gguf, const std::string& key) {
    const std::optional<std::uint64_t> number = number_of(gguf, key);
    const GgufValue* value = gguf.find("tokenizer.ggml.tokens");
    const auto* tokens = value == nullptr ? nullptr : std::get_if<std::vector<std::string>>(value);
    return number && tokens != nullptr && *number < tokens->size() ? (*tokens)[*number] : "";
}

std::uint64_t elements_of(const GgufTensor& tensor) {
    std::uint64_t count = 1;
    for (std::int64_t length : tensor.shape) count *= static_cast<std::uint64_t>(length);
    return count;
}

std::optional<std::uint64_t> count_parameters(const GgufFile& gguf) {
    // The other files of a split model hold the rest.
    if (gguf.split()) return std::nullopt;
    std::uint64_t count = 0;
    for (const GgufTensor& tensor : gguf.tensors()) count += elements_of(tensor);
    return count;
}

/// With what templates mark a model's thinking, or call for it.
constexpr std::array<std::string_view, 14> kThinkingMarks = {
    "<think>",
    "</think>",
    "<think{}>",  // Hunyuan
    "<seed:think>",
    "<mm:think>",              // MiniMax
    "<|think|>",               // Solar
    "[THINK]",                 // Mistral
    "<|START_THINKING|>",      // Command
    "<|channel|>",             // gpt-oss
    "<|channel>thought",       // Gemma
    "<|inner_prefix|>",        // Apertus
    "open_tag('think'",        // Kimi
    "assistant to=self",       // Muse
    "[BEGIN FINAL RESPONSE]",  // Apriel
};

// The rules of Ollama's Capabilities() in server/images.go, for a template in Jinja.
std::vector<std::string> capabilities_of(const GgufFile& gguf, const ModelDetails& details) {
    if (gguf.find(details.architecture + ".pooling_type") != nullptr) return {"embedding"};
    std::vector<std::string> capabilities = {"completion"};
    const std::string& source = details.chat_template;
    if (source.find("tools") != std::string::npos) capabilities.emplace_back("tools");
    if (gguf.find("tokenizer.ggml.fim_pre_token_id") != nullptr) {
        capabilities.emplace_back("insert");
    }
    if (thinks(source)) capabilities.emplace_back("thinking");
    return capabilities;
}

}  // namespace

Result<ModelDetails> read_details(const std::filesystem::path& file) {
    Result<GgufFile> gguf = GgufFile::open(file);
    if (!gguf) return gguf.error();
    ModelDetails details;
    details.architecture = text_of(*gguf, "general.architecture");
    details.parameters = count_parameters(*gguf);
    details.context_length = number_of(*gguf, details.architecture + ".context_length");
    details.embedding_length = number_of(*gguf, details.architecture + ".embedding_length");
    std::optional<std::uint64_t> type = number_of(*gguf, "general.file_type");
    details.quantization = type ? file_type_name(static_cast<std::uint32_t>(*type)) : "unknown";
    details.chat_template = text_of(*gguf, "tokenizer.chat_template");
    details.bos_token = token_of(*gguf, "tokenizer.ggml.bos_token_id");
    details.eos_token = token_of(*gguf, "tokenizer.ggml.eos_token_id");
    details.licence = text_of(*gguf, "general.license");
    details.capabilities = capabilities_of(*gguf, details);
    return details;
}

std::string parameter_size(std::uint64_t count) {
    struct Unit {
        double size;
        const char* name;
    };
    for (const Unit& unit : {Unit{1e12, "T"}, Unit{1e9, "B"}, Unit{1e6, "M"}, Unit{1e3, "K"}}) {
        const double value = static_cast<double>(count) / unit.size;
        if (value < 1.0) continue;
        // As Ollama: one digit behind the point, and that of millions cut to two.
        return unit.size == 1e6 ? fmt::format("{:.2f}{}", value, unit.name)
                                : fmt::format("{:.1f}{}", value, unit.name);
    }
    return fmt::format("{}", count);
}

bool thinks(std::string_view chat_template) {
    return std::ranges::any_of(kThinkingMarks, [&](std::string_view mark) {
        return chat_template.find(mark) != std::string_view::npos;
    });
}

bool sees(const std::filesystem::path& projector) {
    const Result<GgufFile> gguf = GgufFile::open(projector);
    if (!gguf) return false;
    const auto* vision = std::get_if<bool>(gguf->find("clip.has_vision_encoder"));
    return vision != nullptr && *vision;
}

// In Ollama's order.
std::vector<std::string> with_vision(std::vector<std::string> capabilities) {
    capabilities.insert(std::ranges::find(capabilities, "thinking"), "vision");
    return capabilities;
}

}  // namespace mullama::store
