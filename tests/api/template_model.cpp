// Writes SmolLM2 with another chat template, such as one that knows tools.
// usage: mullama_template_model TEMPLATE OUT
// TEMPLATE is a file of llama.cpp's collection, without ".jinja".

#include "tests/support/models.h"
#include <mullama/gguf.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace {

void check(const mullama::Result<void>& result) {
    if (!result) throw std::runtime_error(result.error().message);
}

std::string read_template(const std::string& name) {
    const auto folder = std::filesystem::path(MULLAMA_LLAMA_SOURCE_DIR) / "models" / "templates";
    std::ifstream file(folder / (name + ".jinja"), std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (text.empty()) throw std::runtime_error("no template " + name);
    return text;
}

void write(const std::string& name, const std::filesystem::path& out) {
    const auto model = mullama::GgufFile::open(mullama::test::smollm2_path()).value();
    mullama::GgufWriter writer;
    for (const auto& [key, value] : model.metadata()) {
        const bool is_template = key == "tokenizer.chat_template";
        check(writer.set(key, is_template ? mullama::GgufValue(read_template(name)) : value));
    }
    for (const mullama::GgufTensor& tensor : model.tensors()) {
        const auto fill = [&](std::span<std::byte> bytes) {
            return model.read_tensor(tensor, bytes);
        };
        check(writer.add_tensor(tensor.name, tensor.type, tensor.shape, fill));
    }
    check(writer.write(out));
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 3) throw std::runtime_error("usage: mullama_template_model TEMPLATE OUT");
    write(argv[1], argv[2]);
} catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
}
