#include "tests/support/raw_gguf.h"
#include "tests/support/scratch_dir.h"
#include <mullama/gguf.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace mullama {
namespace {

using test::RawGguf;
using testing::HasSubstr;
using testing::StartsWith;

// A small file with every kind of field: single values, strings, arrays and two tensors.
GgufWriter sample() {
    GgufWriter writer;
    const auto add = [&](const char* key, GgufValue value) {
        EXPECT_TRUE(writer.set(key, std::move(value)));
    };
    add("general.architecture", std::string("test"));
    add("count.u8", std::uint8_t{200});
    add("count.i64", std::int64_t{-5});
    add("scale.f32", 0.5F);
    add("flag", true);
    add("tokens", std::vector<std::string>{"<s>", "", "x"});
    add("scores", std::vector<float>{1.0F, 2.0F});
    add("flags", std::vector<bool>{true, false});
    std::vector<std::byte> bytes(48);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i);
    EXPECT_TRUE(writer.add_tensor("first", GgufTensorType::kF32, {4, 3}, bytes));
    EXPECT_TRUE(writer.add_tensor("second", GgufTensorType::kQ8_0, {32}, std::vector<std::byte>(34))
    );
    return writer;
}

class GgufFileTest : public testing::Test {
  protected:
    std::filesystem::path write_file(std::span<const std::byte> bytes) {
        const auto path = dir_.path() / "file.gguf";
        std::ofstream stream(path, std::ios::binary);
        stream.write(
            reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size())
        );
        return path;
    }

    test::ScratchDir dir_;
};

TEST_F(GgufFileTest, opens_a_file_and_reads_a_tensor_on_demand) {
    const auto path = dir_.path() / "sample.gguf";
    ASSERT_TRUE(sample().write(path));
    const auto file = GgufFile::open(path);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(file->path(), path);
    EXPECT_EQ(file->size_bytes(), std::filesystem::file_size(path));
    const GgufTensor* first = file->find_tensor("first");
    ASSERT_NE(first, nullptr);
    const auto bytes = file->read_tensor(*first);
    ASSERT_TRUE(bytes);
    EXPECT_EQ(bytes->size(), 48U);
    EXPECT_EQ((*bytes)[47], std::byte{47});
    EXPECT_EQ(file->find_tensor("third"), nullptr);
}

TEST_F(GgufFileTest, stays_readable_when_its_name_is_gone) {
    const auto path = dir_.path() / "sample.gguf";
    ASSERT_TRUE(sample().write(path));
    const auto file = GgufFile::open(path);
    ASSERT_TRUE(file);
    std::filesystem::remove(path);
    const GgufFile copy = *file;
    EXPECT_TRUE(copy.read_tensor(copy.tensors()[1]));
}

TEST_F(GgufFileTest, does_not_read_tensor_data_on_open) {
    // The file is sparse: reading its terabyte would not end.
    const auto path =
        write_file(RawGguf().header(1, 0).tensor("huge", {std::int64_t{1} << 38}).pad().bytes());
    std::filesystem::resize_file(path, (std::uintmax_t{1} << 40) + 96);
    const auto file = GgufFile::open(path);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(file->tensors()[0].size_bytes, std::uint64_t{1} << 40);
}

TEST_F(GgufFileTest, says_that_a_file_is_missing) {
    const auto file = GgufFile::open(dir_.path() / "none.gguf");
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code, ErrorCode::kNotFound);
    EXPECT_THAT(file.error().message, HasSubstr("none.gguf: no such file"));
    EXPECT_EQ(GgufFile::open("").error().code, ErrorCode::kNotFound);
}

TEST_F(GgufFileTest, refuses_a_directory) {
    const auto file = GgufFile::open(dir_.path());
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(file.error().message, HasSubstr("is a directory"));
}

TEST_F(GgufFileTest, refuses_a_pipe_without_waiting_for_it) {
    const auto path = dir_.path() / "pipe";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    const auto file = GgufFile::open(path);
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(file.error().message, HasSubstr("is not a regular file"));
}

TEST_F(GgufFileTest, says_that_a_file_may_not_be_read) {
    if (::geteuid() == 0) {
        // Root reads everything, but follows no loop of links.
        const auto path = dir_.path() / "loop";
        std::filesystem::create_symlink(path, path);
        EXPECT_EQ(GgufFile::open(path).error().code, ErrorCode::kIo);
        return;
    }
    const auto path = write_file(RawGguf().header(0, 0).bytes());
    ASSERT_EQ(::chmod(path.c_str(), 0), 0);
    const auto file = GgufFile::open(path);
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code, ErrorCode::kIo);
    EXPECT_THAT(file.error().message, HasSubstr("cannot be opened: Permission denied"));
}

TEST_F(GgufFileTest, names_the_file_in_errors_about_its_content) {
    const auto path = write_file(std::as_bytes(std::span("nonsense")));
    const auto file = GgufFile::open(path);
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code, ErrorCode::kCorrupt);
    EXPECT_THAT(file.error().message, StartsWith(path.string() + ": header at byte 0: not a GGUF"));
}

TEST_F(GgufFileTest, notices_that_a_file_was_cut_after_opening) {
    const auto path = write_file(*sample().to_bytes());
    const auto file = GgufFile::open(path);
    ASSERT_TRUE(file);
    std::filesystem::resize_file(path, file->data_offset() + 10);
    const auto bytes = file->read_tensor(file->tensors()[0]);
    ASSERT_FALSE(bytes);
    EXPECT_EQ(bytes.error().code, ErrorCode::kIo);
    EXPECT_THAT(bytes.error().message, HasSubstr("it was cut meanwhile"));
}

TEST_F(GgufFileTest, refuses_a_tensor_of_another_file) {
    const auto bytes = *sample().to_bytes();
    const auto file = GgufFile::parse(bytes);
    const GgufTensor outside{"x", GgufTensorType::kF32, {4}, file->size_bytes(), 16};
    const GgufTensor huge{"x", GgufTensorType::kF32, {4}, 0, UINT64_MAX};
    EXPECT_EQ(file->read_tensor(outside).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(file->read_tensor(huge).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(GgufFileTest, refuses_a_buffer_of_another_size) {
    const auto bytes = *sample().to_bytes();
    const auto file = GgufFile::parse(bytes);
    std::vector<std::byte> out(47);
    const auto done = file->read_tensor(file->tensors()[0], out);
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().message, HasSubstr("'first' has 48 bytes, the buffer for it 47"));
}

TEST_F(GgufFileTest, getters_convert_without_loss_or_say_why_not) {
    const auto bytes = *sample().to_bytes();
    const auto file = GgufFile::parse(bytes);
    ASSERT_TRUE(file);
    EXPECT_EQ(*file->get<std::string>("general.architecture"), "test");
    EXPECT_EQ(*file->get<std::uint32_t>("count.u8"), 200U);
    EXPECT_EQ(*file->get<std::int32_t>("count.i64"), -5);
    EXPECT_EQ(*file->get<double>("scale.f32"), 0.5);
    EXPECT_EQ(*file->get<bool>("flag"), true);
    EXPECT_EQ(file->get<std::vector<std::string>>("tokens")->size(), 3U);
    EXPECT_EQ(file->get<std::vector<bool>>("flags")->at(0), true);

    EXPECT_EQ(file->get<bool>("nothing").error().code, ErrorCode::kNotFound);
    const auto negative = file->get<std::uint64_t>("count.i64");
    EXPECT_EQ(negative.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(negative.error().message, "key 'count.i64' is wanted as u64, but -5 is out of range");
    EXPECT_EQ(
        file->get<std::int8_t>("count.u8").error().message,
        "key 'count.u8' is wanted as i8, but 200 is out of range"
    );
    EXPECT_EQ(
        file->get<std::uint32_t>("tokens").error().message,
        "key 'tokens' is wanted as u32, but is stored as arr[str]"
    );
    EXPECT_EQ(file->get<bool>("count.u8").error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(file->get<float>("count.u8").error().code, ErrorCode::kInvalidArgument);
}

TEST_F(GgufFileTest, knows_its_place_in_a_split_model) {
    GgufWriter writer;
    ASSERT_TRUE(writer.set("split.no", std::uint16_t{1}));
    ASSERT_TRUE(writer.set("split.count", std::uint16_t{3}));
    const auto bytes = *writer.to_bytes();
    EXPECT_EQ(GgufFile::parse(bytes)->split(), (GgufSplit{1, 3}));
    const auto whole = *sample().to_bytes();
    EXPECT_EQ(GgufFile::parse(whole)->split(), std::nullopt);
}

TEST_F(GgufFileTest, names_split_files_as_llama_does) {
    EXPECT_EQ(gguf_split_path("/models/big", 0, 12), "/models/big-00001-of-00012.gguf");
}

TEST_F(GgufFileTest, refuses_a_file_cut_at_any_byte) {
    const auto whole = *sample().to_bytes();
    const auto file = GgufFile::parse(whole);
    ASSERT_TRUE(file);
    const GgufTensor& last = file->tensors().back();
    const std::size_t needed = file->data_offset() + last.offset + last.size_bytes;
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const auto cut = GgufFile::parse(std::span(whole).first(length));
        ASSERT_EQ(cut.has_value(), length >= needed) << "cut to " << length;
        if (!cut) {
            ASSERT_EQ(cut.error().code, ErrorCode::kCorrupt) << cut.error().message;
        }
    }
}

TEST_F(GgufFileTest, refuses_a_file_on_disk_cut_at_any_byte) {
    const auto whole = *sample().to_bytes();
    for (std::size_t length = 0; length < whole.size(); length += 7) {
        const auto path = write_file(std::span(whole).first(length));
        const auto cut = GgufFile::open(path);
        if (!cut) {
            ASSERT_EQ(cut.error().code, ErrorCode::kCorrupt) << cut.error().message;
        }
    }
}

// Whatever a damaged file turns into: it is refused with a message, or all its parts can be used.
void expect_usable_or_refused(std::span<const std::byte> bytes) {
    const auto file = GgufFile::parse(bytes);
    if (!file) {
        ASSERT_FALSE(file.error().message.empty());
        return;
    }
    for (const GgufTensor& tensor : file->tensors()) {
        const auto data = file->read_tensor(tensor);
        ASSERT_TRUE(data) << data.error().message;
        ASSERT_EQ(data->size(), tensor.size_bytes);
    }
    for (const GgufEntry& entry : file->metadata()) {
        ASSERT_EQ(file->find(entry.key), &entry.value);
    }
}

TEST_F(GgufFileTest, survives_every_value_of_every_header_byte) {
    const auto whole = *sample().to_bytes();
    const std::size_t header = GgufFile::parse(whole)->data_offset();
    for (std::size_t place = 0; place < header; ++place) {
        auto damaged = whole;
        for (int value = 0; value < 256; ++value) {
            damaged[place] = static_cast<std::byte>(value);
            expect_usable_or_refused(damaged);
        }
    }
}

TEST_F(GgufFileTest, survives_random_bytes) {
    std::mt19937 random(1);
    for (int round = 0; round < 2000; ++round) {
        RawGguf raw;
        if (round % 2 == 0) raw.header(random() % 3, random() % 3);
        const std::size_t count = random() % 300;
        for (std::size_t i = 0; i < count; ++i) {
            raw.number(static_cast<std::uint8_t>(random() % 4 == 0 ? random() % 256 : random() % 12)
            );
        }
        expect_usable_or_refused(raw.bytes());
    }
}

}  // namespace
}  // namespace mullama
