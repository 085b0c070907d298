#include "api/base64.h"

#include <random>

#include <gtest/gtest.h>

namespace mullama::api {
namespace {

TEST(Base64, knows_the_texts_of_its_rfc) {
    for (const auto& [bytes, text] : {
             std::pair{"", ""},
             std::pair{"f", "Zg=="},
             std::pair{"fo", "Zm8="},
             std::pair{"foo", "Zm9v"},
             std::pair{"foobar", "Zm9vYmFy"},
         }) {
        EXPECT_EQ(encode_base64(bytes), text);
        EXPECT_EQ(decode_base64(text), bytes);
    }
    EXPECT_EQ(decode_base64("Zm9v\r\nYmFy"), "foobar");
    EXPECT_EQ(decode_base64("Zg"), "f");
}

TEST(Base64, gives_every_byte_back) {
    std::mt19937 random(5);
    for (int round = 0; round < 500; ++round) {
        std::string bytes(random() % 40, '\0');
        for (char& byte : bytes) byte = static_cast<char>(random());
        ASSERT_EQ(decode_base64(encode_base64(bytes)), bytes);
    }
}

TEST(Base64, refuses_what_is_none) {
    EXPECT_EQ(decode_base64("Zm9v!"), std::nullopt);
    EXPECT_EQ(decode_base64("Z"), std::nullopt);
    EXPECT_EQ(decode_base64("Zg==Zg=="), std::nullopt);
}

}  // namespace
}  // namespace mullama::api
