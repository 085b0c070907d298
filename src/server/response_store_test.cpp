#include "server/response_store.h"

#include "tests/support/scratch_dir.h"

#include <fstream>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::server {
namespace {

namespace fs = std::filesystem;

class Storing : public ::testing::Test {
  protected:
    std::size_t files() const {
        std::size_t count = 0;
        for ([[maybe_unused]] const auto& file : fs::directory_iterator(folder_)) ++count;
        return count;
    }

    test::ScratchDir scratch_;
    fs::path folder_ = scratch_.path() / "responses";
};

TEST_F(Storing, what_is_kept_is_found_before_it_is_on_the_disk) {
    ResponseStore store(folder_);
    store.keep("resp_a", "text");
    EXPECT_EQ(*store.find("resp_a"), "text");
    EXPECT_FALSE(fs::exists(folder_));
    store.flush();
    EXPECT_EQ(files(), 1U);
    EXPECT_EQ(*store.find("resp_a"), "text");
}

TEST_F(Storing, what_is_kept_outlives_the_store) {
    {
        ResponseStore store(folder_);
        store.keep("resp_a", "one");
        store.keep("resp_b", "two");
    }
    const ResponseStore again(folder_);
    EXPECT_EQ(*again.find("resp_a"), "one");
    EXPECT_EQ(*again.find("resp_b"), "two");
}

TEST_F(Storing, only_the_owner_may_look) {
    ResponseStore store(folder_);
    store.keep("resp_a", "text");
    store.flush();
    EXPECT_EQ(fs::status(folder_).permissions(), fs::perms::owner_all);
}

TEST_F(Storing, what_is_removed_is_gone_with_its_file) {
    ResponseStore store(folder_);
    store.keep("resp_a", "text");
    store.flush();
    EXPECT_TRUE(store.remove("resp_a"));
    EXPECT_EQ(store.find("resp_a").error().code, ErrorCode::kNotFound);
    store.flush();
    EXPECT_EQ(files(), 0U);
    EXPECT_EQ(store.remove("resp_a").error().message, "Response with id 'resp_a' not found.");
}

TEST_F(Storing, what_is_removed_before_it_is_written_never_is) {
    ResponseStore store(folder_);
    store.keep("resp_a", "text");
    EXPECT_TRUE(store.remove("resp_a"));
    store.flush();
    EXPECT_FALSE(fs::exists(folder_));
}

TEST_F(Storing, the_oldest_go_where_there_are_too_many) {
    ResponseStore store(folder_, {.count_max = 2});
    for (const char* id : {"resp_a", "resp_b", "resp_c"}) store.keep(id, "text");
    store.flush();
    EXPECT_FALSE(store.find("resp_a"));
    EXPECT_TRUE(store.find("resp_b"));
    EXPECT_TRUE(store.find("resp_c"));
    EXPECT_EQ(files(), 2U);
}

TEST_F(Storing, the_oldest_go_where_they_are_too_large) {
    ResponseStore store(folder_, {.bytes_max = 10});
    store.keep("resp_a", "12345");
    store.keep("resp_b", "12345");
    EXPECT_TRUE(store.find("resp_a"));
    store.keep("resp_c", "1");
    EXPECT_FALSE(store.find("resp_a"));
    EXPECT_TRUE(store.find("resp_b"));
    store.keep("resp_d", std::string(11, 'x'));
    EXPECT_FALSE(store.find("resp_d")) << "larger than everything";
    EXPECT_TRUE(store.find("resp_c"));
}

TEST_F(Storing, smaller_limits_hold_after_a_restart) {
    {
        ResponseStore store(folder_);
        for (const char* id : {"resp_a", "resp_b", "resp_c"}) {
            store.keep(id, "text");
            store.flush();
            const auto age = std::chrono::hours(std::string_view("abc").find(id[5]));
            fs::last_write_time(
                folder_ / (std::string(id) + ".json"), fs::file_time_type::clock::now() + age
            );
        }
    }
    ResponseStore again(folder_, {.count_max = 1});
    EXPECT_FALSE(again.find("resp_a"));
    EXPECT_TRUE(again.find("resp_c"));
    again.flush();
    EXPECT_EQ(files(), 1U);
}

TEST_F(Storing, names_that_are_paths_are_never_files) {
    ResponseStore store(folder_);
    const std::vector<std::string> hostile = {
        "",
        "resp_",
        "resp_../../etc/passwd",
        "../resp_a",
        "resp_a/b",
        "resp_a.json",
        std::string("resp_a\0b", 8),
        "resp_" + std::string(65, 'a'),
        "file-a",
        "resp_\xC3\xA9",
    };
    for (const std::string& id : hostile) {
        store.keep(id, "text");
        store.flush();
        EXPECT_FALSE(store.find(id)) << id;
        EXPECT_FALSE(store.remove(id)) << id;
    }
    EXPECT_FALSE(fs::exists(folder_));
}

TEST_F(Storing, foreign_files_and_half_written_ones_do_no_harm) {
    fs::create_directories(folder_ / "resp_folder.json");
    std::ofstream(folder_ / "notes.txt") << "mine";
    std::ofstream(folder_ / "resp_a.json.7.partial") << "{\"resp";
    std::ofstream(folder_ / "file-x.json") << "{}";
    const ResponseStore store(folder_);
    EXPECT_FALSE(store.find("resp_folder"));
    EXPECT_FALSE(store.find("resp_a"));
    EXPECT_FALSE(fs::exists(folder_ / "resp_a.json.7.partial"));
    EXPECT_TRUE(fs::exists(folder_ / "notes.txt"));
}

TEST_F(Storing, what_the_disk_refuses_is_not_kept) {
    std::ofstream(folder_) << "a file in the folder's place";
    ResponseStore store(folder_);
    store.keep("resp_a", "text");
    EXPECT_TRUE(store.find("resp_a"));
    store.flush();
    EXPECT_FALSE(store.find("resp_a"));
}

TEST_F(Storing, a_file_that_somebody_took_away_is_not_found) {
    ResponseStore store(folder_);
    store.keep("resp_a", "text");
    store.flush();
    fs::remove_all(folder_);
    EXPECT_EQ(store.find("resp_a").error().code, ErrorCode::kNotFound);
}

TEST(ResponseStore, without_a_folder_it_keeps_in_memory) {
    ResponseStore store({});
    store.keep("resp_a", "text");
    store.flush();
    EXPECT_EQ(*store.find("resp_a"), "text");
    EXPECT_TRUE(store.remove("resp_a"));
    store.flush();
    EXPECT_FALSE(store.find("resp_a"));
}

TEST_F(Storing, many_threads_may_use_it) {
    ResponseStore store(folder_, {.count_max = 50});
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&store, thread] {
            for (int i = 0; i < 50; ++i) {
                const std::string id = "resp_" + std::to_string(thread) + "_" + std::to_string(i);
                store.keep(id, id);
                store.flush();
                const auto found = store.find(id);
                EXPECT_EQ(found.value_or(id), id);
                if (i % 3 == 0) (void)store.remove(id);
            }
        });
    }
    threads.clear();
    store.flush();
    EXPECT_LE(files(), 50U);
}

}  // namespace
}  // namespace mullama::server
