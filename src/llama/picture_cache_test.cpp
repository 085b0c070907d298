#include "llama/picture_cache.h"

#include <gtest/gtest.h>

namespace mullama {
namespace {

std::shared_ptr<const Picture> picture_of(std::size_t floats) {
    MediaEmbedding media;
    media.rows.resize(floats);
    Picture picture;
    picture.parts.push_back({{}, std::make_shared<const MediaEmbedding>(std::move(media))});
    return std::make_shared<const Picture>(std::move(picture));
}

TEST(PictureCache, gives_what_was_put_in) {
    PictureCache cache(10000);
    EXPECT_EQ(cache.find("a"), nullptr);
    const auto picture = picture_of(100);
    cache.insert("a", picture);
    EXPECT_EQ(cache.find("a"), picture);
    cache.insert("a", picture_of(100));
    EXPECT_EQ(cache.find("a"), picture);
}

TEST(PictureCache, lets_go_of_what_was_used_longest_ago) {
    PictureCache cache(10000);
    cache.insert("a", picture_of(1000));
    cache.insert("b", picture_of(1000));
    EXPECT_NE(cache.find("a"), nullptr);
    cache.insert("c", picture_of(1000));
    EXPECT_NE(cache.find("a"), nullptr);
    EXPECT_EQ(cache.find("b"), nullptr);
    EXPECT_NE(cache.find("c"), nullptr);
}

TEST(PictureCache, keeps_nothing_larger_than_itself) {
    PictureCache cache(10000);
    cache.insert("a", picture_of(100));
    cache.insert("b", picture_of(10000));
    EXPECT_NE(cache.find("a"), nullptr);
    EXPECT_EQ(cache.find("b"), nullptr);
    PictureCache none(0);
    none.insert("a", picture_of(1));
    EXPECT_EQ(none.find("a"), nullptr);
}

}  // namespace
}  // namespace mullama
