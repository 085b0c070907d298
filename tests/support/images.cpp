#include "tests/support/images.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <random>
#include <string_view>

namespace mullama::test {
namespace {

// Three bytes a pixel, from top to bottom.
std::string random_pixels(std::uint32_t width, std::uint32_t height, std::uint64_t seed) {
    std::mt19937_64 engine(seed);
    std::string pixels(std::size_t{3} * width * height, '\0');
    for (char& byte : pixels) byte = static_cast<char>(engine() >> 56);
    return pixels;
}

void add_little_endian(std::string& to, std::uint32_t number, int bytes) {
    for (int i = 0; i < bytes; ++i) to += static_cast<char>(number >> (8 * i));
}

std::string big_endian(std::uint32_t number) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift);
    return bytes;
}

std::uint32_t crc32(std::string_view bytes) {
    std::uint32_t crc = 0xFFFFFFFF;
    for (const char byte : bytes) {
        crc ^= static_cast<unsigned char>(byte);
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320 : 0);
    }
    return ~crc;
}

std::uint32_t adler32(std::string_view bytes) {
    std::uint32_t a = 1;
    std::uint32_t b = 0;
    for (const char byte : bytes) {
        a = (a + static_cast<unsigned char>(byte)) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

// A zlib stream of stored blocks.
std::string stored(std::string_view bytes) {
    constexpr std::size_t kBlockMax = 65535;
    std::string out = "\x78\x01";
    for (std::size_t at = 0; at < bytes.size(); at += kBlockMax) {
        const std::string_view block = bytes.substr(at, kBlockMax);
        const auto length = static_cast<std::uint32_t>(block.size());
        out += at + kBlockMax >= bytes.size() ? '\x01' : '\x00';
        add_little_endian(out, length, 2);
        add_little_endian(out, ~length, 2);
        out += block;
    }
    return out + big_endian(adler32(bytes));
}

std::string png_chunk(const std::string& kind, const std::string& content) {
    const std::string body = kind + content;
    return big_endian(static_cast<std::uint32_t>(content.size())) + body + big_endian(crc32(body));
}

}  // namespace

std::string bmp_image(std::uint32_t width, std::uint32_t height, std::uint64_t seed) {
    constexpr std::uint32_t kHeaderBytes = 54;
    const std::string pixels = random_pixels(width, height, seed);
    const std::size_t row_bytes = std::size_t{3} * width;
    const std::size_t padding = (4 - row_bytes % 4) % 4;
    std::string rows;
    for (std::size_t row = height; row > 0; --row) {
        std::string line = pixels.substr((row - 1) * row_bytes, row_bytes);
        for (std::size_t i = 0; i < line.size(); i += 3) std::swap(line[i], line[i + 2]);
        rows += line + std::string(padding, '\0');
    }
    std::string image = "BM";
    add_little_endian(image, kHeaderBytes + static_cast<std::uint32_t>(rows.size()), 4);
    for (const std::uint32_t field : {0U, kHeaderBytes, 40U, width, height}) {
        add_little_endian(image, field, 4);
    }
    add_little_endian(image, 1, 2);
    add_little_endian(image, 24, 2);
    image += std::string(24, '\0');
    return image + rows;
}

std::string png_image(std::uint32_t width, std::uint32_t height, std::uint64_t seed) {
    const std::string pixels = random_pixels(width, height, seed);
    const std::size_t row_bytes = std::size_t{3} * width;
    std::string lines;
    for (std::size_t row = 0; row < height; ++row) {
        lines += '\0' + pixels.substr(row * row_bytes, row_bytes);
    }
    const std::string header =
        big_endian(width) + big_endian(height) + std::string("\x08\x02\0\0\0", 5);
    return "\x89PNG\r\n\x1A\n" + png_chunk("IHDR", header) + png_chunk("IDAT", stored(lines)) +
           png_chunk("IEND", "");
}

}  // namespace mullama::test
