#include "server/batch_store.h"

#include "server/batch_results.h"
#include "tests/support/scratch_dir.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::server {
namespace {

namespace fs = std::filesystem;
using api::openai::Batch;
using api::openai::BatchStatus;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Batching : public ::testing::Test {
  protected:
    static Batch batch(std::string id, BatchStatus status, std::int64_t created = 1) {
        return {.id = std::move(id), .status = status, .created = created};
    }

    test::ScratchDir scratch_;
    fs::path folder_ = scratch_.path() / "batches";
};

TEST_F(Batching, batches_outlive_the_store) {
    {
        BatchStore store(folder_);
        ASSERT_TRUE(store.add(batch("batch_b", BatchStatus::kValidating, 2)));
        ASSERT_TRUE(store.add(batch("batch_a", BatchStatus::kValidating, 1)));
        ASSERT_TRUE(store.put(batch("batch_b", BatchStatus::kCompleted, 2)));
        store.show(batch("batch_a", BatchStatus::kInProgress));
        EXPECT_EQ(store.find("batch_a")->status, BatchStatus::kInProgress);
    }
    const BatchStore again(folder_);
    ASSERT_EQ(again.list().size(), 2U);
    EXPECT_EQ(again.list()[0].id, "batch_a");
    EXPECT_EQ(again.find("batch_a")->status, BatchStatus::kValidating) << "that was not written";
    EXPECT_EQ(again.find("batch_b")->status, BatchStatus::kCompleted);
    EXPECT_EQ(again.find("batch_c").error().message, "No batch found with id 'batch_c'.");
}

TEST_F(Batching, the_oldest_that_have_ended_go) {
    BatchStore store(folder_, {.count_max = 2});
    ASSERT_TRUE(store.add(batch("batch_a", BatchStatus::kInProgress, 1)));
    ASSERT_TRUE(store.add(batch("batch_b", BatchStatus::kCompleted, 2)));
    ASSERT_TRUE(store.add(batch("batch_c", BatchStatus::kInProgress, 3)));
    EXPECT_TRUE(store.find("batch_a"));
    EXPECT_FALSE(store.find("batch_b"));
    EXPECT_FALSE(fs::exists(folder_ / "batch_b.json"));
    EXPECT_EQ(
        store.add(batch("batch_d", BatchStatus::kValidating)).error().code, ErrorCode::kExhausted
    );
}

TEST_F(Batching, a_second_server_leaves_them_to_the_first) {
    BatchStore first(folder_);
    ASSERT_TRUE(first.add(batch("batch_a", BatchStatus::kInProgress)));
    BatchStore second(folder_);
    EXPECT_THAT(second.list(), IsEmpty());
    EXPECT_EQ(
        second.add(batch("batch_b", BatchStatus::kValidating)).error().code, ErrorCode::kUnavailable
    );
}

TEST_F(Batching, damage_does_no_harm) {
    fs::create_directories(folder_);
    std::ofstream(folder_ / "batch_a.json") << "{\"id\":\"batch_a\"";
    std::ofstream(folder_ / "batch_b.json") << R"({"id":"batch_c","status":"completed"})";
    const BatchStore store(folder_);
    EXPECT_THAT(store.list(), IsEmpty());
}

TEST(BatchStore, without_a_folder_it_takes_none) {
    BatchStore store({});
    EXPECT_EQ(store.add({.id = "batch_a"}).error().code, ErrorCode::kUnavailable);
}

std::vector<std::string> lines_of(const fs::path& path) {
    std::vector<std::string> lines;
    const Result<void> read = read_lines(path, [&](std::string_view line) -> Result<void> {
        lines.emplace_back(line);
        return {};
    });
    EXPECT_TRUE(read);
    return lines;
}

TEST_F(Batching, lines_are_added_one_by_one) {
    const fs::path path = scratch_.path() / "lines";
    EXPECT_THAT(lines_of(path), IsEmpty());
    ASSERT_TRUE(append_line(path, "one"));
    ASSERT_TRUE(append_line(path, ""));
    ASSERT_TRUE(append_line(path, std::string(100'000, 'x')));
    EXPECT_THAT(lines_of(path), ElementsAre("one", "", std::string(100'000, 'x')));
    EXPECT_FALSE(append_line(scratch_.path() / "no" / "folder", "x"));
}

TEST_F(Batching, what_a_crash_left_after_the_last_line_is_cut_off) {
    const fs::path path = scratch_.path() / "lines";
    for (const char* torn : {"", "t", "torn {\"a\":"}) {
        std::ofstream(path, std::ios::trunc) << "one\ntwo\n" << torn;
        EXPECT_THAT(lines_of(path), ElementsAre("one", "two"));
        ASSERT_TRUE(append_line(path, "three"));
        EXPECT_THAT(lines_of(path), ElementsAre("one", "two", "three"));
    }
    std::ofstream(path, std::ios::trunc) << "torn";
    EXPECT_THAT(lines_of(path), IsEmpty());
    EXPECT_EQ(fs::file_size(path), 0U);
}

}  // namespace
}  // namespace mullama::server
