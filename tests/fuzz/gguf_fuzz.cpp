#include "tests/fuzz/gguf_fuzz.h"

#include <mullama/gguf.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace mullama::test {
namespace {

void expect(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

void use_metadata(const GgufFile& file) {
    for (const GgufEntry& entry : file.metadata()) {
        expect(file.find(entry.key) == &entry.value, "every key is found");
        expect(to_string(type_of(entry.value)) != "unknown", "every type has a name");
        const auto number = file.get<std::int64_t>(entry.key);
        expect(number || !number.error().message.empty(), "a getter gives a value or a reason");
    }
    expect(file.split().value_or(GgufSplit()).count >= 1, "a split has parts");
}

void use_tensors(const GgufFile& file) {
    for (const GgufTensor& tensor : file.tensors()) {
        expect(file.find_tensor(tensor.name) == &tensor, "every tensor is found");
        expect(tensor.offset % file.alignment() == 0, "every tensor is aligned");
        const auto bytes = file.read_tensor(tensor);
        expect(bytes && bytes->size() == tensor.size_bytes, "every tensor can be read");
    }
}

std::vector<std::byte> write_again(const GgufFile& file) {
    GgufWriter writer;
    for (const GgufEntry& entry : file.metadata()) {
        expect(writer.set(entry.key, entry.value).has_value(), "every entry can be written");
    }
    for (const GgufTensor& tensor : file.tensors()) {
        auto bytes = file.read_tensor(tensor);
        const auto added =
            writer.add_tensor(tensor.name, tensor.type, tensor.shape, std::move(*bytes));
        expect(added.has_value(), "every tensor can be written");
    }
    auto bytes = writer.to_bytes();
    expect(bytes.has_value(), "what was read can be written");
    return std::move(*bytes);
}

// NaN differs from itself, so that values are compared by their bytes.
bool same_value(const GgufValue& a, const GgufValue& b) {
    if (a.index() != b.index()) return false;
    return std::visit(
        [&]<typename T>(const T& left) {
            const T& right = std::get<T>(b);
            if constexpr (std::is_arithmetic_v<T>) {
                return std::memcmp(&left, &right, sizeof left) == 0;
            } else if constexpr (requires { left.data(); }) {
                if constexpr (std::is_arithmetic_v<typename T::value_type>) {
                    return std::ranges::equal(
                        std::as_bytes(std::span(left)), std::as_bytes(std::span(right))
                    );
                } else {
                    return left == right;
                }
            } else {
                return left == right;
            }
        },
        a
    );
}

bool same_entry(const GgufEntry& a, const GgufEntry& b) {
    return a.key == b.key && same_value(a.value, b.value);
}

}  // namespace

bool try_gguf(std::span<const std::byte> bytes) {
    const auto file = GgufFile::parse(bytes);
    if (!file) {
        expect(!file.error().message.empty(), "an error has a message");
        return false;
    }
    use_metadata(*file);
    use_tensors(*file);
    const std::vector<std::byte> again = write_again(*file);
    const auto copy = GgufFile::parse(again);
    expect(copy.has_value(), "what was written can be read");
    expect(
        std::ranges::equal(copy->metadata(), file->metadata(), same_entry), "metadata comes back"
    );
    expect(std::ranges::equal(copy->tensors(), file->tensors()), "tensors come back");
    return true;
}

}  // namespace mullama::test

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    mullama::test::try_gguf(std::as_bytes(std::span(data, size)));
    return 0;
}
