#pragma once

#include <cstdint>
#include <string>

/// Image files of random pixels: the same seed gives the same pixels in each format.
namespace mullama::test {

/// A BMP file of 24 bits a pixel.
std::string bmp_image(std::uint32_t width, std::uint32_t height, std::uint64_t seed);

/// A PNG file of 24 bits a pixel, stored without compression.
std::string png_image(std::uint32_t width, std::uint32_t height, std::uint64_t seed);

}  // namespace mullama::test
