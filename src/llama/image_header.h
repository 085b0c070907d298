#pragma once

#include <mullama/result.h>

#include <cstdint>
#include <string_view>

namespace mullama {

/// Pixels of an image.
struct ImageSize {
    std::int64_t width = 0;
    std::int64_t height = 0;

    friend bool operator==(const ImageSize&, const ImageSize&) = default;
};

/// Reads the size of an image from the beginning of its file, so that nothing large is decoded
/// unasked.
/// Errors:  kInvalidArgument: it is no PNG, JPEG, GIF or BMP file, or ends too early.
/// Source:  PNG: RFC 2083, 3.1 and 4.1.1. JPEG: ITU-T T.81, B.2.2. GIF: version 89a, 18. BMP:
///          BITMAPCOREHEADER and BITMAPINFOHEADER of the Windows API.
Result<ImageSize> read_image_size(std::string_view bytes);

/// Whether an image may be decoded.
/// Errors:  those of read_image_size(); kInvalidArgument: it is too large, or its sides too
///          different, or it has no pixels.
Result<void> check_image(std::string_view bytes);

}  // namespace mullama
