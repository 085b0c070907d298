#include "cli/image_paths.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace mullama::cli {
namespace {

namespace fs = std::filesystem;

class ImagePaths : public ::testing::Test {
  protected:
    ImagePaths() {
        std::string pattern = ::testing::TempDir() + "mullama_images_XXXXXX";
        root_ = mkdtemp(pattern.data());
        for (const char* name : {"cat.png", "Two Words.JPG", "notes.txt", "dog.jpeg", "a.webp"}) {
            std::ofstream(root_ / name) << "x";
        }
    }
    ~ImagePaths() override { fs::remove_all(root_); }

    ImagePrompt taken(
        const std::string& before, const std::string& name, const std::string& after
    ) {
        return take_image_paths(before + (root_ / name).string() + after);
    }

    fs::path root_;
};

TEST_F(ImagePaths, finds_a_file_anywhere_in_the_prompt) {
    const std::vector<std::string> cat = {(root_ / "cat.png").string()};
    EXPECT_EQ(taken("", "cat.png", "").paths, cat);
    EXPECT_EQ(taken("what is in ", "cat.png", "?").paths, cat);
    EXPECT_EQ(taken("look:\n\"", "cat.png", "\", please.").paths, cat);
    EXPECT_EQ(taken("see ", "cat.png", ".").paths, cat);
    EXPECT_EQ(taken("", "dog.jpeg", "").paths.front(), (root_ / "dog.jpeg").string());
}

TEST_F(ImagePaths, finds_several) {
    const std::string first = (root_ / "cat.png").string();
    const ImagePrompt both = taken(first + " and ", "dog.jpeg", " differ how?");
    EXPECT_EQ(both.paths, (std::vector<std::string>{first, (root_ / "dog.jpeg").string()}));
    EXPECT_EQ(both.text, " and  differ how?");
}

TEST_F(ImagePaths, the_text_loses_the_path_and_nothing_else) {
    EXPECT_EQ(taken("what  is in ", "cat.png", "?").text, "what  is in ?");
    EXPECT_EQ(taken("look:\n\"", "cat.png", "\", please.").text, "look:\n\"\", please.");
}

TEST_F(ImagePaths, reads_escaped_spaces_and_any_case) {
    EXPECT_EQ(
        taken("", "Two\\ Words.JPG", " now").paths.front(), (root_ / "Two Words.JPG").string()
    );
}

TEST_F(ImagePaths, leaves_text_alone_that_names_no_image_file) {
    EXPECT_TRUE(taken("", "none.png", "").paths.empty());
    EXPECT_TRUE(taken("", "notes.txt", "").paths.empty());
    EXPECT_TRUE(taken("", "a.webp", "").paths.empty()) << "no model here reads it";
    for (const char* text :
         {"", "save it as cat.png", "... \\", "a/.png ( ) \"\" \\ \\\\", " two  spaces \n"}) {
        const ImagePrompt prompt = take_image_paths(text);
        EXPECT_TRUE(prompt.paths.empty());
        EXPECT_EQ(prompt.text, text);
    }
}

TEST_F(ImagePaths, a_turn_carries_the_bytes) {
    const Result<Message> message = user_message("what is " + (root_ / "cat.png").string() + "?");
    ASSERT_TRUE(message);
    EXPECT_EQ(message->content, "what is ?");
    EXPECT_EQ(message->images, std::vector<std::string>{"x"});
}

}  // namespace
}  // namespace mullama::cli
