// Writes the corpus of grammars as files to a folder: write_gbnf_corpus FOLDER

#include "tests/fuzz/gbnf_fuzz.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: write_gbnf_corpus FOLDER\n");
        return 2;
    }
    const std::filesystem::path folder = argv[1];
    std::filesystem::create_directories(folder);
    int number = 0;
    for (const std::string_view grammar : mullama::test::gbnf_corpus()) {
        std::ofstream file(folder / (std::to_string(number++) + ".gbnf"), std::ios::binary);
        file << grammar;
        if (!file) return 1;
    }
    return 0;
}
