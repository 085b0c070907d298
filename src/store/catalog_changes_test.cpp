#include "base/sha256.h"
#include "store/catalog.h"
#include "store/fetch.h"
#include "store/model_details.h"
#include "tests/support/scratch_dir.h"
#include <mullama/gguf.h>

#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::store {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Changes : public ::testing::Test {
  protected:
    Changes() : index_(load_index({folder_.path()}).value_or(Index())) {}

    /// A GGUF file of metadata only.
    fs::path put_gguf(const char* name, const char* architecture, const char* type = "model") {
        GgufWriter writer;
        EXPECT_TRUE(writer.set("general.architecture", std::string(architecture)));
        EXPECT_TRUE(writer.set("general.type", std::string(type)));
        EXPECT_TRUE(writer.set("general.name", std::string(name)));
        fs::create_directories((folder_.path() / name).parent_path());
        EXPECT_TRUE(writer.write(folder_.path() / name));
        return folder_.path() / name;
    }

    Catalog catalog(NamedFiles files = {}) {
        auto made = Catalog::create({folder_.path()}, index_, std::move(files));
        EXPECT_TRUE(made);
        return std::move(made).value();
    }

    /// What a model is made of, by the kinds of its layers.
    std::vector<std::string> kinds(const char* name) const {
        std::vector<std::string> kinds;
        const auto manifest = Manifests(models()).manifest(*ModelName::parse(name));
        EXPECT_TRUE(manifest) << name;
        if (!manifest) return kinds;
        for (const Layer& layer : manifest->layers) kinds.emplace_back(layer.kind());
        return kinds;
    }

    fs::path models() const { return folder_.path() / "models"; }

    test::ScratchDir folder_;
    Index index_;
};

TEST_F(Changes, a_model_is_made_of_files) {
    const Catalog all = catalog();
    NewModel parts;
    parts.files = {put_gguf("weights.gguf", "tiny"), put_gguf("eyes.gguf", "clip")};
    parts.adapters = {put_gguf("lora.gguf", "tiny", "adapter")};
    parts.draft = put_gguf("small.gguf", "tiny");
    parts.system = "Be brief.";
    parts.parameters = R"({"temperature":0.5,"stop":["a"]})";
    parts.messages = {{"user", "Hi"}, {"assistant", "Ho"}};
    parts.licences = {"MIT", "BSD"};
    std::vector<std::string> told;
    const auto made =
        all.make("mine", parts, [&](std::string_view status) { told.emplace_back(status); });
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(told.front(), "parsing GGUF");
    EXPECT_THAT(told[1], HasSubstr("creating new layer sha256:"));
    EXPECT_EQ(told.back(), "writing manifest");
    EXPECT_THAT(
        kinds("mine"),
        ElementsAre(
            "model",
            "projector",
            "adapter",
            "draft",
            "system",
            "license",
            "license",
            "params",
            "messages"
        )
    );
    const auto model = all.find("mine");
    ASSERT_TRUE(model) << model.error().message;
    EXPECT_EQ(model->settings.system, "Be brief.");
    EXPECT_EQ(model->settings.parameters, "{\"stop\":[\"a\"],\"temperature\":0.5}\n");
    EXPECT_THAT(
        model->settings.messages, ElementsAre(Message{"user", "Hi"}, Message{"assistant", "Ho"})
    );
    EXPECT_EQ(model->licence, "MIT\n\nBSD");
    EXPECT_EQ(read_details(model->file)->architecture, "tiny");
    EXPECT_EQ(model->adapters.size(), 1U);
    EXPECT_EQ(model->projectors.size(), 1U);
    EXPECT_FALSE(model->draft.empty());
    const auto manifest = Manifests(models()).manifest(*ModelName::parse("mine"));
    std::ifstream in(models() / "blobs" / ("sha256-" + manifest->config->digest.substr(7)));
    const std::string config{std::istreambuf_iterator<char>(in), {}};
    EXPECT_THAT(config, HasSubstr(R"("model_format":"gguf","model_family":"tiny")"));
    EXPECT_THAT(config, HasSubstr(R"("diff_ids":[")" + manifest->layers.front().digest));
}

TEST_F(Changes, a_model_is_made_from_another) {
    const Catalog all = catalog();
    NewModel base;
    base.files = {put_gguf("weights.gguf", "tiny")};
    base.system = "Be brief.";
    base.parameters = R"({"temperature":0.5,"top_k":3})";
    base.licences = {"MIT"};
    ASSERT_TRUE(all.make("base", base));
    NewModel derived;
    derived.from = "BASE";
    derived.system = "Be long.";
    derived.parameters = R"({"temperature":1})";
    derived.licences = {"MIT"};
    ASSERT_TRUE(all.make("derived", derived));
    const auto model = all.find("derived");
    ASSERT_TRUE(model);
    EXPECT_EQ(model->file, all.find("base")->file);
    EXPECT_EQ(model->settings.system, "Be long.");
    EXPECT_EQ(model->settings.parameters, "{\"temperature\":1,\"top_k\":3}\n");
    EXPECT_EQ(model->licence, "MIT");
    EXPECT_EQ(all.find("base")->settings.system, "Be brief.");
    // Onto itself.
    derived.from = "derived";
    derived.system = "Be.";
    ASSERT_TRUE(all.make("derived", derived));
    EXPECT_EQ(all.find("derived")->settings.system, "Be.");
    ASSERT_TRUE(all.remove("base"));
    EXPECT_TRUE(all.find("derived"));
    ASSERT_TRUE(all.remove("derived"));
    EXPECT_TRUE(fs::is_empty(models() / "blobs"));
}

TEST_F(Changes, what_is_no_model_is_refused) {
    const Catalog all = catalog();
    EXPECT_EQ(all.make("mine", {}).error().code, ErrorCode::kInvalidArgument);
    NewModel parts;
    parts.from = "none";
    EXPECT_EQ(all.make("mine", parts).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(all.make("../mine", {}).error().message, "invalid model name");
    parts = {};
    parts.files = {put_gguf("eyes.gguf", "clip")};
    EXPECT_THAT(all.make("mine", parts).error().message, HasSubstr("no weights"));
    parts.files = {put_gguf("weights.gguf", "tiny")};
    parts.adapters = parts.files;
    EXPECT_THAT(all.make("mine", parts).error().message, HasSubstr("is no adapter but a model"));
    parts = {};
    parts.files = {folder_.path() / "text"};
    std::ofstream(parts.files.front()) << "no model";
    EXPECT_EQ(all.make("mine", parts).error().code, ErrorCode::kCorrupt);
    EXPECT_THAT(all.list(), IsEmpty());
}

TEST_F(Changes, a_copy_is_another_name) {
    const Catalog all = catalog();
    NewModel parts;
    parts.files = {put_gguf("weights.gguf", "tiny")};
    ASSERT_TRUE(all.make("one", parts));
    ASSERT_TRUE(all.copy("One", "you/two:x"));
    EXPECT_EQ(all.find("you/two:x")->sha256, all.find("one")->sha256);
    ASSERT_TRUE(all.copy("one", "one"));
    ASSERT_TRUE(all.remove("one"));
    EXPECT_TRUE(all.find("you/two:x"));
    EXPECT_EQ(all.copy("one", "three").error().message, "model 'one' not found");
    EXPECT_EQ(all.copy("o ne", "three").error().message, "source \"o ne\" is invalid");
    EXPECT_EQ(all.copy("one", "a/../b").error().message, "destination \"a/../b\" is invalid");
    EXPECT_EQ(all.remove("one").error().message, "model 'one' not found");
    EXPECT_EQ(all.remove("../one").error().message, "name \"../one\" is invalid");
}

TEST_F(Changes, downloads_and_named_files_are_models_too) {
    const IndexEntry* entry = index_.find("smollm2:135m");
    ASSERT_NE(entry, nullptr);
    const Paths paths{folder_.path()};
    const fs::path file =
        put_gguf(fs::relative(model_path(*entry, paths), paths.home).c_str(), "tiny");
    fs::resize_file(file, static_cast<std::uintmax_t>(entry->size_bytes));
    const Catalog all = catalog({.models = {{"own", put_gguf("own.gguf", "tiny")}}});
    ASSERT_TRUE(all.copy("own", "copy"));
    const auto copied = all.copy("smollm2:135m", "small");
    ASSERT_TRUE(copied) << copied.error().message;
    EXPECT_EQ(all.find("small")->size_bytes > entry->size_bytes, true);
    EXPECT_EQ(all.find("small")->licence, entry->licence);
    ASSERT_TRUE(all.remove("smollm2:135m"));
    EXPECT_FALSE(fs::exists(file));
    EXPECT_TRUE(fs::exists(all.find("small")->file));
    EXPECT_THAT(
        all.remove("own").error().message, HasSubstr("take it out of the server's settings")
    );
    EXPECT_TRUE(all.find("own"));
}

}  // namespace
}  // namespace mullama::store
