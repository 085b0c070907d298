#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace mullama {

/// The XXH64 hash, seed 0, of bytes that arrive in pieces: gigabytes a second, to find damage and
/// to tell things apart. No defence against people.
/// Threads: thread-compatible.
/// Source:  doc/xxhash_spec.md of github.com/Cyan4973/xxHash.
class Xxh64 {
  public:
    void update(std::span<const std::byte> bytes);
    /// Adds a number as 8 bytes, the lowest first.
    void update(std::uint64_t number);
    /// Adds the length of a text and then its bytes, so that no two lists of texts are the same.
    void update(std::string_view text);

    /// The hash of everything so far. More bytes may follow.
    std::uint64_t value() const;

  private:
    static constexpr std::size_t kStripeBytes = 32;

    void add_stripe(const std::byte* stripe);

    std::array<std::uint64_t, 4> lanes_ = {
        0x60EA27EEADC0B5D6, 0xC2B2AE3D27D4EB4F, 0, 0x61C8864E7A143579
    };
    std::array<std::byte, kStripeBytes> pending_ = {};
    std::uint64_t length_bytes_ = 0;
};

/// The hash of one piece.
std::uint64_t xxh64(std::span<const std::byte> bytes);

}  // namespace mullama
