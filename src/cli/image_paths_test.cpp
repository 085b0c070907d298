#include "cli/image_paths.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace mullama::cli {
namespace {

namespace fs = std::filesystem;

class ImagePaths : public ::testing::Test {
  protected:
    ImagePaths() {
        std::string pattern = ::testing::TempDir() + "mullama_images_XXXXXX";
        root_ = mkdtemp(pattern.data());
        for (const char* name : {"cat.png", "Two Words.JPG", "notes.txt", "a.webp"}) {
            std::ofstream(root_ / name) << "x";
        }
    }
    ~ImagePaths() override { fs::remove_all(root_); }

    std::optional<std::string> found(
        const std::string& before, const std::string& name, const std::string& after
    ) {
        return find_image_path(before + (root_ / name).string() + after);
    }

    fs::path root_;
};

TEST_F(ImagePaths, finds_a_file_anywhere_in_the_prompt) {
    std::string cat = (root_ / "cat.png").string();
    EXPECT_EQ(found("", "cat.png", ""), cat);
    EXPECT_EQ(found("what is in ", "cat.png", "?"), cat);
    EXPECT_EQ(found("look:\n\"", "cat.png", "\", please."), cat);
    EXPECT_EQ(found("see ", "cat.png", "."), cat);
    EXPECT_EQ(found("", "a.webp", ""), (root_ / "a.webp").string());
}

TEST_F(ImagePaths, reads_escaped_spaces_and_any_case) {
    EXPECT_EQ(found("", "Two\\ Words.JPG", " now"), (root_ / "Two Words.JPG").string());
}

TEST_F(ImagePaths, leaves_text_alone_that_names_no_image_file) {
    EXPECT_EQ(found("", "none.png", ""), std::nullopt);
    EXPECT_EQ(found("", "notes.txt", ""), std::nullopt);
    EXPECT_EQ(find_image_path(""), std::nullopt);
    EXPECT_EQ(find_image_path("save it as cat.png"), std::nullopt);
    EXPECT_EQ(find_image_path("... \\"), std::nullopt);
    EXPECT_EQ(find_image_path("a/.png ( ) \"\" \\ \\\\"), std::nullopt);
}

}  // namespace
}  // namespace mullama::cli
