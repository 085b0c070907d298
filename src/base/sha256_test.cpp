#include "base/sha256.h"

#include <gtest/gtest.h>

namespace mullama {
namespace {

// The example messages that NIST publishes with FIPS 180-4.
TEST(Sha256, gives_the_published_digests) {
    EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(
        sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    EXPECT_EQ(
        sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    );
    EXPECT_EQ(
        sha256_hex("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                   "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"),
        "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
    );
    EXPECT_EQ(
        sha256_hex(std::string(1'000'000, 'a')),
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    );
}

TEST(Sha256, does_not_depend_on_how_the_bytes_are_cut) {
    std::string text;
    for (int i = 0; i < 300; ++i) text += static_cast<char>(i * 7);
    std::string whole = sha256_hex(text);
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        Sha256 digest;
        digest.update(std::string_view(text).substr(0, cut));
        digest.update(std::string_view(text).substr(cut));
        ASSERT_EQ(digest.hex(), whole) << "cut at " << cut;
    }
}

TEST(Sha256, pads_every_length_around_a_block) {
    // Digest of the digests of 'a' repeated 0 to 130 times, computed with Python's hashlib.
    Sha256 all;
    for (std::size_t length = 0; length <= 130; ++length) {
        all.update(sha256_hex(std::string(length, 'a')));
    }
    EXPECT_EQ(all.hex(), "5eee4c50e1b5ec4f1a47f34c25ca988850b49da7904f5ab1b3abc5cc0ae66ef9");
}

TEST(Sha256, goes_on_after_its_digest_was_read) {
    Sha256 digest;
    digest.update("ab");
    EXPECT_EQ(digest.hex(), sha256_hex("ab"));
    digest.update("c");
    EXPECT_EQ(digest.hex(), sha256_hex("abc"));
}

}  // namespace
}  // namespace mullama
