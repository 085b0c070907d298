#include "store/index.h"

#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::store {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kDigest = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53";

// One entry with every field; `replace` swaps one piece of its text.
std::string entry_text(
    std::string_view name, std::string_view old_text = "", std::string_view new_text = ""
) {
    std::string text = "\"" + std::string(name) + R"(": {
        "description": "d", "licence": "l", "file": "f.gguf", "size_bytes": 10,
        "sha256": ")" + kDigest +
                       R"(",
        "parts": [{"package": "p", "version": "1.0", "wheel": "p-1.0.whl",
                   "sha256": ")" +
                       kDigest + R"(", "member": "p/f.gguf"}]})";
    if (!old_text.empty()) text.replace(text.find(old_text), old_text.size(), new_text);
    return text;
}

std::string index_text(const std::string& entries) {
    return "{\"models\": {" + entries + "}}";
}

std::string problem(const std::string& text) {
    Result<Index> index = Index::parse(text, "test.json");
    if (index) return "accepted";
    EXPECT_EQ(index.error().code, ErrorCode::kCorrupt);
    EXPECT_THAT(index.error().message, HasSubstr("the model index test.json is broken: "));
    return index.error().message;
}

std::string problem_with(std::string_view old_text, std::string_view new_text) {
    return problem(index_text(entry_text("a:b", old_text, new_text)));
}

TEST(Index, holds_the_models_built_into_the_program) {
    Result<Index> index = load_index(Paths{"/nonexistent"});
    ASSERT_TRUE(index) << index.error().message;
    const IndexEntry* smollm2 = index->find("smollm2:135m");
    ASSERT_NE(smollm2, nullptr);
    EXPECT_EQ(smollm2->size_bytes, 98362432);
    EXPECT_EQ(smollm2->parts.size(), 1);
    const IndexEntry* gemma3 = index->find("gemma3:270m");
    ASSERT_NE(gemma3, nullptr);
    ASSERT_EQ(gemma3->parts.size(), 4);
    EXPECT_THAT(gemma3->parts[0].member, HasSubstr(".part00"));
    EXPECT_THAT(gemma3->parts[3].member, HasSubstr(".part03"));
}

TEST(Index, reads_every_field) {
    Result<Index> index = Index::parse(index_text(entry_text("a:b")), "test.json");
    ASSERT_TRUE(index) << index.error().message;
    IndexEntry expected;
    expected.name = "a:b";
    expected.description = "d";
    expected.licence = "l";
    expected.file = "f.gguf";
    expected.size_bytes = 10;
    expected.sha256 = kDigest;
    expected.parts = {{"p", "1.0", "p-1.0.whl", kDigest, "p/f.gguf"}};
    ASSERT_EQ(index->entries().size(), 1);
    EXPECT_EQ(index->entries()[0], expected);
}

TEST(Index, finds_names_in_any_case) {
    Result<Index> index = Index::parse(index_text(entry_text("Ab:7B")), "test.json");
    ASSERT_TRUE(index);
    EXPECT_NE(index->find("aB:7b"), nullptr);
    EXPECT_EQ(index->find("ab:8b"), nullptr);
    EXPECT_EQ(index->find("a"), nullptr);
    EXPECT_EQ(index->find(""), nullptr);
    EXPECT_EQ(index->find(":7b"), nullptr);
}

TEST(Index, a_family_without_a_tag_means_latest) {
    Result<Index> index = Index::parse(
        index_text(entry_text("a:1b") + "," + entry_text("a:latest") + "," + entry_text("b:1b")),
        "test.json"
    );
    ASSERT_TRUE(index);
    EXPECT_EQ(index->find("a")->name, "a:latest");
}

TEST(Index, a_family_without_latest_means_its_first_entry) {
    Result<Index> index = Index::parse(
        index_text(entry_text("b:1b") + "," + entry_text("a:2b") + "," + entry_text("a:1b")),
        "test.json"
    );
    ASSERT_TRUE(index);
    EXPECT_EQ(index->find("a")->name, "a:2b");
}

TEST(Index, names_the_line_that_is_not_json) {
    EXPECT_THAT(problem("{\n\"models\": {\n,}}"), HasSubstr("line 3 is not JSON"));
    EXPECT_THAT(problem(""), HasSubstr("line 1 is not JSON"));
    EXPECT_THAT(problem("{\"models\": \"\xff\"}"), HasSubstr("line 1 is not JSON"));
}

TEST(Index, names_the_field_that_is_missing_or_unknown) {
    EXPECT_THAT(problem("[]"), HasSubstr("the file is not an object"));
    EXPECT_THAT(problem("{}"), HasSubstr("the file lacks the field \"models\""));
    EXPECT_THAT(problem("{\"models\": 1}"), HasSubstr("the file.models is not an object"));
    EXPECT_THAT(
        problem("{\"models\": {}, \"version\": 1}"), HasSubstr("unknown field \"version\"")
    );
    EXPECT_THAT(
        problem("{\"models\": {\"a:b\": 1}}"), HasSubstr("models.\"a:b\" is not an object")
    );
    EXPECT_THAT(
        problem_with("\"licence\": \"l\",", ""),
        HasSubstr("models.\"a:b\" lacks the field \"licence\"")
    );
    EXPECT_THAT(
        problem_with("\"licence\"", "\"license\""), HasSubstr("lacks the field \"licence\"")
    );
    EXPECT_THAT(
        problem_with("\"package\": \"p\",", ""),
        HasSubstr("models.\"a:b\".parts[0] lacks the field \"package\"")
    );
}

TEST(Index, names_the_field_of_the_wrong_form) {
    EXPECT_THAT(problem_with("10,", "\"10\","), HasSubstr("size_bytes is not a size in bytes"));
    EXPECT_THAT(problem_with("10,", "-10,"), HasSubstr("size_bytes is not a size in bytes: -10"));
    EXPECT_THAT(problem_with("10,", "0,"), HasSubstr("size_bytes is not a size in bytes"));
    EXPECT_THAT(problem_with("10,", "1e99,"), HasSubstr("size_bytes is not a size in bytes"));
    EXPECT_THAT(problem_with("\"d\"", "\"\""), HasSubstr("description is not a text"));
    EXPECT_THAT(problem_with("\"d\"", "null"), HasSubstr("description is not a text"));
    EXPECT_THAT(
        problem_with("b179", "B179"),
        AllOf(HasSubstr("sha256 is not 64"), HasSubstr("hexadecimal digits"))
    );
    EXPECT_THAT(problem_with("b179", ""), HasSubstr("sha256 is not 64"));
    EXPECT_THAT(problem_with("[{", "[1, {"), HasSubstr("parts[0] is not an object"));
    EXPECT_THAT(problem(index_text(entry_text("ab"))), HasSubstr("not a name like"));
    EXPECT_THAT(problem(index_text(entry_text("a:b/c"))), HasSubstr("not a name like"));
    EXPECT_THAT(problem(index_text(entry_text(":b"))), HasSubstr("not a name like"));
}

// A wheel's name becomes part of a path, a package's name and version part of pip's input.
TEST(Index, refuses_names_that_reach_beyond_themselves) {
    EXPECT_THAT(problem_with("p-1.0.whl", "../p-1.0.whl"), HasSubstr("not a wheel's file name"));
    EXPECT_THAT(problem_with("p-1.0.whl", "/p.whl"), HasSubstr("not a wheel's file name"));
    EXPECT_THAT(problem_with("p-1.0.whl", ".whl"), HasSubstr("not a wheel's file name"));
    EXPECT_THAT(problem_with("p-1.0.whl", "p.tar.gz"), HasSubstr("not a wheel's file name"));
    EXPECT_THAT(problem_with("\"p\"", "\"p --index-url x\""), HasSubstr("not a package name"));
    EXPECT_THAT(problem_with("\"p\"", "\"-r\""), HasSubstr("not a package name"));
    EXPECT_THAT(problem_with("\"1.0\"", "\"1.0\\n-e .\""), HasSubstr("not a version"));
}

TEST(Index, lets_the_entries_of_another_win) {
    Result<Index> own = Index::parse(
        index_text(entry_text("A:1b", "\"d\"", "\"own\"") + "," + entry_text("c:1b")), "own.json"
    );
    Result<Index> index =
        Index::parse(index_text(entry_text("a:1b") + "," + entry_text("b:1b")), "test.json");
    ASSERT_TRUE(own);
    ASSERT_TRUE(index);
    index->override_with(*own);
    EXPECT_EQ(index->entries().size(), 3);
    EXPECT_EQ(index->find("a:1b")->description, "own");
    EXPECT_NE(index->find("b:1b"), nullptr);
    EXPECT_NE(index->find("c:1b"), nullptr);
}

class UserIndex : public ::testing::Test {
  protected:
    UserIndex() {
        std::string pattern = ::testing::TempDir() + "mullama_index_XXXXXX";
        paths_.home = mkdtemp(pattern.data());
    }
    ~UserIndex() override { std::filesystem::remove_all(paths_.home); }

    void write(const std::string& text) const { std::ofstream(paths_.user_index()) << text; }

    Paths paths_;
};

TEST_F(UserIndex, adds_to_the_built_in_one) {
    write(index_text(entry_text("mine:1b")));
    Result<Index> index = load_index(paths_);
    ASSERT_TRUE(index) << index.error().message;
    EXPECT_NE(index->find("mine"), nullptr);
    EXPECT_NE(index->find("smollm2"), nullptr);
}

TEST_F(UserIndex, that_is_broken_is_an_error_naming_its_path) {
    write("{\"models\": {}");
    Result<Index> index = load_index(paths_);
    ASSERT_FALSE(index);
    EXPECT_THAT(index.error().message, HasSubstr(paths_.user_index().string()));
}

}  // namespace
}  // namespace mullama::store
