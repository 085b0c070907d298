#include "tests/fuzz/mutator.h"

#include <algorithm>
#include <iterator>
#include <span>

namespace mullama::test {

Bytes Mutator::mutate(Bytes bytes) {
    const std::size_t changes = 1 + below(4);
    for (std::size_t i = 0; i < changes; ++i) change(bytes);
    return bytes;
}

// Puts a number that tends to break arithmetic over a random place.
template <typename T>
void Mutator::overwrite(Bytes& bytes) {
    const std::uint64_t numbers[] = {
        0,
        1,
        2,
        3,
        7,
        8,
        9,
        12,
        13,
        31,
        32,
        33,
        255,
        65536,
        bytes.size(),
        UINT64_MAX,
        UINT64_MAX / 2,
        UINT64_MAX - 31,
        std::uint64_t{1} << below(64),
    };
    const auto number = static_cast<T>(numbers[below(std::size(numbers))]);
    const auto source = std::as_bytes(std::span<const T, 1>(&number, 1));
    const std::size_t place = below(bytes.size());
    const std::size_t count = std::min(sizeof(T), bytes.size() - place);
    std::copy_n(source.begin(), count, bytes.begin() + static_cast<std::ptrdiff_t>(place));
}

// Inserts a piece of the file once more.
void Mutator::repeat(Bytes& bytes) {
    const std::size_t start = below(bytes.size());
    const std::size_t count = 1 + below(std::min<std::size_t>(bytes.size() - start, 64));
    const Bytes piece(
        bytes.begin() + static_cast<std::ptrdiff_t>(start),
        bytes.begin() + static_cast<std::ptrdiff_t>(start + count)
    );
    const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(below(bytes.size()));
    bytes.insert(place, piece.begin(), piece.end());
}

void Mutator::change(Bytes& bytes) {
    if (bytes.empty()) bytes.resize(1);
    switch (below(6)) {
        case 0:
            bytes[below(bytes.size())] ^= static_cast<std::byte>(1U << below(8));
            break;
        case 1:
            bytes[below(bytes.size())] = static_cast<std::byte>(below(256));
            break;
        case 2:
            overwrite<std::uint32_t>(bytes);
            break;
        case 3:
            overwrite<std::uint64_t>(bytes);
            break;
        case 4:
            bytes.resize(below(bytes.size()) + 1);
            break;
        case 5:
            repeat(bytes);
            break;
    }
}

}  // namespace mullama::test
