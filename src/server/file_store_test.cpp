#include "server/file_store.h"

#include "tests/support/scratch_dir.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::server {
namespace {

namespace fs = std::filesystem;
using api::openai::FileInfo;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Filing : public ::testing::Test {
  protected:
    FileInfo info(std::string id) const {
        return {.id = std::move(id), .filename = "a.jsonl", .purpose = "batch", .created = 1};
    }

    static std::string content_of(const FileStore& store, const std::string& id) {
        const auto path = store.content(id);
        return path ? *read_file(*path) : path.error().message;
    }

    std::size_t files() const {
        std::size_t count = 0;
        for ([[maybe_unused]] const auto& file : fs::directory_iterator(folder_)) ++count;
        return count;
    }

    test::ScratchDir scratch_;
    fs::path folder_ = scratch_.path() / "files";
};

TEST_F(Filing, an_upload_outlives_the_store) {
    {
        FileStore store(folder_);
        const auto added = store.add(info("file-a"), std::string("a\0b", 3));
        ASSERT_TRUE(added);
        EXPECT_EQ(added->size_bytes, 3);
    }
    const FileStore again(folder_);
    EXPECT_EQ(again.find("file-a")->size_bytes, 3);
    EXPECT_EQ(content_of(again, "file-a"), std::string("a\0b", 3));
    EXPECT_EQ(again.list().size(), 1U);
}

TEST_F(Filing, what_is_removed_is_gone_with_its_content) {
    FileStore store(folder_);
    ASSERT_TRUE(store.add(info("file-a"), "x"));
    EXPECT_TRUE(store.remove("file-a"));
    EXPECT_EQ(store.find("file-a").error().message, "No such File object: file-a");
    EXPECT_FALSE(store.content("file-a"));
    EXPECT_FALSE(store.remove("file-a"));
    EXPECT_EQ(files(), 0U);
}

TEST_F(Filing, names_that_are_paths_are_not_found) {
    std::ofstream(scratch_.path() / "secret.data") << "secret";
    FileStore store(folder_);
    for (const char* id : {"", "../secret", "file-../../secret", "/etc/passwd"}) {
        EXPECT_FALSE(store.content(id)) << id;
        EXPECT_FALSE(store.remove(id)) << id;
    }
}

TEST_F(Filing, uploads_are_bounded_and_what_is_there_stays) {
    FileStore store(folder_, {.count_max = 2, .bytes_max = 10});
    ASSERT_TRUE(store.add(info("file-a"), "12345"));
    const auto large = store.add(info("file-b"), "123456");
    ASSERT_FALSE(large);
    EXPECT_EQ(large.error().code, ErrorCode::kExhausted);
    EXPECT_THAT(large.error().message, HasSubstr("delete some"));
    ASSERT_TRUE(store.add(info("file-b"), "12345"));
    EXPECT_FALSE(store.add(info("file-c"), ""));
    EXPECT_TRUE(store.find("file-a"));
    EXPECT_TRUE(store.remove("file-a"));
    EXPECT_TRUE(store.add(info("file-c"), ""));
}

TEST_F(Filing, a_file_of_the_servers_own_is_moved) {
    FileStore store(folder_);
    const fs::path from = scratch_.path() / "results";
    std::ofstream(from) << "one\n";
    ASSERT_TRUE(store.adopt(info("file-out"), from));
    EXPECT_FALSE(fs::exists(from));
    EXPECT_EQ(content_of(store, "file-out"), "one\n");
    std::ofstream(from) << "two\n";
    ASSERT_TRUE(store.adopt(info("file-out"), from)) << "once more";
    EXPECT_EQ(content_of(store, "file-out"), "two\n");
    EXPECT_EQ(store.list().size(), 1U);
    EXPECT_EQ(store.adopt(info("file-x"), from).error().code, ErrorCode::kIo);
}

TEST_F(Filing, what_has_expired_is_gone) {
    FileStore store(folder_);
    FileInfo old = info("file-old");
    old.expires = 2;
    ASSERT_TRUE(store.add(old, "x"));
    EXPECT_FALSE(store.find("file-old"));
    EXPECT_THAT(store.list(), IsEmpty());
    FileInfo later = info("file-later");
    later.expires = std::int64_t{1} << 40;
    ASSERT_TRUE(store.add(later, "x"));
    EXPECT_TRUE(store.find("file-later"));
    EXPECT_EQ(files(), 2U) << "the other's files are gone";
}

TEST_F(Filing, damage_and_leftovers_do_no_harm) {
    {
        FileStore store(folder_);
        ASSERT_TRUE(store.add(info("file-a"), "x"));
    }
    std::ofstream(folder_ / "file-b.json") << "{\"id\":";
    std::ofstream(folder_ / "file-c.json") << R"({"id":"file-other"})";
    std::ofstream(folder_ / "file-d.data") << "without a description";
    std::ofstream(folder_ / "file-e.data.3.partial") << "half";
    const FileStore store(folder_);
    EXPECT_EQ(store.list().size(), 1U);
    EXPECT_FALSE(fs::exists(folder_ / "file-d.data"));
    EXPECT_FALSE(fs::exists(folder_ / "file-e.data.3.partial"));
    EXPECT_TRUE(fs::exists(folder_ / "file-b.json")) << "somebody may want to look at it";
}

TEST(FileStore, without_a_folder_it_takes_none) {
    FileStore store({});
    EXPECT_EQ(store.add({.id = "file-a"}, "x").error().code, ErrorCode::kUnavailable);
    EXPECT_THAT(store.list(), IsEmpty());
}

}  // namespace
}  // namespace mullama::server
