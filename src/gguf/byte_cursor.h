#pragma once

#include "gguf/byte_source.h"
#include <mullama/result.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <fmt/format.h>

namespace mullama {

/// Reads a GGUF header front to back, never past its end, and names in every error the place where
/// it stands. Reads the source in pieces of 64 KiB.
/// Threads: thread-compatible.
class ByteCursor {
  public:
    /// The longest header that is read; the largest vocabularies need about 20 MiB.
    static constexpr std::uint64_t kHeaderBytesMax = 256ULL << 20;

    /// `source` is borrowed.
    explicit ByteCursor(const ByteSource& source) : source_(source) {}

    std::uint64_t position() const { return position_; }
    /// Bytes left up to the end of the source.
    std::uint64_t remaining() const { return source_.size_bytes() - position_; }

    /// Names what is read from here on, for messages: "key 3", "tensor 'output.weight'".
    void enter(std::string place) {
        place_ = std::move(place);
        place_position_ = position_;
    }

    /// Renames the place that was entered last; it still starts where it did.
    void rename(std::string place) { place_ = std::move(place); }

    /// A kCorrupt error at the place that was entered last.
    template <typename... Args>
    Error corrupt(fmt::format_string<Args...> format, Args&&... args) const {
        return corrupt_text(fmt::format(format, std::forward<Args>(args)...));
    }

    /// Checks that `count` things of at least `bytes_each` can still follow.
    /// Errors: kCorrupt: they cannot, `what` being the plural of what they are called.
    Result<void> expect_room(std::uint64_t count, std::uint64_t bytes_each, std::string_view what)
        const;

    /// Fills `out`; `what` names it if the source ends before.
    Result<void> read_bytes(std::span<std::byte> out, std::string_view what);

    /// Reads one little-endian number.
    template <typename T>
        requires std::is_arithmetic_v<T>
    Result<void> read(T& out, std::string_view what) {
        static_assert(std::endian::native == std::endian::little, "GGUF is read without swapping");
        return read_bytes(std::as_writable_bytes(std::span<T, 1>(&out, 1)), what);
    }

    /// Reads a string: a u64 of its length, then its bytes.
    Result<void> read(std::string& out, std::string_view what);

  private:
    static constexpr std::size_t kWindowBytes = 64 << 10;

    Error corrupt_text(std::string_view text) const;
    Result<void> check_room(std::uint64_t bytes, std::string_view what) const;

    const ByteSource& source_;
    std::uint64_t position_ = 0;
    std::string place_ = "header";
    std::uint64_t place_position_ = 0;
    std::vector<std::byte> window_;
    std::uint64_t window_position_ = 0;
};

}  // namespace mullama
