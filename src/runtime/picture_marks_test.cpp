#include "runtime/picture_marks.h"

#include <gtest/gtest.h>

namespace mullama {
namespace {

TEST(PictureMarks, stand_before_a_message_for_each_of_its_images) {
    const PictureMarks& marks = PictureMarks::instance();
    const std::vector<Message> messages = {
        {.role = "user", .content = "one", .images = {"a"}},
        {.role = "assistant", .content = "two"},
        {.role = "user", .content = "three", .images = {"b", "c"}},
    };
    const auto marked = marks.put(messages);
    ASSERT_EQ(marked.size(), 3U);
    EXPECT_EQ(marks.shown(marked[0].content), "[img-0]one");
    EXPECT_EQ(marked[1].content, "two");
    EXPECT_EQ(marks.shown(marked[2].content), "[img-1][img-2]three");
    EXPECT_TRUE(marked[2].images.empty());
    EXPECT_EQ(marks.shown(marks.put("text", 2)), "[img-0][img-1]text");
}

TEST(PictureMarks, take_a_text_apart) {
    const PictureMarks& marks = PictureMarks::instance();
    const std::string text = "before " + marks.put(" after", 2);
    const auto stretches = marks.split(text);
    ASSERT_EQ(stretches.size(), 3U);
    EXPECT_EQ(stretches[0].text, "before ");
    EXPECT_EQ(stretches[0].picture, 0U);
    EXPECT_EQ(stretches[1].text, "");
    EXPECT_EQ(stretches[1].picture, 1U);
    EXPECT_EQ(stretches[2].text, " after");
    EXPECT_FALSE(stretches[2].picture);
}

TEST(PictureMarks, a_text_without_marks_is_one_stretch) {
    const PictureMarks& marks = PictureMarks::instance();
    for (const std::string text : {"", "plain", "[img-0]", "[img-"}) {
        ASSERT_EQ(marks.split(text).size(), 1U);
        EXPECT_EQ(marks.split(text)[0].text, text);
        EXPECT_EQ(marks.shown(text), text);
    }
}

}  // namespace
}  // namespace mullama
