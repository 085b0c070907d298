#include "engine/snapshots.h"

#include "base/guarded.h"
#include "engine/engine_loop_rig.h"
#include "engine/fake_decoder.h"
#include "engine/local_engine.h"
#include "tests/support/scratch_dir.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t kStateBytes = 1000;
constexpr std::size_t kPlenty = std::size_t{1} << 20;

std::vector<Token> tokens_of(std::string_view text) {
    return {text.begin(), text.end()};
}

/// Texts whose tokens are letters, in pieces of four, whose states are that letter many times.
PrefixTree<SharedState>::Match pieces_of(std::string_view text) {
    PrefixTree<SharedState>::Match pieces;
    for (std::size_t begin = 0; begin < text.size(); begin += 4) {
        const std::size_t end = std::min(begin + 4, text.size());
        pieces.parts.push_back(
            {static_cast<std::int32_t>(begin),
             static_cast<std::int32_t>(end),
             std::make_shared<const std::vector<std::byte>>(
                 kStateBytes, static_cast<std::byte>(text[begin])
             )}
        );
    }
    pieces.tokens = static_cast<std::int32_t>(text.size());
    return pieces;
}

/// Two ways to look at a folder: one that lives, and those that come after it.
class SnapshotsTest : public testing::Test {
  protected:
    std::unique_ptr<Snapshots> open(std::size_t bytes_max = kPlenty, bool whole = false) {
        return std::make_unique<Snapshots>(
            SnapshotFolder::open(root(), 1).value(),
            bytes_max,
            whole,
            [this] {
                ++*rung_.lock();
                rung_.notify_all();
            }
        );
    }

    fs::path root() const { return scratch_.path(); }

    static void keep(Snapshots& snapshots, std::string_view text) {
        snapshots.keep(tokens_of(text), pieces_of(text));
    }

    /// The texts whose pieces are read for `text`, with the first letter of their states.
    std::vector<std::string> fetch(
        Snapshots& snapshots,
        std::string_view text,
        std::int32_t from = 0,
        std::size_t bytes_max = kPlenty
    ) {
        const int rung_before = *rung_.lock();
        const auto ticket = snapshots.fetch(tokens_of(text), from, bytes_max);
        rung_.lock_when([&](int rung) { return rung > rung_before; });
        EXPECT_FALSE(snapshots.is_done(ticket)) << "nobody has what was read";
        std::vector<std::string> read;
        for (const Snapshot& snapshot : snapshots.take_read()) {
            read.emplace_back(snapshot.tokens.begin(), snapshot.tokens.end());
            read.back() += static_cast<char>(snapshot.state->front());
        }
        EXPECT_TRUE(snapshots.is_done(ticket));
        return read;
    }

    std::vector<fs::path> files() const {
        std::vector<fs::path> files;
        for (const auto& file : fs::recursive_directory_iterator(root())) {
            if (file.is_regular_file()) files.push_back(file.path());
        }
        return files;
    }

    const test::ScratchDir scratch_;
    Guarded<int> rung_{0};
};

TEST_F(SnapshotsTest, outlive_those_who_wrote_them) {
    keep(*open(), "aaaabbbbcc");
    const auto later = open();
    EXPECT_EQ(files().size(), 3U);
    EXPECT_EQ(later->find(tokens_of("aaaabbbbccdd")), 10);
    EXPECT_EQ(later->find(tokens_of("aaaabbxx")), 6);
    EXPECT_EQ(later->find(tokens_of("x")), 0);
    EXPECT_THAT(fetch(*later, "aaaabbbbccdd"), ElementsAre("aaaaa", "aaaabbbbb", "aaaabbbbccc"));
    EXPECT_THAT(fetch(*later, "aaaabbxx", 4), ElementsAre("aaaabbbbb"));
}

TEST_F(SnapshotsTest, are_at_hand_before_they_are_written) {
    const auto snapshots = open();
    keep(*snapshots, "aaaabbbb");
    EXPECT_THAT(fetch(*snapshots, "aaaabbbb"), ElementsAre("aaaaa", "aaaabbbbb"));
}

TEST_F(SnapshotsTest, with_whole_pieces_only_the_rest_is_no_use) {
    keep(*open(), "aaaabbbb");
    const auto later = open(kPlenty, true);
    EXPECT_EQ(later->find(tokens_of("aaaabb")), 4);
    EXPECT_EQ(later->known(tokens_of("aaaabb")), 6);
}

TEST_F(SnapshotsTest, read_no_more_than_there_is_room_for) {
    keep(*open(), "aaaabbbbcccc");
    EXPECT_THAT(
        fetch(*open(), "aaaabbbbcccc", 0, 2 * kStateBytes + 500), ElementsAre("aaaaa", "aaaabbbbb")
    );
}

TEST_F(SnapshotsTest, are_written_once) {
    {
        const auto snapshots = open();
        keep(*snapshots, "aaaabbbb");
        keep(*snapshots, "aaaabbbbcccc");
        keep(*snapshots, "aaaadddd");
    }
    EXPECT_EQ(files().size(), 4U);
}

TEST_F(SnapshotsTest, what_was_used_least_recently_makes_room) {
    {
        const auto snapshots = open(3 * kStateBytes + 600);
        keep(*snapshots, "aaaa");
        keep(*snapshots, "bbbb");
        keep(*snapshots, "cccc");
        snapshots->find(tokens_of("aaaa"));
        keep(*snapshots, "dddd");
        EXPECT_EQ(snapshots->find(tokens_of("bbbb")), 0);
        EXPECT_EQ(snapshots->find(tokens_of("aaaa")), 4);
        EXPECT_LE(snapshots->bytes(), 3 * kStateBytes + 600);
    }
    EXPECT_EQ(files().size(), 3U);
}

TEST_F(SnapshotsTest, the_order_of_their_use_is_kept) {
    keep(*open(), "aaaa");
    keep(*open(), "bbbb");
    for (const auto& path : files()) {
        fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(1));
    }
    fetch(*open(), "aaaa");
    const auto later = open(2 * kStateBytes + 400);
    keep(*later, "cccc");
    EXPECT_EQ(later->find(tokens_of("aaaa")), 4);
    EXPECT_EQ(later->find(tokens_of("bbbb")), 0);
}

TEST_F(SnapshotsTest, what_is_damaged_or_gone_is_forgotten) {
    keep(*open(), "aaaabbbbcccc");
    const auto later = open();
    // The head stays as it is.
    for (const auto& path : files()) {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(-1, std::ios::end);
        file.put('x');
    }
    EXPECT_THAT(fetch(*later, "aaaabbbbcccc"), IsEmpty());
    EXPECT_EQ(later->find(tokens_of("aaaabbbbcccc")), 0);
    EXPECT_EQ(later->bytes(), 0U);

    keep(*later, "aaaabbbb");
    EXPECT_THAT(fetch(*later, "aaaabbbb"), ElementsAre("aaaaa", "aaaabbbbb"));
}

TEST_F(SnapshotsTest, those_that_nothing_leads_to_are_removed) {
    keep(*open(), "aaaabbbb");
    const Snapshot first{tokens_of("aaaa"), 0};
    SnapshotFolder::open(root(), 1)->remove(snapshot_id(first.tokens, 0));
    EXPECT_EQ(open()->find(tokens_of("aaaabbbb")), 0);
    EXPECT_THAT(files(), IsEmpty());
}

TEST_F(SnapshotsTest, a_disk_that_refuses_is_asked_no_more) {
    const auto snapshots = open();
    fs::remove_all(root() / "0000000000000001");
    keep(*snapshots, "aaaabbbb");
    // The refusal comes when it is written.
    for (int i = 0; i < 20000 && snapshots->bytes() > 0; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        snapshots->take_read();
    }
    EXPECT_EQ(snapshots->find(tokens_of("aaaabbbb")), 0);
    keep(*snapshots, "cccc");
    EXPECT_EQ(snapshots->find(tokens_of("cccc")), 0);
    EXPECT_THAT(fetch(*snapshots, "cccc"), IsEmpty());
}

/// Engines over a scripted model, one after the other on the same folder.
class EngineSnapshots : public testing::TestWithParam<Sharing> {
  protected:
    std::unique_ptr<Engine> start(std::int64_t memory = 1 << 20, std::int64_t disk = 1 << 20)
        const {
        EngineOptions options;
        options.prefix_cache_bytes = memory;
        options.snapshot_bytes = disk;
        return std::make_unique<LocalEngine>(
            std::make_unique<FakeDecoder>(test::kInfo, GetParam()),
            std::make_shared<ByteTokenizer>(),
            options,
            SnapshotFolder::open(scratch_.path(), 1).value()
        );
    }

    static EventStream submit(Engine& engine, std::string prompt) {
        return engine.submit(test::ask(std::move(prompt))).value();
    }

    const test::ScratchDir scratch_;
    const std::string system_ = std::string(300, 's');
};

TEST_P(EngineSnapshots, a_chat_goes_on_in_another_engine) {
    EXPECT_EQ(submit(*start(), system_ + "<hello>").collect().text, "hello");
    const auto engine = start();
    const std::string turn = system_ + "<hello>hello";
    const Completion next = submit(*engine, turn + " and more").collect();
    // Whole states that are almost alike are kept once.
    EXPECT_GT(next.finish.usage.cached_tokens, std::ssize(turn) - 16);
    EXPECT_GT(engine->stats().snapshot_bytes, 0);
    EXPECT_LT(engine->stats().prompt_tokens, 9 + 16);
}

TEST_P(EngineSnapshots, what_memory_had_no_room_for_comes_from_the_disk) {
    const auto engine = start(/*memory=*/330 * 8);
    submit(*engine, system_ + "<hello>").collect();
    submit(*engine, std::string(300, 'x') + "<hello>").collect();
    const Completion again = submit(*engine, system_ + "<hello>hello again").collect();
    EXPECT_GT(again.finish.usage.cached_tokens, 250);
}

TEST_P(EngineSnapshots, requests_that_come_together_are_all_served) {
    for (const char* end : {"<one>", "<two>"}) {
        const auto engine = start();
        submit(*engine, system_ + end).collect();
    }
    const auto engine = start();
    std::vector<EventStream> streams;
    for (int i = 0; i < 4; ++i) streams.push_back(submit(*engine, system_ + "<all>"));
    for (auto& stream : streams) {
        const Completion completion = stream.collect();
        EXPECT_EQ(completion.text, "all");
        EXPECT_GE(completion.finish.usage.cached_tokens, 300);
    }
}

TEST_P(EngineSnapshots, one_that_is_given_up_while_the_disk_reads_harms_nobody) {
    submit(*start(), system_ + "<hello>").collect();
    const auto engine = start();
    for (int i = 0; i < 20; ++i) submit(*engine, system_ + "<gone>");
    EXPECT_EQ(submit(*engine, system_ + "<stays>").collect().text, "stays");
}

// With little memory and little disk, and engines that end at any time: every answer is what it is
// alone.
TEST_P(EngineSnapshots, change_no_answer) {
    std::mt19937 random(3);
    const auto below = [&](int count) {
        return static_cast<int>(random() % static_cast<unsigned>(count));
    };
    for (int round = 0; round < 40; ++round) {
        const auto engine = start(1000 + below(4000), 1000 + below(10000));
        std::vector<std::pair<EventStream, std::string>> asked;
        for (int i = 0; i < 12; ++i) {
            std::string prompt;
            for (int part = below(5); part >= 0; --part) {
                prompt +=
                    std::string(static_cast<std::size_t>(40 * (1 + below(2))), "ab"[below(2)]);
            }
            const std::string answer(static_cast<std::size_t>(1 + below(20)), "XYZ"[below(3)]);
            asked.emplace_back(submit(*engine, prompt + "<" + answer + ">"), answer);
            if (below(3) == 0) asked.pop_back();
        }
        for (auto& [stream, answer] : asked) ASSERT_EQ(stream.collect().text, answer) << round;
        if (below(2) == 0) submit(*engine, std::string(600, 'a') + "<z*>");
    }
}

INSTANTIATE_TEST_SUITE_P(
    EachMemory,
    EngineSnapshots,
    testing::Values(Sharing::kParts, Sharing::kWhole),
    [](const auto& tested) { return tested.param == Sharing::kParts ? "parts" : "whole"; }
);

}  // namespace
}  // namespace mullama
