#include "gguf/atomic_file.h"
#include "tests/support/scratch_dir.h"
#include <mullama/gguf.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama {
namespace {

using testing::HasSubstr;

std::vector<GgufEntry> every_type() {
    std::vector<GgufEntry> entries;
    const auto add = [&](const char* key, GgufValue value) {
        entries.push_back({key, std::move(value)});
    };
    add("u8", std::uint8_t{255});
    add("i8", std::int8_t{-128});
    add("u16", std::uint16_t{65535});
    add("i16", std::int16_t{-32768});
    add("u32", UINT32_MAX);
    add("i32", INT32_MIN);
    add("f32", 1.5F);
    add("bool", true);
    add("str", std::string("text \xF0\x9F\xA6\x99"));
    add("empty", std::string());
    add("u64", std::uint64_t{UINT64_MAX});
    add("i64", std::int64_t{INT64_MIN});
    add("f64", 1e-300);
    add("arr.u8", std::vector<std::uint8_t>{0, 255});
    add("arr.i8", std::vector<std::int8_t>{-1});
    add("arr.u16", std::vector<std::uint16_t>{1, 2, 3});
    add("arr.i16", std::vector<std::int16_t>{-1, 2});
    add("arr.u32", std::vector<std::uint32_t>{UINT32_MAX});
    add("arr.i32", std::vector<std::int32_t>{INT32_MIN, 0});
    add("arr.f32", std::vector<float>{0.5F});
    add("arr.bool", std::vector<bool>{true, false, true});
    add("arr.str", std::vector<std::string>{"a", "", "c"});
    add("arr.u64", std::vector<std::uint64_t>{UINT64_MAX});
    add("arr.i64", std::vector<std::int64_t>{INT64_MIN});
    add("arr.f64", std::vector<double>{2.5});
    add("arr.empty", std::vector<std::string>{});
    return entries;
}

std::vector<std::byte> pattern(std::size_t count, int start) {
    std::vector<std::byte> bytes(count);
    for (std::size_t i = 0; i < count; ++i) {
        bytes[i] = static_cast<std::byte>(static_cast<int>(i) + start);
    }
    return bytes;
}

void expect_refused(const Result<void>& result, const std::string& message) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(result.error().message, HasSubstr(message));
}

std::size_t files_in(const std::filesystem::path& dir) {
    return static_cast<std::size_t>(std::distance(
        std::filesystem::directory_iterator(dir), std::filesystem::directory_iterator()
    ));
}

TEST(GgufWriter, round_trips_every_value_type_in_order) {
    GgufWriter writer;
    for (const GgufEntry& entry : every_type()) ASSERT_TRUE(writer.set(entry.key, entry.value));
    const auto bytes = writer.to_bytes();
    ASSERT_TRUE(bytes);
    const auto file = GgufFile::parse(*bytes);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_THAT(file->metadata(), testing::ElementsAreArray(every_type()));
}

TEST(GgufWriter, round_trips_tensors_with_their_bytes) {
    GgufWriter writer;
    ASSERT_TRUE(writer.add_tensor("a", GgufTensorType::kF32, {3}, pattern(12, 1)));
    ASSERT_TRUE(writer.add_tensor("b", GgufTensorType::kQ4_K, {256, 2}, pattern(288, 7)));
    ASSERT_TRUE(writer.add_tensor("none", GgufTensorType::kF16, {0}, std::vector<std::byte>{}));
    ASSERT_TRUE(writer.add_tensor("c", GgufTensorType::kI8, {1, 1, 1, 5}, pattern(5, 3)));
    const auto bytes = *writer.to_bytes();
    EXPECT_EQ(bytes.size() % 32, 0U);
    const auto file = GgufFile::parse(bytes);
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_EQ(file->tensors().size(), 4U);
    EXPECT_EQ(*file->read_tensor(*file->find_tensor("a")), pattern(12, 1));
    EXPECT_EQ(*file->read_tensor(*file->find_tensor("b")), pattern(288, 7));
    EXPECT_EQ(*file->read_tensor(*file->find_tensor("c")), pattern(5, 3));
    EXPECT_EQ(file->find_tensor("b")->shape, (std::vector<std::int64_t>{256, 2}));
}

TEST(GgufWriter, round_trips_another_alignment) {
    GgufWriter writer;
    ASSERT_TRUE(writer.add_tensor("a", GgufTensorType::kI8, {1}, pattern(1, 0)));
    ASSERT_TRUE(writer.add_tensor("b", GgufTensorType::kI8, {1}, pattern(1, 9)));
    ASSERT_TRUE(writer.set("general.alignment", std::uint32_t{128}));
    const auto bytes = *writer.to_bytes();
    const auto file = GgufFile::parse(bytes);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(file->alignment(), 128U);
    EXPECT_EQ(file->tensors()[1].offset, 128U);
    EXPECT_EQ(*file->read_tensor(file->tensors()[1]), pattern(1, 9));
}

TEST(GgufWriter, writes_the_same_bytes_to_a_file_as_to_memory) {
    const test::ScratchDir dir;
    GgufWriter writer;
    ASSERT_TRUE(writer.set("k", std::string("v")));
    ASSERT_TRUE(writer.add_tensor("t", GgufTensorType::kF32, {2}, pattern(8, 0)));
    ASSERT_TRUE(writer.write(dir.path() / "x.gguf"));
    EXPECT_EQ(files_in(dir.path()), 1U);
    std::ifstream stream(dir.path() / "x.gguf", std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(stream), {});
    const auto bytes = *writer.to_bytes();
    EXPECT_TRUE(std::ranges::equal(std::as_bytes(std::span(text)), bytes));
}

TEST(GgufWriter, asks_for_bytes_tensor_by_tensor) {
    GgufWriter writer;
    std::string calls;
    for (const std::string name : {"a", "b"}) {
        const auto fill = [&calls, name](std::span<std::byte> out) -> Result<void> {
            calls += name + std::to_string(out.size());
            std::ranges::fill(out, std::byte{name[0] == 'a' ? std::uint8_t{1} : std::uint8_t{2}});
            return {};
        };
        ASSERT_TRUE(writer.add_tensor(name, GgufTensorType::kF32, {2}, fill));
    }
    EXPECT_EQ(calls, "");
    const auto bytes = *writer.to_bytes();
    EXPECT_EQ(calls, "a8b8");
    const auto file = GgufFile::parse(bytes);
    EXPECT_EQ(file->read_tensor(file->tensors()[1])->at(7), std::byte{2});
}

TEST(GgufWriter, leaves_nothing_behind_when_a_tensor_cannot_be_filled) {
    const test::ScratchDir dir;
    GgufWriter writer;
    const auto fill = [](std::span<std::byte>) -> Result<void> {
        return Error{ErrorCode::kUnavailable, "no bytes today"};
    };
    ASSERT_TRUE(writer.add_tensor("t", GgufTensorType::kF32, {2}, fill));
    const auto done = writer.write(dir.path() / "x.gguf");
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error(), (Error{ErrorCode::kUnavailable, "no bytes today"}));
    EXPECT_EQ(files_in(dir.path()), 0U);
}

TEST(GgufWriter, keeps_the_old_file_when_writing_fails) {
    const test::ScratchDir dir;
    const auto path = dir.path() / "x.gguf";
    GgufWriter good;
    ASSERT_TRUE(good.set("k", std::uint32_t{1}));
    ASSERT_TRUE(good.write(path));
    GgufWriter bad;
    const auto fill = [](std::span<std::byte>) -> Result<void> { return Error{}; };
    ASSERT_TRUE(bad.add_tensor("t", GgufTensorType::kF32, {2}, fill));
    ASSERT_FALSE(bad.write(path));
    EXPECT_EQ(*GgufFile::open(path)->get<std::uint32_t>("k"), 1U);
    ASSERT_TRUE(GgufWriter().write(path));
    EXPECT_TRUE(GgufFile::open(path)->metadata().empty());
}

TEST(GgufWriter, says_why_a_file_cannot_be_written) {
    const test::ScratchDir dir;
    EXPECT_EQ(GgufWriter().write(dir.path()).error().code, ErrorCode::kInvalidArgument);
    const auto missing = GgufWriter().write(dir.path() / "none" / "x.gguf");
    EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
    EXPECT_THAT(missing.error().message, HasSubstr("its directory does not exist"));
    EXPECT_EQ(GgufWriter().write("/dev/full/x").error().code, ErrorCode::kNotFound);
}

TEST(GgufWriter, refuses_keys_that_a_reader_would_refuse) {
    GgufWriter writer;
    ASSERT_TRUE(writer.set("k", true));
    expect_refused(writer.set("k", false), "key 'k' is refused: it was added before");
    expect_refused(writer.set("", true), "it is empty");
    expect_refused(writer.set("\xFF", true), "it is not UTF-8");
    expect_refused(writer.set(std::string(65536, 'k'), true), "the most are 65535");
}

TEST(GgufWriter, refuses_an_alignment_that_is_none) {
    GgufWriter writer;
    expect_refused(writer.set("general.alignment", std::uint32_t{12}), "power of two");
    expect_refused(writer.set("general.alignment", std::uint64_t{32}), "must be a u32");
    EXPECT_TRUE(writer.set("general.alignment", std::uint32_t{16}));
}

TEST(GgufWriter, refuses_tensors_that_a_reader_would_refuse) {
    GgufWriter writer;
    const auto f32 = GgufTensorType::kF32;
    ASSERT_TRUE(writer.add_tensor("t", f32, {1}, pattern(4, 0)));
    expect_refused(writer.add_tensor("t", f32, {1}, pattern(4, 0)), "it was added before");
    expect_refused(writer.add_tensor("", f32, {1}, pattern(4, 0)), "it is empty");
    expect_refused(writer.add_tensor(std::string(64, 't'), f32, {1}, pattern(4, 0)), "are 63");
    expect_refused(
        writer.add_tensor("u", f32, {3}, pattern(11, 0)), "'u' needs 12 bytes, 11 were given"
    );
    expect_refused(writer.add_tensor("u", f32, {1, 1, 1, 1, 1}, pattern(4, 0)), "5 dimensions");
    expect_refused(writer.add_tensor("u", f32, {-1}, pattern(0, 0)), "dimension 0 is -1");
    expect_refused(
        writer.add_tensor("u", GgufTensorType::kQ4_0, {33}, pattern(0, 0)), "not a multiple of 32"
    );
    expect_refused(
        writer.add_tensor("u", static_cast<GgufTensorType>(4), {32}, pattern(0, 0)),
        "was removed from ggml"
    );
    expect_refused(writer.add_tensor("u", f32, {1}, GgufWriter::Fill()), "no function to fill it");
}

TEST(GgufWriter, refuses_tensors_past_the_size_of_any_file) {
    GgufWriter writer;
    const auto fill = [](std::span<std::byte>) -> Result<void> { return {}; };
    for (const std::string name : {"a", "b", "c"}) {
        ASSERT_TRUE(writer.add_tensor(name, GgufTensorType::kI8, {std::int64_t{1} << 61}, fill));
    }
    EXPECT_THAT(writer.to_bytes().error().message, HasSubstr("more than 2^62 bytes"));
}

TEST(AtomicFile, appears_only_when_committed) {
    const test::ScratchDir dir;
    const auto path = dir.path() / "a";
    {
        auto file = AtomicFile::create(path);
        ASSERT_TRUE(file);
        ASSERT_TRUE(file->write(std::as_bytes(std::span("abc", 3))));
        EXPECT_FALSE(std::filesystem::exists(path));
    }
    EXPECT_EQ(files_in(dir.path()), 0U);
    auto file = AtomicFile::create(path);
    ASSERT_TRUE(file->write(std::as_bytes(std::span("abc", 3))));
    ASSERT_TRUE(file->commit());
    EXPECT_EQ(std::filesystem::file_size(path), 3U);
    EXPECT_EQ(files_in(dir.path()), 1U);
}

TEST(AtomicFile, two_writers_of_one_name_do_not_meet) {
    const test::ScratchDir dir;
    auto first = AtomicFile::create(dir.path() / "a");
    auto second = AtomicFile::create(dir.path() / "a");
    ASSERT_TRUE(first && second);
    ASSERT_TRUE(first->write(std::as_bytes(std::span("1", 1))));
    ASSERT_TRUE(second->write(std::as_bytes(std::span("22", 2))));
    ASSERT_TRUE(second->commit());
    ASSERT_TRUE(first->commit());
    EXPECT_EQ(std::filesystem::file_size(dir.path() / "a"), 1U);
}

}  // namespace
}  // namespace mullama
