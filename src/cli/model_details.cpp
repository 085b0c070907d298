#include "cli/model_details.h"

#include "cli/human_format.h"
#include "cli/table.h"
#include <mullama/gguf.h>

#include <algorithm>
#include <array>
#include <type_traits>
#include <variant>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace mullama::cli {
namespace {

using Rows = std::vector<std::vector<std::string>>;

constexpr std::size_t kTextMax = 80;
constexpr std::size_t kElementsShown = 3;

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

// The rules of Ollama's Capabilities() in server/images.go, for a template in Jinja.
std::vector<std::string> capabilities_of(const GgufFile& gguf, const ModelDetails& details) {
    if (gguf.find(details.architecture + ".pooling_type") != nullptr) return {"embedding"};
    std::vector<std::string> capabilities = {"completion"};
    const std::string& source = details.chat_template;
    if (source.find("tools") != std::string::npos) capabilities.emplace_back("tools");
    if (gguf.find("tokenizer.ggml.fim_pre_token_id") != nullptr) {
        capabilities.emplace_back("insert");
    }
    if (source.find("<think>") != std::string::npos) capabilities.emplace_back("thinking");
    return capabilities;
}

std::string section(std::string_view title, const Rows& rows) {
    return fmt::format("  {}\n{}\n", title, render_table(rows, 4));
}

// One line of at most kTextMax bytes, cut between characters.
std::string short_text(const std::string& text) {
    std::string line;
    for (char c : text) {
        if (c == '\n') {
            line += "\\n";
        } else if (static_cast<unsigned char>(c) >= 0x20) {
            line += c;
        }
    }
    if (line.size() <= kTextMax) return line;
    std::size_t end = kTextMax;
    while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;
    return line.substr(0, end) + "...";
}

template <typename T>
std::string scalar_text(const T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
        return short_text(value);
    } else {
        return fmt::format("{}", value);
    }
}

// Arrays as Ollama shows them: "[a b c ...+49149 more]".
template <typename T>
std::string array_text(const std::vector<T>& values) {
    std::vector<std::string> shown;
    for (std::size_t i = 0; i < std::min(values.size(), kElementsShown); ++i) {
        shown.push_back(scalar_text<T>(values[i]));
    }
    std::string text = fmt::format("[{}", fmt::join(shown, " "));
    if (values.size() > shown.size()) {
        text += fmt::format(" ...+{} more", values.size() - shown.size());
    }
    return text + "]";
}

struct ValueText {
    template <typename T>
    std::string operator()(const T& value) const {
        return scalar_text(value);
    }
    template <typename T>
    std::string operator()(const std::vector<T>& values) const {
        return array_text(values);
    }
};

}  // namespace

Result<ModelDetails> read_details(const ModelFile& file) {
    Result<GgufFile> gguf = GgufFile::open(file.path);
    if (!gguf) return gguf.error();
    ModelDetails details;
    details.architecture = text_of(*gguf, "general.architecture");
    details.parameters = count_parameters(*gguf);
    details.context_length = number_of(*gguf, details.architecture + ".context_length");
    details.embedding_length = number_of(*gguf, details.architecture + ".embedding_length");
    std::optional<std::uint64_t> type = number_of(*gguf, "general.file_type");
    details.quantization = type ? file_type_name(static_cast<std::uint32_t>(*type)) : "unknown";
    details.chat_template = text_of(*gguf, "tokenizer.chat_template");
    details.licence = text_of(*gguf, "general.license");
    if (details.licence.empty()) details.licence = file.licence;
    details.capabilities = capabilities_of(*gguf, details);
    return details;
}

std::string details_text(const ModelDetails& details) {
    Rows model = {{"architecture", details.architecture}};
    if (details.parameters) model.push_back({"parameters", human_number(*details.parameters)});
    if (details.context_length) {
        model.push_back({"context length", fmt::format("{}", *details.context_length)});
    }
    if (details.embedding_length) {
        model.push_back({"embedding length", fmt::format("{}", *details.embedding_length)});
    }
    model.push_back({"quantization", details.quantization});
    std::string text = section("Model", model);
    Rows capabilities;
    for (const std::string& capability : details.capabilities) capabilities.push_back({capability});
    text += section("Capabilities", capabilities);
    if (!details.licence.empty()) text += section("License", {{short_text(details.licence)}});
    return text;
}

Result<std::string> full_header_text(const ModelFile& file) {
    Result<GgufFile> gguf = GgufFile::open(file.path);
    if (!gguf) return gguf.error();
    Rows metadata;
    for (const GgufEntry& entry : gguf->metadata()) {
        metadata.push_back({entry.key, std::visit(ValueText(), entry.value)});
    }
    std::ranges::sort(metadata);
    Rows tensors;
    for (const GgufTensor& tensor : gguf->tensors()) {
        tensors.push_back({
            tensor.name,
            std::string(to_string(tensor.type)),
            fmt::format("[{}]", fmt::join(tensor.shape, " ")),
        });
    }
    return section("Metadata", metadata) + section("Tensors", tensors);
}

}  // namespace mullama::cli
