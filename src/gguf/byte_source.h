#pragma once

#include <mullama/result.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <utility>

namespace mullama {

/// Bytes that can be read at any place: an open file or a span of memory.
/// Threads: Immutable once made. Thread-safe.
class ByteSource {
  public:
    /// Opens a regular file; its size is taken now and holds from here on.
    /// Errors: kNotFound: no such file. kInvalidArgument: a directory or no regular file. kIo: the
    ///         system refused.
    static Result<ByteSource> open(const std::filesystem::path& path);

    /// Borrows `bytes` for as long as the object lives.
    explicit ByteSource(std::span<const std::byte> bytes)
        : memory_(bytes), size_bytes_(bytes.size()) {}

    ByteSource(ByteSource&& other) noexcept { *this = std::move(other); }
    ByteSource& operator=(ByteSource&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        std::swap(memory_, other.memory_);
        std::swap(size_bytes_, other.size_bytes_);
        return *this;
    }
    ~ByteSource();

    std::uint64_t size_bytes() const { return size_bytes_; }

    /// Fills `out` with the bytes from `offset` on, all of which must lie inside the source.
    /// Errors: kIo: the system refused, or the file has become shorter.
    Result<void> read(std::uint64_t offset, std::span<std::byte> out) const;

  private:
    ByteSource(int descriptor, std::uint64_t size_bytes)
        : descriptor_(descriptor), size_bytes_(size_bytes) {}

    int descriptor_ = -1;
    std::span<const std::byte> memory_;
    std::uint64_t size_bytes_ = 0;
};

}  // namespace mullama
