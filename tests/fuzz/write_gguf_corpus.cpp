// Writes the corpus that libFuzzer starts from: write_gguf_corpus DIR

#include "tests/fuzz/gguf_corpus.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: write_gguf_corpus DIR\n");
        return 2;
    }
    const std::filesystem::path dir = argv[1];
    std::filesystem::create_directories(dir);
    for (const auto& file : mullama::test::gguf_corpus()) {
        std::ofstream stream(dir / file.name, std::ios::binary);
        stream.write(
            reinterpret_cast<const char*>(file.bytes.data()),
            static_cast<std::streamsize>(file.bytes.size())
        );
        if (!stream.flush()) {
            std::fprintf(stderr, "%s cannot be written\n", (dir / file.name).c_str());
            return 1;
        }
    }
    return 0;
}
