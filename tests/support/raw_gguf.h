#pragma once

#include <mullama/gguf.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace mullama::test {

/// Puts a GGUF file together field by field without checking anything, so that a test can make one
/// that is wrong in a single place.
/// Threads: thread-compatible.
class RawGguf {
  public:
    const std::vector<std::byte>& bytes() const { return bytes_; }

    RawGguf& raw(std::span<const std::byte> bytes) {
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
        return *this;
    }

    /// A little-endian number of T's width.
    template <typename T>
        requires std::is_arithmetic_v<T>
    RawGguf& number(T value) {
        return raw(std::as_bytes(std::span<const T, 1>(&value, 1)));
    }

    RawGguf& letters(std::string_view text) { return raw(std::as_bytes(std::span(text))); }

    /// A string: its length, then its bytes.
    RawGguf& text(std::string_view text) {
        return number<std::uint64_t>(text.size()).letters(text);
    }

    RawGguf& header(std::uint64_t tensors, std::uint64_t keys, std::uint32_t version = 3) {
        return letters("GGUF").number(version).number(tensors).number(keys);
    }

    /// A key and its value's type; the value is to follow.
    RawGguf& key(std::string_view name, GgufValueType type) {
        return text(name).number(static_cast<std::uint32_t>(type));
    }

    /// A key with an array's element type and length; the elements are to follow.
    RawGguf& array(std::string_view name, GgufValueType type, std::uint64_t count) {
        key(name, GgufValueType::kArray).number(static_cast<std::uint32_t>(type));
        return number(count);
    }

    RawGguf& tensor(
        std::string_view name,
        std::initializer_list<std::int64_t> shape,
        std::uint64_t offset = 0,
        std::uint32_t type = 0
    ) {
        text(name).number(static_cast<std::uint32_t>(shape.size()));
        for (const std::int64_t dimension : shape) number(dimension);
        return number(type).number(offset);
    }

    RawGguf& zeros(std::size_t count) {
        bytes_.resize(bytes_.size() + count);
        return *this;
    }

    /// Zeros up to the next multiple of `alignment`.
    RawGguf& pad(std::size_t alignment = 32) {
        while (bytes_.size() % alignment != 0) bytes_.emplace_back();
        return *this;
    }

  private:
    std::vector<std::byte> bytes_;
};

}  // namespace mullama::test
