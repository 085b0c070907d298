#include "llama/image_header.h"

#include "tests/support/images.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace mullama {
namespace {

using namespace std::string_literals;

const std::string kPng = "\x89PNG\r\n\x1A\n\0\0\0\rIHDR\0\0\x01\x02\0\0\0\x07"s;
const std::string kGif = "GIF89a\x02\x01\x07\0"s;
const std::string kJpeg =
    "\xFF\xD8\xFF\xE0\0\x04JF\xFF\xFF\xC4\0\x03x\xFF\xC2\0\x0B\x08\0\x07\x01\x02"s;

TEST(ImageHeader, reads_the_size_of_each_format) {
    EXPECT_EQ(*read_image_size(kPng), (ImageSize{258, 7}));
    EXPECT_EQ(*read_image_size(kGif), (ImageSize{258, 7}));
    EXPECT_EQ(*read_image_size(kJpeg), (ImageSize{258, 7}));
    EXPECT_EQ(*read_image_size(test::bmp_image(258, 7, 1)), (ImageSize{258, 7}));
    EXPECT_EQ(*read_image_size(test::png_image(258, 7, 1)), (ImageSize{258, 7}));
}

TEST(ImageHeader, a_bmp_may_run_from_top_to_bottom) {
    std::string image = test::bmp_image(4, 2, 1);
    image.replace(22, 4, "\xFE\xFF\xFF\xFF");
    EXPECT_EQ(*read_image_size(image), (ImageSize{4, 2}));
}

TEST(ImageHeader, refuses_files_that_end_early_at_every_length) {
    for (const std::string& whole : {kPng, kGif, kJpeg, test::bmp_image(2, 2, 1).substr(0, 26)}) {
        for (std::size_t length = 0; length < whole.size(); ++length) {
            EXPECT_FALSE(read_image_size(whole.substr(0, length)));
        }
    }
}

TEST(ImageHeader, names_what_it_does_not_know) {
    EXPECT_EQ(
        read_image_size("RIFF....WEBPVP8 ").error().message,
        "WebP images are not supported: send PNG or JPEG"
    );
    EXPECT_EQ(
        read_image_size("hello").error().message,
        "the image is in an unknown format: send PNG, JPEG, GIF or BMP"
    );
}

TEST(ImageHeader, refuses_absurd_sizes) {
    const auto png = [](const std::string& width, const std::string& height) {
        return check_image("\x89PNG\r\n\x1A\n\0\0\0\rIHDR"s + width + height);
    };
    EXPECT_TRUE(png("\0\0\0\x01"s, "\0\0\0\xC8"s));
    EXPECT_FALSE(png("\0\0\0\x01"s, "\0\0\0\xC9"s));
    EXPECT_FALSE(png("\0\0\0\0"s, "\0\0\0\x01"s));
    EXPECT_TRUE(png("\0\0\x20\0"s, "\0\0\x10\0"s));
    EXPECT_FALSE(png("\0\0\x40\0"s, "\0\0\x40\0"s));
    EXPECT_FALSE(png("\0\0\x40\x01"s, "\0\0\x01\0"s));
    EXPECT_EQ(
        png("\xFF\xFF\xFF\xFF"s, "\xFF\xFF\xFF\xFF"s).error().message,
        "the image has 4294967295x4294967295 pixels: send one with at most 33554432 pixels, and "
        "16384 on a side"
    );
}

TEST(ImageHeader, any_bytes_give_a_size_or_an_error) {
    std::mt19937_64 random(1);
    for (const std::string& whole : {kPng, kGif, kJpeg, test::bmp_image(2, 2, 1)}) {
        for (int round = 0; round < 20'000; ++round) {
            std::string image = whole.substr(0, random() % (whole.size() + 1));
            for (auto changes = random() % 4; changes > 0 && !image.empty(); --changes) {
                image[random() % image.size()] = static_cast<char>(random());
            }
            static_cast<void>(check_image(image));
        }
    }
}

}  // namespace
}  // namespace mullama
