#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace mullama::test {

/// One file to start fuzzing from.
struct CorpusFile {
    std::string name;  ///< "good-..." for one that a reader must accept, "broken-..." for the rest.
    std::vector<std::byte> bytes;
};

/// Good GGUF files of every kind, and files that are broken in one place each.
std::vector<CorpusFile> gguf_corpus();

}  // namespace mullama::test
