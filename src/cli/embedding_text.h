#pragma once

#include <mullama/embedding.h>

#include <span>
#include <string>

namespace mullama::cli {

/// One line: a JSON array of numbers that read back to the same floats.
std::string embedding_line(std::span<const float> embedding);

/// One line: a JSON array with such an array for each token.
std::string embedding_line(const TokenEmbeddings& embeddings);

}  // namespace mullama::cli
