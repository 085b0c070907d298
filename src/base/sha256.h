#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace mullama {

/// The SHA-256 digest of bytes that arrive in pieces.
/// Threads: thread-compatible.
/// Source:  FIPS 180-4, sections 4.1.2, 5 and 6.2.
class Sha256 {
  public:
    void update(std::span<const std::byte> bytes);
    void update(std::string_view text) { update(std::as_bytes(std::span(text))); }

    /// The digest of everything so far, as 64 lower-case hexadecimal digits. More bytes may follow.
    std::string hex() const;

  private:
    static constexpr std::size_t kBlockBytes = 64;

    void add_block(const std::byte* block);
    void add_padding();

    std::array<std::uint32_t, 8> state_ = {
        0x6a09e667,
        0xbb67ae85,
        0x3c6ef372,
        0xa54ff53a,
        0x510e527f,
        0x9b05688c,
        0x1f83d9ab,
        0x5be0cd19,
    };
    std::array<std::byte, kBlockBytes> pending_ = {};
    std::uint64_t length_bytes_ = 0;
};

/// Whether a text has the form of a digest: 64 lower-case hexadecimal digits.
bool is_sha256_hex(std::string_view text);

/// The digest of one piece of text, as 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view text);

}  // namespace mullama
