#include "store/catalog.h"

#include "store/fetch.h"
#include "tests/support/scratch_dir.h"

#include <chrono>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::store {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Catalogue : public ::testing::Test {
  protected:
    Catalogue() : index_(load_index({folder_.path()}).value_or(Index())) {}

    // A file as large as the model: what is in it does not matter here.
    void put_download(const char* name) {
        const IndexEntry* entry = index_.find(name);
        ASSERT_NE(entry, nullptr);
        fs::create_directories(paths().downloads());
        const fs::path file = model_path(*entry, paths());
        std::ofstream(file).close();
        fs::resize_file(file, static_cast<std::uintmax_t>(entry->size_bytes));
    }

    fs::path put_file(const char* name) {
        const fs::path file = folder_.path() / name;
        std::ofstream(file) << "x";
        return file;
    }

    Paths paths() const { return {folder_.path()}; }

    Result<Catalog> catalog(NamedFiles files = {}) {
        return Catalog::create(paths(), index_, std::move(files));
    }

    static std::vector<std::string> names(const Catalog& catalog) {
        std::vector<std::string> names;
        for (const LocalModel& model : catalog.list()) names.push_back(model.name);
        return names;
    }

    test::ScratchDir folder_;
    Index index_;
};

TEST_F(Catalogue, holds_only_what_is_downloaded) {
    Result<Catalog> all = catalog();
    ASSERT_TRUE(all);
    EXPECT_THAT(all->list(), IsEmpty());
    EXPECT_EQ(all->find("smollm2:135m").error().message, "model 'smollm2:135m' not found");
    put_download("smollm2:135m");
    Result<LocalModel> model = all->find("SmolLM2:135M");
    ASSERT_TRUE(model);
    EXPECT_EQ(model->name, "smollm2:135m");
    EXPECT_EQ(model->size_bytes, 98362432);
    EXPECT_EQ(model->sha256.size(), 64U);
    EXPECT_EQ(model->licence, "Apache-2.0");
    EXPECT_TRUE(all->find("smollm2"));
    EXPECT_THAT(names(*all), ElementsAre("smollm2:135m"));
}

TEST_F(Catalogue, named_files_go_first) {
    put_download("smollm2:135m");
    const fs::path file = put_file("own.gguf");
    Result<Catalog> all = catalog({.models = {{"own", file}, {"smollm2:135m", file}}});
    ASSERT_TRUE(all);
    for (const char* name : {"own", "OWN:latest", "smollm2:135m"}) {
        Result<LocalModel> model = all->find(name);
        ASSERT_TRUE(model) << name;
        EXPECT_EQ(model->file, file) << name;
        EXPECT_EQ(model->sha256, "") << name;
    }
    EXPECT_EQ(all->list().size(), 2U);
}

TEST_F(Catalogue, the_newest_is_listed_first) {
    const fs::path old_file = put_file("old.gguf");
    const fs::path new_file = put_file("new.gguf");
    fs::last_write_time(old_file, fs::last_write_time(new_file) - std::chrono::hours(1));
    Result<Catalog> all = catalog({.models = {{"old", old_file}, {"new", new_file}}});
    ASSERT_TRUE(all);
    EXPECT_THAT(names(*all), ElementsAre("new:latest", "old:latest"));
    fs::remove(new_file);
    EXPECT_THAT(names(*all), ElementsAre("old:latest"));
}

TEST_F(Catalogue, a_named_file_must_be_there_and_have_a_name) {
    EXPECT_EQ(catalog({.models = {{"own", "/none.gguf"}}}).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(
        catalog({.models = {{"", put_file("own.gguf")}}}).error().code, ErrorCode::kInvalidArgument
    );
}

TEST_F(Catalogue, a_projector_belongs_to_the_model_of_its_name) {
    const fs::path file = put_file("own.gguf");
    const fs::path projector = put_file("mmproj.gguf");
    Result<Catalog> all =
        catalog({.models = {{"own", file}, {"other", file}}, .projectors = {{"OWN", projector}}});
    ASSERT_TRUE(all) << all.error().message;
    EXPECT_EQ(all->find("own")->projectors, std::vector{projector});
    EXPECT_TRUE(all->find("other")->projectors.empty());
    for (const LocalModel& model : all->list()) {
        EXPECT_EQ(model.projectors.size(), model.name == "own:latest" ? 1U : 0U);
    }
    EXPECT_EQ(catalog({.projectors = {{"own", "/none.gguf"}}}).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace mullama::store
