#include "gguf/name_text.h"
#include "tests/support/raw_gguf.h"
#include <mullama/gguf.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama {
namespace {

using test::RawGguf;
using testing::HasSubstr;

void expect_error(const RawGguf& file, ErrorCode code, const std::string& message) {
    const auto result = GgufFile::parse(file.bytes());
    ASSERT_FALSE(result) << "accepted, expected: " << message;
    EXPECT_EQ(result.error().code, code) << result.error().message;
    EXPECT_THAT(result.error().message, HasSubstr(message));
}

void expect_corrupt(const RawGguf& file, const std::string& message) {
    expect_error(file, ErrorCode::kCorrupt, message);
}

// A file of one tensor "t" of 8 floats, whose header fields a test replaces.
RawGguf one_tensor(
    std::initializer_list<std::int64_t> shape, std::uint64_t offset = 0, std::uint32_t type = 0
) {
    return RawGguf().header(1, 0).tensor("t", shape, offset, type).pad().zeros(32);
}

TEST(HeaderParser, reads_a_file_without_keys_or_tensors) {
    const RawGguf raw = RawGguf().header(0, 0);
    const auto file = GgufFile::parse(raw.bytes());
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(file->version(), 3U);
    EXPECT_EQ(file->alignment(), 32U);
    EXPECT_EQ(file->data_offset(), 24U);
    EXPECT_EQ(file->size_bytes(), 24U);
    EXPECT_TRUE(file->metadata().empty());
    EXPECT_TRUE(file->tensors().empty());
}

TEST(HeaderParser, reads_a_tensor_and_places_its_data) {
    const RawGguf raw = one_tensor({4, 2});
    const auto file = GgufFile::parse(raw.bytes());
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_EQ(file->tensors().size(), 1U);
    EXPECT_EQ(file->tensors()[0], (GgufTensor{"t", GgufTensorType::kF32, {4, 2}, 0, 32}));
    EXPECT_EQ(file->data_offset(), 96U);
}

TEST(HeaderParser, reads_version_2) {
    EXPECT_EQ(GgufFile::parse(RawGguf().header(0, 0, 2).bytes())->version(), 2U);
}

TEST(HeaderParser, accepts_a_last_tensor_without_padding) {
    const RawGguf raw =
        RawGguf().header(2, 0).tensor("a", {1}).tensor("b", {1}, 32).pad().zeros(36);
    EXPECT_TRUE(GgufFile::parse(raw.bytes()));
}

TEST(HeaderParser, accepts_a_tensor_without_dimensions_as_one_element) {
    const auto raw = one_tensor({});
    EXPECT_EQ(GgufFile::parse(raw.bytes())->tensors()[0].size_bytes, 4U);
}

TEST(HeaderParser, accepts_a_tensor_without_elements) {
    const auto raw = one_tensor({0, 5});
    EXPECT_EQ(GgufFile::parse(raw.bytes())->tensors()[0].size_bytes, 0U);
}

TEST(HeaderParser, refuses_an_empty_file) {
    expect_corrupt(RawGguf(), "the file is empty");
}

TEST(HeaderParser, refuses_another_format) {
    expect_corrupt(RawGguf().letters("PK\x03\x04 a zip file"), "it starts with 'PK\\x03\\x04'");
}

TEST(HeaderParser, refuses_less_than_a_magic_number) {
    expect_corrupt(RawGguf().letters("GG"), "the magic number needs 4 bytes at byte 0");
}

TEST(HeaderParser, refuses_version_0) {
    expect_corrupt(RawGguf().header(0, 0, 0), "version 0 does not exist");
}

TEST(HeaderParser, refuses_version_1) {
    expect_error(
        RawGguf().header(0, 0, 1),
        ErrorCode::kUnsupported,
        "GGUF version 1, this build reads 2 to 3"
    );
}

TEST(HeaderParser, refuses_a_newer_version) {
    expect_error(
        RawGguf().header(0, 0, 4),
        ErrorCode::kUnsupported,
        "GGUF version 4, this build reads 2 to 3"
    );
}

TEST(HeaderParser, refuses_big_endian_by_name) {
    expect_error(RawGguf().header(0, 0, 0x03000000), ErrorCode::kUnsupported, "big-endian");
}

TEST(HeaderParser, refuses_a_tensor_count_that_the_file_cannot_hold) {
    expect_corrupt(
        RawGguf().header(5, 0).zeros(100),
        "declares 5 tensors, but the 100 bytes that follow hold 4 at most"
    );
    expect_corrupt(RawGguf().header(UINT64_MAX, 0).zeros(100), "declares 18446744073709551615");
}

TEST(HeaderParser, refuses_a_key_count_that_the_file_cannot_hold) {
    expect_corrupt(
        RawGguf().header(0, 3).zeros(40),
        "declares 3 keys, but the 40 bytes that follow hold 2 at most"
    );
    expect_corrupt(RawGguf().header(0, UINT64_MAX).zeros(40), "declares 18446744073709551615 keys");
}

TEST(HeaderParser, refuses_a_tensor_count_that_the_keys_leave_no_room_for) {
    const std::string value(20, 'v');
    expect_corrupt(
        RawGguf().header(1, 1).key("k", GgufValueType::kString).text(value).zeros(3),
        "tensor list at byte 65: it declares 1 tensors, but the 3 bytes that follow hold 0 at most"
    );
}

TEST(HeaderParser, refuses_an_empty_key) {
    expect_corrupt(
        RawGguf().header(0, 1).key("", GgufValueType::kUint8).zeros(9),
        "key 0 at byte 24: its name '' is refused: it is empty"
    );
}

TEST(HeaderParser, refuses_a_key_longer_than_65535_bytes) {
    const std::string name(kKeyBytesMax + 1, 'k');
    expect_corrupt(
        RawGguf().header(0, 1).key(name, GgufValueType::kUint8).zeros(1),
        "it has 65536 bytes, the most are 65535"
    );
}

TEST(HeaderParser, accepts_a_key_of_65535_bytes) {
    const std::string name(kKeyBytesMax, 'k');
    const auto raw = RawGguf().header(0, 1).key(name, GgufValueType::kUint8).zeros(1);
    EXPECT_NE(GgufFile::parse(raw.bytes())->find(name), nullptr);
}

TEST(HeaderParser, refuses_a_key_length_past_the_end) {
    expect_corrupt(
        RawGguf().header(0, 1).number<std::uint64_t>(1000).zeros(20),
        "key 0 at byte 24: its name needs 1000 bytes at byte 32, but the file ends at byte 52: it "
        "is "
        "damaged or 980 bytes are missing"
    );
    expect_corrupt(
        RawGguf().header(0, 1).number<std::uint64_t>(UINT64_MAX).zeros(20),
        "needs 18446744073709551615 bytes"
    );
}

TEST(HeaderParser, refuses_a_key_that_is_not_utf8) {
    expect_corrupt(
        RawGguf().header(0, 1).key("k\xFF", GgufValueType::kUint8).zeros(4),
        "its name 'k\\xff' is refused: it is not UTF-8"
    );
}

TEST(HeaderParser, refuses_a_key_with_a_zero_byte) {
    using namespace std::string_view_literals;
    expect_corrupt(
        RawGguf().header(0, 1).key("k\0x"sv, GgufValueType::kUint8).zeros(4), "a zero byte inside"
    );
}

TEST(HeaderParser, refuses_a_key_that_is_there_twice) {
    auto raw = RawGguf().header(0, 3);
    for (const auto* name : {"a", "b", "a"}) raw.key(name, GgufValueType::kUint8).zeros(1);
    expect_corrupt(raw, "key 'a' is there twice, as keys 0 and 2");
}

TEST(HeaderParser, uses_the_alignment_that_the_file_names) {
    const auto raw = RawGguf()
                         .header(2, 1)
                         .key("general.alignment", GgufValueType::kUint32)
                         .number<std::uint32_t>(64)
                         .tensor("a", {1})
                         .tensor("b", {1}, 64)
                         .pad(64)
                         .zeros(128);
    const auto file = GgufFile::parse(raw.bytes());
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(file->alignment(), 64U);
    EXPECT_EQ(file->data_offset() % 64, 0U);
}

TEST(HeaderParser, refuses_alignments_that_are_none) {
    for (const std::uint32_t alignment : {0U, 1U, 4U, 24U, 33U, 1U << 25, UINT32_MAX}) {
        expect_corrupt(
            RawGguf()
                .header(0, 1)
                .key("general.alignment", GgufValueType::kUint32)
                .number(alignment),
            "it must be a power of two from 8 to 16777216"
        );
    }
}

TEST(HeaderParser, refuses_an_alignment_of_another_type) {
    expect_corrupt(
        RawGguf().header(0, 1).key("general.alignment", GgufValueType::kUint64).zeros(8),
        "key 'general.alignment' is stored as u64, it must be u32"
    );
}

TEST(HeaderParser, refuses_an_empty_tensor_name) {
    expect_corrupt(
        RawGguf().header(1, 0).tensor("", {8}).pad().zeros(32),
        "tensor 0 at byte 24: its name '' is refused: it is empty"
    );
}

TEST(HeaderParser, refuses_a_tensor_name_longer_than_63_bytes) {
    const std::string name(64, 'n');
    expect_corrupt(
        RawGguf().header(1, 0).tensor(name, {8}).pad().zeros(32), "it has 64 bytes, the most are 63"
    );
    const auto raw = RawGguf().header(1, 0).tensor(name.substr(1), {8}).pad().zeros(32);
    EXPECT_TRUE(GgufFile::parse(raw.bytes()));
}

TEST(HeaderParser, refuses_a_tensor_name_that_is_not_utf8) {
    expect_corrupt(RawGguf().header(1, 0).tensor("\xC0t", {8}).pad().zeros(32), "not UTF-8");
}

TEST(HeaderParser, refuses_a_tensor_name_that_is_there_twice) {
    expect_corrupt(
        RawGguf().header(2, 0).tensor("t", {8}).tensor("t", {8}, 32).pad().zeros(64),
        "tensor 't' is there twice, as tensors 0 and 1"
    );
}

TEST(HeaderParser, refuses_five_dimensions) {
    expect_corrupt(
        one_tensor({1, 1, 1, 1, 1}), "tensor 't' at byte 24: it has 5 dimensions, the most are 4"
    );
}

TEST(HeaderParser, refuses_a_dimension_count_past_the_end) {
    expect_corrupt(
        RawGguf().header(1, 0).text("t").number<std::uint32_t>(UINT32_MAX).zeros(64),
        "it has 4294967295 dimensions"
    );
}

TEST(HeaderParser, refuses_a_negative_dimension) {
    expect_corrupt(one_tensor({8, -1}), "dimension 1 is -1, negative");
}

TEST(HeaderParser, refuses_a_shape_whose_product_overflows) {
    const std::int64_t large = std::int64_t{1} << 32;
    expect_corrupt(one_tensor({large, large}), "the shape's size in bytes is past 2^63");
    expect_corrupt(one_tensor({0, large, large}), "the shape's size in bytes is past 2^63");
}

TEST(HeaderParser, refuses_a_size_in_bytes_that_overflows) {
    expect_corrupt(one_tensor({INT64_MAX / 2}), "the shape's size in bytes is past 2^63");
}

TEST(HeaderParser, refuses_sizes_whose_sum_overflows) {
    const std::int64_t large = std::int64_t{1} << 59;
    const auto bytes = static_cast<std::uint64_t>(large) * 4;
    expect_corrupt(
        RawGguf().header(2, 0).tensor("a", {large}).tensor("b", {large}, bytes).pad().zeros(32),
        "tensor 'b': data ends past 2^62"
    );
}

TEST(HeaderParser, refuses_an_unknown_tensor_type) {
    expect_corrupt(one_tensor({8}, 0, 43), "its type 43 is none that this version knows");
    expect_corrupt(one_tensor({8}, 0, UINT32_MAX), "its type 4294967295 is none");
}

TEST(HeaderParser, refuses_tensor_types_that_ggml_removed) {
    for (const std::uint32_t type : {4U, 5U, 31U, 32U, 33U, 36U, 37U, 38U}) {
        expect_corrupt(one_tensor({256}, 0, type), "was removed from ggml");
    }
}

TEST(HeaderParser, refuses_rows_that_are_no_whole_number_of_blocks) {
    expect_corrupt(
        one_tensor({33}, 0, 2), "row length 33 is not a multiple of 32, the block size of type q4_0"
    );
}

TEST(HeaderParser, refuses_an_offset_that_is_not_aligned) {
    expect_corrupt(one_tensor({1}, 8), "tensor 't': offset 8 is not a multiple of the alignment");
}

TEST(HeaderParser, refuses_tensors_that_overlap) {
    expect_corrupt(
        RawGguf().header(2, 0).tensor("a", {16}).tensor("b", {8}, 32).pad().zeros(96),
        "tensor 'b': offset 32 overlaps the tensor before it (alignment 32, expected offset 64)"
    );
}

TEST(HeaderParser, refuses_a_gap_between_tensors) {
    expect_corrupt(
        RawGguf().header(2, 0).tensor("a", {8}).tensor("b", {8}, 64).pad().zeros(96),
        "tensor 'b': offset 64 leaves a gap behind the tensor before it"
    );
}

TEST(HeaderParser, refuses_an_offset_past_the_end) {
    const std::uint64_t far = UINT64_MAX - 31;
    expect_corrupt(one_tensor({8}, far), "offset 18446744073709551584 leaves a gap");
}

TEST(HeaderParser, says_how_many_bytes_a_truncated_file_lacks) {
    expect_corrupt(
        RawGguf().header(2, 0).tensor("a", {8}).tensor("b", {8}, 32).pad().zeros(22),
        "the file is truncated: tensor 'a' takes 32 bytes from byte 96 on and all tensors 160 "
        "bytes, but the file has 118: 42 bytes are missing, download it again"
    );
}

TEST(HeaderParser, refuses_a_file_that_ends_before_its_tensor_data) {
    expect_corrupt(RawGguf().header(1, 0).tensor("t", {0}), "bytes are missing");
}

TEST(HeaderParser, keeps_control_characters_out_of_messages) {
    expect_corrupt(
        RawGguf().header(1, 0).tensor("a\n\x1b[31m", {1, 1, 1, 1, 1}).zeros(64),
        "tensor 'a\\x0a\\x1b[31m' at byte 24"
    );
}

}  // namespace
}  // namespace mullama
