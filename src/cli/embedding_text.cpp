#include "cli/embedding_text.h"

#include <fmt/ranges.h>

namespace mullama::cli {
namespace {

std::string array_text(std::span<const float> values) {
    return fmt::format("[{}]", fmt::join(values, ","));
}

}  // namespace

std::string embedding_line(std::span<const float> embedding) {
    return array_text(embedding) + "\n";
}

std::string embedding_line(const TokenEmbeddings& embeddings) {
    std::size_t dimensions =
        embeddings.tokens.empty() ? 0 : embeddings.rows.size() / embeddings.tokens.size();
    std::vector<std::string> arrays;
    for (std::size_t i = 0; i < embeddings.tokens.size(); ++i) {
        std::span<const float> rows = embeddings.rows;
        arrays.push_back(array_text(rows.subspan(i * dimensions, dimensions)));
    }
    return fmt::format("[{}]\n", fmt::join(arrays, ","));
}

}  // namespace mullama::cli
