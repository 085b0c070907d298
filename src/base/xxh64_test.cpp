#include "base/xxh64.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace mullama {
namespace {

std::uint64_t hash_of(std::string_view text) {
    return xxh64(std::as_bytes(std::span(text)));
}

// The bytes of xxHash's own sanity check.
std::vector<std::byte> sanity_bytes(std::size_t count) {
    std::vector<std::byte> bytes;
    std::uint64_t generator = 2654435761U;
    for (std::size_t i = 0; i < count; ++i) {
        bytes.push_back(static_cast<std::byte>(generator >> 56));
        generator *= 0x9E3779B185EBCA8D;
    }
    return bytes;
}

TEST(Xxh64, gives_the_published_hashes_of_texts) {
    EXPECT_EQ(hash_of(""), 0xEF46DB3751D8E999U);
    EXPECT_EQ(hash_of("a"), 0xD24EC4F1A98C6E5BU);
    EXPECT_EQ(hash_of("abc"), 0x44BC2CF5AD770999U);
}

TEST(Xxh64, gives_the_hashes_of_xxhashs_sanity_check) {
    EXPECT_EQ(xxh64(sanity_bytes(1)), 0xE934A84ADB052768U);
    EXPECT_EQ(xxh64(sanity_bytes(4)), 0x9136A0DCA57457EEU);
    EXPECT_EQ(xxh64(sanity_bytes(14)), 0x8282DCC4994E35C8U);
    EXPECT_EQ(xxh64(sanity_bytes(222)), 0xB641AE8CB691C174U);
}

TEST(Xxh64, is_the_same_however_the_bytes_are_cut) {
    const auto bytes = sanity_bytes(222);
    for (const std::size_t step : {1U, 3U, 8U, 31U, 32U, 33U, 100U}) {
        Xxh64 hash;
        for (std::size_t i = 0; i < bytes.size(); i += step) {
            hash.update(std::span(bytes).subspan(i, std::min(step, bytes.size() - i)));
        }
        EXPECT_EQ(hash.value(), 0xB641AE8CB691C174U) << step;
    }
}

TEST(Xxh64, changes_with_every_bit) {
    auto bytes = sanity_bytes(70);
    const auto before = xxh64(bytes);
    for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
        const auto bit = std::byte{1} << (i % 8);
        bytes[i / 8] ^= bit;
        EXPECT_NE(xxh64(bytes), before);
        bytes[i / 8] ^= bit;
    }
}

TEST(Xxh64, tells_lists_of_texts_apart) {
    Xxh64 first;
    first.update(std::string_view("ab"));
    first.update(std::string_view("c"));
    Xxh64 second;
    second.update(std::string_view("a"));
    second.update(std::string_view("bc"));
    EXPECT_NE(first.value(), second.value());
}

}  // namespace
}  // namespace mullama
