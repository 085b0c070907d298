#include "server/content_decoding.h"

#include "server/test_client.h"

#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

namespace mullama::server {
namespace {

constexpr std::size_t kNoLimit = 100 << 20;

std::string gzip(const std::string& text) {
    z_stream stream{};
    EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
    std::string packed(deflateBound(&stream, text.size()), '\0');
    std::string source = text;
    stream.next_in = reinterpret_cast<Bytef*>(source.data());
    stream.avail_in = static_cast<uInt>(source.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

std::string zstd(const std::string& text) {
    std::string packed(ZSTD_compressBound(text.size()), '\0');
    packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
    return packed;
}

std::string pack(const std::string& encoding, const std::string& text) {
    return encoding == "gzip" ? gzip(text) : zstd(text);
}

/// Text that hardly shrinks.
std::string noise(std::size_t size) {
    std::mt19937 random(1);
    std::string text(size, '\0');
    for (char& letter : text) letter = static_cast<char>(random());
    return text;
}

class ContentDecoding : public ::testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(
    Encodings,
    ContentDecoding,
    ::testing::Values("gzip", "zstd"),
    [](const auto& tested) { return tested.param; }
);

TEST_P(ContentDecoding, gives_back_what_was_packed) {
    for (std::size_t size : {0UL, 1UL, 1000UL, 32768UL, 65536UL, 1000000UL}) {
        for (const std::string& text : {std::string(size, 'x'), noise(size)}) {
            std::string body = pack(GetParam(), text);
            ASSERT_FALSE(decode_content(GetParam(), body, kNoLimit)) << size;
            EXPECT_EQ(body, text);
        }
    }
}

TEST_P(ContentDecoding, joins_what_was_packed_in_parts) {
    std::string body = pack(GetParam(), "one ") + pack(GetParam(), noise(40000));
    ASSERT_FALSE(decode_content(GetParam(), body, kNoLimit));
    EXPECT_EQ(body, "one " + noise(40000));
}

TEST_P(ContentDecoding, holds_the_limit_to_the_byte) {
    std::string body = pack(GetParam(), std::string(100'000, 'x'));
    EXPECT_FALSE(decode_content(GetParam(), body, 100'000));
    body = pack(GetParam(), std::string(100'001, 'x'));
    const auto refusal = decode_content(GetParam(), body, 100'000);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->status, 413U);
}

TEST_P(ContentDecoding, a_bomb_of_many_parts_is_refused_too) {
    std::string body;
    for (int i = 0; i < 100; ++i) body += pack(GetParam(), std::string(1000, 'x'));
    const auto refusal = decode_content(GetParam(), body, 99'999);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->status, 413U);
}

TEST_P(ContentDecoding, refuses_every_cut_and_what_is_no_packed_text) {
    const std::string whole =
        pack(GetParam(), "some text that is packed, some text that is packed");
    for (std::size_t size = 1; size < whole.size(); ++size) {
        std::string body = whole.substr(0, size);
        const auto refusal = decode_content(GetParam(), body, kNoLimit);
        ASSERT_TRUE(refusal) << size;
        EXPECT_EQ(refusal->status, 400U) << size;
    }
    for (std::string body : {std::string("not packed"), whole + "rubbish", noise(1000)}) {
        const auto refusal = decode_content(GetParam(), body, kNoLimit);
        ASSERT_TRUE(refusal);
        EXPECT_EQ(refusal->status, 400U);
    }
}

TEST_P(ContentDecoding, is_part_of_the_server) {
    HttpServerOptions options;
    options.limits.body_bytes_max = 1000;
    HttpServer server = serve(echo, options);
    const std::string encoding = fmt::format("Content-Encoding: {}\r\n", GetParam());
    {
        TestClient client(server.address());
        client.post(pack(GetParam(), "packed"), encoding);
        EXPECT_EQ(client.receive().body, "POST /? packed");
        client.post(pack(GetParam(), std::string(1000, 'x')), encoding);
        EXPECT_EQ(client.receive().status, 200U);
    }
    const std::vector<std::pair<std::string, unsigned>> refused = {
        {pack(GetParam(), std::string(500'000, 'x')), 413},
        {"not packed", 400},
    };
    for (const auto& [body, status] : refused) {
        TestClient client(server.address());
        client.post(body, encoding);
        EXPECT_EQ(client.receive().status, status);
        EXPECT_TRUE(client.is_closed());
    }
}

TEST(ContentDecodings, are_few) {
    std::string body = "text";
    EXPECT_FALSE(decode_content("", body, 1));
    EXPECT_FALSE(decode_content("Identity", body, 1));
    EXPECT_EQ(body, "text");
    for (const char* encoding : {"br", "deflate", "gzip, zstd", "gzip,gzip"}) {
        const auto refusal = decode_content(encoding, body, kNoLimit);
        ASSERT_TRUE(refusal) << encoding;
        EXPECT_EQ(refusal->status, 415U) << encoding;
    }
    std::string nothing;
    EXPECT_FALSE(decode_content("gzip", nothing, 1));
}

TEST(ContentDecodings, are_known_in_any_case) {
    for (const char* encoding : {"GZIP", "x-gzip"}) {
        std::string body = gzip("text");
        EXPECT_FALSE(decode_content(encoding, body, 4));
        EXPECT_EQ(body, "text");
    }
}

}  // namespace
}  // namespace mullama::server
