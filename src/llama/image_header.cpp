#include "llama/image_header.h"

#include "base/error.h"
#include <mullama/projector.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>

namespace mullama {
namespace {

// Beyond this, resizing gives sides of no pixels.
constexpr std::int64_t kSidesRatioMax = 200;

Error cut_off(std::string_view kind) {
    return fail(ErrorCode::kInvalidArgument, "the image is a {} file that ends too early", kind);
}

std::uint32_t byte_at(std::string_view bytes, std::size_t at) {
    return static_cast<unsigned char>(bytes[at]);
}

std::uint32_t big_endian(std::string_view bytes, std::size_t at, std::size_t count) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < count; ++i) number = number << 8 | byte_at(bytes, at + i);
    return number;
}

std::uint32_t little_endian(std::string_view bytes, std::size_t at, std::size_t count) {
    std::uint32_t number = 0;
    for (std::size_t i = count; i > 0; --i) number = number << 8 | byte_at(bytes, at + i - 1);
    return number;
}

Result<ImageSize> png_size(std::string_view bytes) {
    if (bytes.size() < 24) return cut_off("PNG");
    return ImageSize{big_endian(bytes, 16, 4), big_endian(bytes, 20, 4)};
}

Result<ImageSize> gif_size(std::string_view bytes) {
    if (bytes.size() < 10) return cut_off("GIF");
    return ImageSize{little_endian(bytes, 6, 2), little_endian(bytes, 8, 2)};
}

Result<ImageSize> bmp_size(std::string_view bytes) {
    constexpr std::uint32_t kCoreHeader = 12;
    if (bytes.size() < 26) return cut_off("BMP");
    if (little_endian(bytes, 14, 4) == kCoreHeader) {
        return ImageSize{little_endian(bytes, 18, 2), little_endian(bytes, 20, 2)};
    }
    const std::int64_t width = static_cast<std::int32_t>(little_endian(bytes, 18, 4));
    const std::int64_t height = static_cast<std::int32_t>(little_endian(bytes, 22, 4));
    return ImageSize{width, std::abs(height)};  // below 0: from top to bottom
}

bool begins_frame(std::uint32_t marker) {
    constexpr std::uint32_t kHuffmanTables = 0xC4, kExtension = 0xC8, kArithmeticTables = 0xCC;
    return marker >= 0xC0 && marker <= 0xCF && marker != kHuffmanTables && marker != kExtension &&
           marker != kArithmeticTables;
}

Result<ImageSize> jpeg_size(std::string_view bytes) {
    std::size_t at = 2;
    while (at + 9 <= bytes.size()) {
        if (byte_at(bytes, at) != 0xFF) break;
        const std::uint32_t marker = byte_at(bytes, at + 1);
        if (marker == 0xFF) {  // padding
            ++at;
            continue;
        }
        if (begins_frame(marker)) {
            return ImageSize{big_endian(bytes, at + 7, 2), big_endian(bytes, at + 5, 2)};
        }
        at += 2 + big_endian(bytes, at + 2, 2);
    }
    return cut_off("JPEG");
}

}  // namespace

Result<ImageSize> read_image_size(std::string_view bytes) {
    if (bytes.starts_with("\x89PNG\r\n\x1A\n")) return png_size(bytes);
    if (bytes.starts_with("\xFF\xD8\xFF")) return jpeg_size(bytes);
    if (bytes.starts_with("GIF87a") || bytes.starts_with("GIF89a")) return gif_size(bytes);
    if (bytes.starts_with("BM")) return bmp_size(bytes);
    if (bytes.starts_with("RIFF") && bytes.substr(0, 12).ends_with("WEBP")) {
        return fail(ErrorCode::kInvalidArgument, "WebP images are not supported: send PNG or JPEG");
    }
    return fail(
        ErrorCode::kInvalidArgument, "the image is in an unknown format: send PNG, JPEG, GIF or BMP"
    );
}

Result<void> check_image(std::string_view bytes) {
    const auto size = read_image_size(bytes);
    if (!size) return size.error();
    const auto [shorter, longer] = std::minmax(size->width, size->height);
    if (shorter < 1) return fail(ErrorCode::kInvalidArgument, "the image has no pixels");
    if (longer > kPictureSideMax || shorter * longer > kPicturePixelsMax) {
        return fail(
            ErrorCode::kInvalidArgument,
            "the image has {}x{} pixels: send one with at most {} pixels, and {} on a side",
            size->width,
            size->height,
            kPicturePixelsMax,
            kPictureSideMax
        );
    }
    if (longer <= shorter * kSidesRatioMax) return {};
    return fail(
        ErrorCode::kInvalidArgument,
        "the image has {}x{} pixels: one side may be at most {} times the other",
        size->width,
        size->height,
        kSidesRatioMax
    );
}

}  // namespace mullama
