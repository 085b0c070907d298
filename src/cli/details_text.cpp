#include "cli/details_text.h"

#include "cli/human_format.h"
#include "cli/table.h"
#include <mullama/gguf.h>

#include <algorithm>
#include <type_traits>
#include <variant>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace mullama::cli {
namespace {

using Rows = std::vector<std::vector<std::string>>;

constexpr std::size_t kTextMax = 80;
constexpr std::size_t kElementsShown = 3;

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

std::string details_text(const store::ModelDetails& details) {
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

Result<std::string> full_header_text(const std::filesystem::path& file) {
    Result<GgufFile> gguf = GgufFile::open(file);
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
