#include "engine/snapshot_folder.h"

#include "tests/support/scratch_dir.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

Snapshot snapshot_of(std::string_view text, std::int32_t begin, std::size_t state_bytes = 100) {
    return {
        {text.begin(), text.end()},
        begin,
        std::make_shared<const std::vector<std::byte>>(state_bytes, std::byte{7})
    };
}

SnapshotId id_of(const Snapshot& snapshot) {
    return snapshot_id(snapshot.tokens, snapshot.begin);
}

std::string read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const fs::path& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

class SnapshotFolderTest : public testing::Test {
  protected:
    fs::path root() const { return scratch_.path() / "snapshots"; }

    SnapshotFolder open(std::uint64_t key = 1) const {
        return SnapshotFolder::open(root(), key).value();
    }

    std::vector<fs::path> files() const {
        std::vector<fs::path> files;
        for (const auto& file : fs::recursive_directory_iterator(root())) {
            if (file.is_regular_file()) files.push_back(file.path());
        }
        return files;
    }

    static std::vector<SnapshotId> listed(const SnapshotFolder& folder) {
        std::vector<SnapshotId> ids;
        for (const auto& entry : folder.list()) ids.push_back(entry.file.id);
        return ids;
    }

    const test::ScratchDir scratch_;
};

TEST_F(SnapshotFolderTest, gives_back_what_was_written) {
    const Snapshot written = snapshot_of("abcdef", 2);
    ASSERT_TRUE(open().write(written));
    const SnapshotFolder later = open();
    const auto entries = later.list();
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries[0].file.id, id_of(written));
    EXPECT_EQ(entries[0].file.bytes, fs::file_size(files().at(0)));
    EXPECT_EQ(entries[0].file.bytes, snapshot_bytes(6, 100));
    EXPECT_EQ(entries[0].snapshot.tokens, written.tokens);
    EXPECT_EQ(entries[0].snapshot.begin, 2);
    EXPECT_EQ(entries[0].snapshot.state, nullptr);

    const auto read = later.read(id_of(written));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->tokens, written.tokens);
    EXPECT_EQ(read->begin, 2);
    EXPECT_EQ(*read->state, *written.state);

    later.remove(id_of(written));
    EXPECT_THAT(later.list(), IsEmpty());
    EXPECT_EQ(later.read(id_of(written)).error().code, ErrorCode::kNotFound);
}

TEST_F(SnapshotFolderTest, is_for_its_owner_only) {
    open();
    EXPECT_EQ(fs::status(root()).permissions(), fs::perms::owner_all);
}

TEST_F(SnapshotFolderTest, keeps_what_computes_differently_apart) {
    const Snapshot written = snapshot_of("abc", 0);
    ASSERT_TRUE(open(1).write(written));
    EXPECT_THAT(open(2).list(), IsEmpty());
    // Not even where somebody moves the files.
    const fs::path moved = root() / "0000000000000002" / files().at(0).filename();
    fs::copy(files().at(0), moved);
    EXPECT_THAT(open(2).list(), IsEmpty());
    EXPECT_EQ(open(2).read(id_of(written)).error().code, ErrorCode::kCorrupt);
}

TEST_F(SnapshotFolderTest, lists_what_was_used_last_at_the_end) {
    const SnapshotFolder folder = open();
    const Snapshot first = snapshot_of("first", 0);
    const Snapshot second = snapshot_of("second", 0);
    ASSERT_TRUE(folder.write(first));
    ASSERT_TRUE(folder.write(second));
    const auto now = fs::file_time_type::clock::now();
    for (const auto& path : files()) fs::last_write_time(path, now - std::chrono::hours(5));
    ASSERT_TRUE(folder.read(id_of(first)));
    EXPECT_THAT(listed(folder), ElementsAre(id_of(second), id_of(first)));
}

// Every byte that is changed, and every length, is noticed at the latest when it is read.
TEST_F(SnapshotFolderTest, refuses_what_is_damaged) {
    const SnapshotFolder folder = open();
    const Snapshot written = snapshot_of("abcdef", 2, 40);
    ASSERT_TRUE(folder.write(written));
    const fs::path path = files().at(0);
    const std::string good = read_file(path);
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ 0x10);
        write_file(path, bad);
        folder.list();
        ASSERT_EQ(folder.read(id_of(written)).error().code, ErrorCode::kCorrupt) << "byte " << i;
        write_file(path, std::string_view(good).substr(0, i));
        ASSERT_THAT(folder.list(), IsEmpty());
        ASSERT_EQ(folder.read(id_of(written)).error().code, ErrorCode::kCorrupt) << i << " bytes";
    }
    write_file(path, good + "x");
    EXPECT_THAT(folder.list(), IsEmpty());
    write_file(path, good);
    EXPECT_TRUE(folder.read(id_of(written)));
}

TEST_F(SnapshotFolderTest, passes_by_what_others_have_put_there) {
    const SnapshotFolder folder = open();
    const fs::path place = root() / "0000000000000001";
    write_file(place / "notes.txt", "hello");
    write_file(place / "empty.snapshot", "");
    fs::create_directory(place / "folder.snapshot");
    EXPECT_THAT(folder.list(), IsEmpty());
    EXPECT_EQ(files().size(), 2U);
}

TEST_F(SnapshotFolderTest, takes_away_what_a_crash_has_left) {
    open();
    const fs::path old = root() / "0000000000000001" / "1.snapshot.77-0.tmp";
    const fs::path fresh = root() / "0000000000000001" / "2.snapshot.78-0.tmp";
    write_file(old, "half");
    write_file(fresh, "half");
    fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours(2));
    open();
    EXPECT_THAT(files(), ElementsAre(fresh)) << "another process may be writing it";
}

TEST_F(SnapshotFolderTest, says_where_it_cannot_be) {
    write_file(scratch_.path() / "file", "");
    const auto opened = SnapshotFolder::open(scratch_.path() / "file", 1);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::kIo);
    EXPECT_THAT(opened.error().message, testing::HasSubstr("file"));
}

TEST_F(SnapshotFolderTest, trimming_removes_the_oldest_of_all_folders) {
    const auto now = fs::file_time_type::clock::now();
    std::vector<SnapshotId> ids;
    for (int i = 0; i < 4; ++i) {
        const Snapshot snapshot = snapshot_of(std::string(1, static_cast<char>('a' + i)), 0);
        const SnapshotFolder folder = open(static_cast<std::uint64_t>(i % 2));
        ASSERT_TRUE(folder.write(snapshot));
        ids.push_back(id_of(snapshot));
        for (const auto& path : files()) {
            if (!path.filename().string().starts_with(fmt::format("{:016x}", ids.back()))) continue;
            fs::last_write_time(path, now - std::chrono::hours(10 - i));
        }
    }
    trim_snapshots(root(), 2 * snapshot_bytes(1, 100) + 1);
    EXPECT_THAT(listed(open(0)), ElementsAre(ids[2]));
    EXPECT_THAT(listed(open(1)), ElementsAre(ids[3]));
    trim_snapshots(root(), 0);
    EXPECT_THAT(files(), IsEmpty());
    trim_snapshots(scratch_.path() / "none", 0);
}

}  // namespace
}  // namespace mullama
