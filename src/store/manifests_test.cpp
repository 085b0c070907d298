#include "store/manifests.h"

#include "base/sha256.h"
#include "tests/support/scratch_dir.h"

#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::store {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

/// A folder laid out as Ollama does it.
class InStore : public ::testing::Test {
  protected:
    /// Writes a blob and gives its entry in a manifest.
    std::string layer(std::string_view kind, std::string_view content) {
        const std::string digest = sha256_hex(content);
        write(root() / "blobs" / ("sha256-" + digest), content);
        return fmt::format(
            R"({{"mediaType":"application/vnd.ollama.image.{}","digest":"sha256:{}","size":{}}})",
            kind,
            digest,
            content.size()
        );
    }

    static std::string manifest(const std::vector<std::string>& layers) {
        return fmt::format(
            R"({{"schemaVersion":2,"config":{{"mediaType":"x","digest":"sha256:{}","size":10}},"layers":[{}]}})",
            std::string(64, '0'),
            fmt::join(layers, ",")
        );
    }

    void put(const fs::path& name, std::string_view text) {
        write(root() / "manifests" / name, text);
    }

    static void write(const fs::path& file, std::string_view text) {
        fs::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << text;
    }

    Result<LocalModel> find(std::string_view name) const {
        return Manifests(root()).find(*ModelName::parse(name));
    }

    std::vector<std::string> names() const {
        std::vector<std::string> names;
        for (const LocalModel& model : Manifests(root()).list()) names.push_back(model.name);
        return names;
    }

    fs::path root() const { return scratch_.path(); }

    test::ScratchDir scratch_;
};

TEST_F(InStore, a_model_comes_with_its_settings) {
    const std::string text = manifest({
        layer("model", "weights"),
        layer("system", "Be brief."),
        layer("params", R"({"temperature":0.5,"stop":["a"]})"),
        layer(
            "messages", R"([{"role":"user","content":"Hi"},{"role":"assistant","content":"Ho"}])"
        ),
        layer("template", "{{ .Prompt }}"),
        layer("license", "MIT"),
        layer("adapter", "lora"),
        layer("projector", "eyes"),
        layer("draft", "small weights"),
    });
    put("registry.ollama.ai/library/m/7b", text);
    const auto model = find("m:7b");
    ASSERT_TRUE(model) << model.error().message;
    EXPECT_EQ(model->name, "m:7b");
    EXPECT_EQ(model->file, root() / "blobs" / ("sha256-" + sha256_hex("weights")));
    EXPECT_EQ(model->sha256, sha256_hex(text));
    EXPECT_EQ(model->settings.system, "Be brief.");
    EXPECT_EQ(model->settings.parameters, R"({"temperature":0.5,"stop":["a"]})");
    EXPECT_THAT(
        model->settings.messages, ElementsAre(Message{"user", "Hi"}, Message{"assistant", "Ho"})
    );
    EXPECT_EQ(model->settings.go_template, "{{ .Prompt }}");
    EXPECT_EQ(model->licence, "MIT");
    EXPECT_EQ(model->adapters.size(), 1U);
    EXPECT_EQ(model->projectors.size(), 1U);
    EXPECT_EQ(model->draft, root() / "blobs" / ("sha256-" + sha256_hex("small weights")));
    EXPECT_GT(model->size_bytes, 10);
    EXPECT_THAT(names(), ElementsAre("m:7b"));
}

TEST_F(InStore, names_differ_by_more_than_case) {
    put("registry.ollama.ai/library/Model/Latest", manifest({layer("model", "w")}));
    put("hf.co/User/Repo/Q4_K_M", manifest({layer("model", "w")}));
    EXPECT_EQ(find("model")->name, "Model:Latest");
    EXPECT_TRUE(find("HF.co/user/repo:q4_k_m"));
    EXPECT_EQ(find("model:other").error().code, ErrorCode::kNotFound);
    EXPECT_THAT(names(), UnorderedElementsAre("Model:Latest", "hf.co/User/Repo:Q4_K_M"));
}

TEST_F(InStore, damage_is_told_and_hides_nothing_else) {
    put("registry.ollama.ai/library/good/latest", manifest({layer("model", "w")}));
    put("registry.ollama.ai/library/cut/latest", "{\"layers\":[");
    put("registry.ollama.ai/library/odd/latest", R"({"layers":[{"digest":"sha256:../../etc"}]})");
    put("registry.ollama.ai/library/tensors/latest", manifest({layer("tensor", "w")}));
    const std::string gone = fmt::format(
        R"({{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:{}"}})",
        std::string(64, 'a')
    );
    put("registry.ollama.ai/library/gone/latest", manifest({gone}));
    EXPECT_TRUE(find("good"));
    EXPECT_EQ(find("cut").error().code, ErrorCode::kCorrupt);
    EXPECT_EQ(find("odd").error().code, ErrorCode::kCorrupt);
    EXPECT_EQ(find("tensors").error().code, ErrorCode::kUnsupported);
    EXPECT_THAT(find("gone").error().message, HasSubstr("missing"));
    EXPECT_THAT(names(), ElementsAre("good:latest"));
}

TEST_F(InStore, a_setting_that_cannot_be_read_is_told) {
    put("registry.ollama.ai/library/m/latest",
        manifest({layer("model", "w"), layer("messages", "{")}));
    EXPECT_EQ(find("m").error().code, ErrorCode::kCorrupt);
    EXPECT_THAT(names(), ElementsAre("m:latest"));
}

TEST_F(InStore, without_a_folder_there_is_nothing) {
    EXPECT_EQ(find("m").error().code, ErrorCode::kNotFound);
    EXPECT_THAT(names(), IsEmpty());
}

}  // namespace
}  // namespace mullama::store
