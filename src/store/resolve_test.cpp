#include "store/resolve.h"

#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::store {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class Resolving : public ::testing::Test {
  protected:
    Resolving() {
        std::string pattern = ::testing::TempDir() + "mullama_resolve_XXXXXX";
        root_ = mkdtemp(pattern.data());
        paths_.home = root_ / "home";
        index_ = load_index(paths_).value_or(Index());
        before_ = fs::current_path();
        fs::current_path(root_);
    }
    ~Resolving() override {
        fs::current_path(before_);
        fs::remove_all(root_);
    }

    Result<fs::path> resolve_it(std::string_view model) {
        return resolve(model, FetchPolicy::kNever, index_, paths_);
    }

    Error error_of(std::string_view model) {
        Result<fs::path> path = resolve_it(model);
        return path ? Error{ErrorCode::kInternal, "resolved to " + path->string()} : path.error();
    }

    fs::path root_;
    fs::path before_;
    Paths paths_;
    Index index_;
};

TEST_F(Resolving, a_path_is_taken_as_it_is) {
    std::ofstream("own.gguf") << "x";
    std::ofstream("noextension") << "x";
    EXPECT_EQ(resolve_it("own.gguf").value(), "own.gguf");
    EXPECT_EQ(resolve_it("./noextension").value(), "./noextension");
    EXPECT_EQ(resolve_it((root_ / "own.gguf").string()).value(), root_ / "own.gguf");
}

TEST_F(Resolving, a_name_wins_over_a_file_without_a_slash) {
    std::ofstream("smollm2") << "x";
    EXPECT_EQ(error_of("smollm2").code, ErrorCode::kUnavailable);
}

TEST_F(Resolving, a_missing_file_is_not_found) {
    EXPECT_EQ(error_of("./none").code, ErrorCode::kNotFound);
    EXPECT_EQ(error_of("none.gguf").code, ErrorCode::kNotFound);
    EXPECT_THAT(error_of("none.gguf").message, HasSubstr("'none.gguf' not found"));
}

TEST_F(Resolving, a_folder_is_refused) {
    EXPECT_EQ(error_of("./").code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(error_of("/").message, HasSubstr("is a folder"));
}

TEST_F(Resolving, an_unknown_name_lists_the_known_ones) {
    Error error = error_of("foo");
    EXPECT_EQ(error.code, ErrorCode::kNotFound);
    EXPECT_THAT(
        error.message,
        AllOf(
            HasSubstr("model 'foo' not found"), HasSubstr("smollm2:135m"), HasSubstr("gemma3:270m")
        )
    );
}

TEST_F(Resolving, an_empty_name_is_refused) {
    EXPECT_EQ(error_of("").code, ErrorCode::kInvalidArgument);
}

TEST_F(Resolving, a_name_that_is_not_downloaded_names_the_command_that_does_it) {
    Error error = error_of("smollm2");
    EXPECT_EQ(error.code, ErrorCode::kUnavailable);
    EXPECT_THAT(error.message, HasSubstr("run `mullama pull smollm2:135m`"));
}

TEST_F(Resolving, a_downloaded_name_gives_its_file) {
    IndexEntry entry = find_entry("smollm2", index_).value();
    fs::create_directories(paths_.downloads());
    std::ofstream(model_path(entry, paths_)) << "x";
    fs::resize_file(model_path(entry, paths_), static_cast<std::uintmax_t>(entry.size_bytes));
    EXPECT_EQ(resolve_it("SmolLM2:135M").value(), model_path(entry, paths_));
}

TEST_F(Resolving, a_file_needs_no_index) {
    fs::create_directories(paths_.home);
    std::ofstream(paths_.user_index()) << "broken";
    std::ofstream("own.gguf") << "x";
    setenv("MULLAMA_HOME", paths_.home.c_str(), 1);
    Result<fs::path> file = resolve("own.gguf", FetchPolicy::kNever);
    Result<fs::path> name = resolve("smollm2", FetchPolicy::kNever);
    unsetenv("MULLAMA_HOME");
    EXPECT_TRUE(file);
    ASSERT_FALSE(name);
    EXPECT_EQ(name.error().code, ErrorCode::kCorrupt);
}

TEST(Paths, the_home_is_where_the_environment_says) {
    setenv("MULLAMA_HOME", "/somewhere/./else", 1);
    EXPECT_EQ(default_paths().value().home, "/somewhere/else");
    unsetenv("MULLAMA_HOME");
    EXPECT_EQ(default_paths().value().home, fs::path(std::getenv("HOME")) / ".mullama");
}

TEST(Paths, spaces_and_quotes_around_a_variable_do_not_count) {
    setenv("OLLAMA_MODELS", " \"/my models\" ", 1);
    EXPECT_EQ(environment_value("OLLAMA_MODELS"), "/my models");
    EXPECT_EQ(default_paths().value().models(), "/my models");
    setenv("OLLAMA_MODELS", "''", 1);
    EXPECT_EQ(environment_value("OLLAMA_MODELS"), "");
    unsetenv("OLLAMA_MODELS");
    EXPECT_EQ(environment_value("OLLAMA_MODELS"), "");
}

}  // namespace
}  // namespace mullama::store
