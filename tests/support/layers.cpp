#include "tests/support/layers.h"

#include <mullama/gguf.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace mullama::test {
namespace {

/// The layer of "blk.7.attn_q.weight"; -1 for what belongs to none.
int layer_of(std::string_view name) {
    constexpr std::string_view kPrefix = "blk.";
    if (!name.starts_with(kPrefix)) return -1;
    name.remove_prefix(kPrefix.size());
    int layer = -1;
    std::from_chars(name.data(), name.data() + name.size(), layer);
    return layer;
}

void check(const Result<void>& done) {
    if (!done) throw std::runtime_error(done.error().message);
}

}  // namespace

void write_pruned(
    const std::filesystem::path& path, const std::filesystem::path& model, int layers
) {
    const GgufFile source = GgufFile::open(model).value();
    GgufWriter writer;
    for (const GgufEntry& entry : source.metadata()) {
        const bool counts = entry.key.ends_with(".block_count");
        check(writer.set(
            entry.key, counts ? GgufValue(static_cast<std::uint32_t>(layers)) : entry.value
        ));
    }
    for (const GgufTensor& tensor : source.tensors()) {
        if (layer_of(tensor.name) >= layers) continue;
        const auto fill = [&source, &tensor](std::span<std::byte> out) {
            return source.read_tensor(tensor, out);
        };
        check(writer.add_tensor(tensor.name, tensor.type, tensor.shape, fill));
    }
    check(writer.write(path));
}

}  // namespace mullama::test
