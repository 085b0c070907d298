#include "gguf/byte_cursor.h"
#include "tests/support/raw_gguf.h"
#include <mullama/gguf.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama {
namespace {

using test::RawGguf;
using testing::HasSubstr;

RawGguf one_key() {
    return RawGguf().header(0, 1);
}

GgufValue value_in(const RawGguf& raw) {
    const auto file = GgufFile::parse(raw.bytes());
    EXPECT_TRUE(file) << file.error().message;
    return file ? *file->find("k") : GgufValue();
}

void expect_corrupt(const RawGguf& raw, const std::string& message) {
    const auto file = GgufFile::parse(raw.bytes());
    ASSERT_FALSE(file) << "accepted, expected: " << message;
    EXPECT_EQ(file.error().code, ErrorCode::kCorrupt);
    EXPECT_THAT(file.error().message, HasSubstr(message));
}

template <typename T>
void expect_scalar(GgufValueType type, T value) {
    const GgufValue read = value_in(one_key().key("k", type).number(value));
    EXPECT_EQ(read, GgufValue(value));
    EXPECT_EQ(type_of(read), type);
}

template <typename T>
void expect_array(GgufValueType type, const std::vector<T>& values) {
    RawGguf raw = one_key().array("k", type, values.size());
    for (const T value : values) raw.number(value);
    const GgufValue read = value_in(raw);
    EXPECT_EQ(read, GgufValue(values));
    EXPECT_EQ(type_of(read), GgufValueType::kArray);
    EXPECT_EQ(element_type_of(read), type);
}

TEST(ValueReader, reads_every_scalar_type) {
    expect_scalar<std::uint8_t>(GgufValueType::kUint8, 200);
    expect_scalar<std::int8_t>(GgufValueType::kInt8, -100);
    expect_scalar<std::uint16_t>(GgufValueType::kUint16, 60000);
    expect_scalar<std::int16_t>(GgufValueType::kInt16, -30000);
    expect_scalar<std::uint32_t>(GgufValueType::kUint32, 4000000000U);
    expect_scalar<std::int32_t>(GgufValueType::kInt32, -2000000000);
    expect_scalar<float>(GgufValueType::kFloat32, 0.25F);
    expect_scalar<std::uint64_t>(GgufValueType::kUint64, UINT64_MAX);
    expect_scalar<std::int64_t>(GgufValueType::kInt64, INT64_MIN);
    expect_scalar<double>(GgufValueType::kFloat64, 1e300);
}

TEST(ValueReader, reads_bools_and_strings) {
    EXPECT_EQ(value_in(one_key().key("k", GgufValueType::kBool).zeros(1)), GgufValue(false));
    const std::string bytes("any \xFF bytes");
    EXPECT_EQ(value_in(one_key().key("k", GgufValueType::kString).text(bytes)), GgufValue(bytes));
}

TEST(ValueReader, reads_arrays_of_every_number_type) {
    expect_array<std::uint8_t>(GgufValueType::kUint8, {1, 255});
    expect_array<std::int8_t>(GgufValueType::kInt8, {-1, 127});
    expect_array<std::uint16_t>(GgufValueType::kUint16, {1, 65535});
    expect_array<std::int16_t>(GgufValueType::kInt16, {-1, 7});
    expect_array<std::uint32_t>(GgufValueType::kUint32, {1, UINT32_MAX});
    expect_array<std::int32_t>(GgufValueType::kInt32, {-1, 7});
    expect_array<float>(GgufValueType::kFloat32, {0.5F, -2.0F});
    expect_array<std::uint64_t>(GgufValueType::kUint64, {UINT64_MAX});
    expect_array<std::int64_t>(GgufValueType::kInt64, {INT64_MIN, 0});
    expect_array<double>(GgufValueType::kFloat64, {0.125});
}

TEST(ValueReader, reads_arrays_of_bools_and_strings) {
    const auto bools =
        one_key().array("k", GgufValueType::kBool, 3).number<std::uint8_t>(1).zeros(2);
    EXPECT_EQ(value_in(bools), GgufValue(std::vector<bool>{true, false, false}));
    const auto strings = one_key().array("k", GgufValueType::kString, 2).text("").text("two");
    EXPECT_EQ(value_in(strings), GgufValue(std::vector<std::string>{"", "two"}));
}

TEST(ValueReader, reads_empty_arrays_of_their_type) {
    expect_array<float>(GgufValueType::kFloat32, {});
    const auto raw = one_key().array("k", GgufValueType::kString, 0);
    EXPECT_EQ(value_in(raw), GgufValue(std::vector<std::string>{}));
}

TEST(ValueReader, reads_an_array_longer_than_the_read_window) {
    std::vector<std::uint32_t> values(100'000);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint32_t>(i);
    expect_array<std::uint32_t>(GgufValueType::kUint32, values);
}

TEST(ValueReader, refuses_an_unknown_type) {
    expect_corrupt(
        one_key().text("k").number<std::uint32_t>(13).zeros(8),
        "key 'k' at byte 24: its value has type 13, known types are 0 to 12"
    );
}

TEST(ValueReader, refuses_an_unknown_element_type) {
    expect_corrupt(
        one_key().array("k", static_cast<GgufValueType>(99), 1).zeros(8),
        "its array has type 99, known types are 0 to 12"
    );
}

TEST(ValueReader, refuses_an_array_of_arrays) {
    expect_corrupt(
        one_key().array("k", GgufValueType::kArray, 1).zeros(32),
        "key 'k' at byte 24: an array of arrays is not allowed"
    );
}

TEST(ValueReader, refuses_a_bool_that_is_neither_0_nor_1) {
    expect_corrupt(
        one_key().key("k", GgufValueType::kBool).number<std::uint8_t>(2),
        "a bool is stored as 2, only 0 and 1 are allowed"
    );
    expect_corrupt(
        one_key().array("k", GgufValueType::kBool, 1).number<std::uint8_t>(255),
        "a bool is stored as 255"
    );
}

TEST(ValueReader, refuses_a_value_past_the_end) {
    expect_corrupt(
        one_key().key("k", GgufValueType::kUint64).zeros(3),
        "its value needs 8 bytes at byte 37, but the file ends at byte 40: it is damaged or 5 "
        "bytes "
        "are missing"
    );
}

TEST(ValueReader, refuses_a_string_length_past_the_end) {
    expect_corrupt(
        one_key().key("k", GgufValueType::kString).number<std::uint64_t>(10).letters("short"),
        "its value needs 10 bytes"
    );
    expect_corrupt(
        one_key().key("k", GgufValueType::kString).number<std::uint64_t>(UINT64_MAX).letters("x"),
        "its value needs 18446744073709551615 bytes"
    );
}

TEST(ValueReader, refuses_an_array_count_past_the_end) {
    expect_corrupt(
        one_key().array("k", GgufValueType::kUint32, 4).zeros(15),
        "declares 4 array elements, but the 15 bytes that follow hold 3 at most"
    );
    expect_corrupt(
        one_key().array("k", GgufValueType::kFloat64, UINT64_MAX).zeros(15),
        "declares 18446744073709551615 array elements"
    );
}

TEST(ValueReader, refuses_a_string_count_past_the_end) {
    expect_corrupt(
        one_key().array("k", GgufValueType::kString, 3).zeros(20),
        "declares 3 strings, but the 20 bytes that follow hold 2 at most"
    );
}

TEST(ValueReader, refuses_a_string_inside_an_array_past_the_end) {
    expect_corrupt(
        one_key().array("k", GgufValueType::kString, 1).number<std::uint64_t>(9).zeros(8),
        "a string of its array needs 9 bytes"
    );
}

TEST(ValueReader, refuses_a_header_longer_than_the_limit) {
    const std::uint64_t count = ByteCursor::kHeaderBytesMax;
    expect_corrupt(
        one_key().array("k", GgufValueType::kUint8, count).zeros(count),
        "makes the header longer than 256 MiB"
    );
}

}  // namespace
}  // namespace mullama
