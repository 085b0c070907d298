#include "server/model_facts.h"

#include "tests/support/scratch_dir.h"
#include "tests/support/tiny_models.h"
#include <mullama/chat.h>
#include <mullama/model.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::server {
namespace {

using ::testing::Contains;
using ::testing::Key;
using ::testing::Pair;

const std::filesystem::path kTemplates =
    std::filesystem::path(MULLAMA_LLAMA_SOURCE_DIR) / "models" / "templates";

std::string read(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

class ModelFactsTest : public ::testing::Test {
  protected:
    ModelFactsTest() {
        model_.name = "tiny:latest";
        model_.file = folder_.path() / "tiny.gguf";
        test::write_tiny_llama(model_.file, 1);
    }

    api::ModelDescription describe() {
        Result<api::ModelDescription> described = facts_.describe(model_, /*verbose=*/false);
        EXPECT_TRUE(described);
        return described ? *std::move(described) : api::ModelDescription();
    }

    test::ScratchDir folder_;
    store::LocalModel model_;
    ModelFacts facts_;
};

TEST_F(ModelFactsTest, tell_how_many_parameters_a_model_has) {
    const std::uint64_t count = store::read_details(model_.file)->parameters.value();
    EXPECT_THAT(
        describe().metadata, Contains(Pair("general.parameter_count", std::to_string(count)))
    );
}

TEST_F(ModelFactsTest, tell_of_the_projector_as_of_the_model) {
    EXPECT_TRUE(describe().projector_metadata.empty());
    model_.projectors = {folder_.path() / "mmproj.gguf"};
    EXPECT_TRUE(describe().projector_metadata.empty()) << "it is not there";
    test::write_tiny_projector(model_.projectors.front(), 2);
    const api::ModelDescription described = describe();
    EXPECT_THAT(described.projector_metadata, Contains(Pair("general.architecture", "\"clip\"")));
    EXPECT_THAT(described.projector_metadata, Contains(Key("general.parameter_count")));
}

/// Models that do not think, of families that do, as far as the engine can tell.
bool is_thoughtless(const std::filesystem::path& chat_template) {
    constexpr std::array<std::string_view, 4> kThoughtless = {
        "Kimi-K2-Instruct",
        "LFM2-8B-A1B",
        "moonshotai-Kimi-K2",
        "unsloth-mistral-Devstral-Small-2507",
    };
    return std::ranges::find(kThoughtless, chat_template.stem().string()) != kThoughtless.end();
}

TEST_F(ModelFactsTest, thinking_is_told_of_every_template_with_which_it_can_be_asked_for) {
    ModelOptions options;
    options.vocab_only = true;
    const Result<Model> model = Model::load(model_.file, options);
    ASSERT_TRUE(model) << model.error().message;
    int thinking = 0;
    for (const auto& entry : std::filesystem::directory_iterator(kTemplates)) {
        const std::filesystem::path& path = entry.path();
        if (path.extension() != ".jinja" || is_thoughtless(path)) continue;
        const std::string source = read(path);
        const Result<ChatTemplate> chat = ChatTemplate::parse(*model, source);
        ASSERT_TRUE(chat) << path;
        if (!chat->abilities().thinking) continue;
        EXPECT_TRUE(store::thinks(source)) << path;
        ++thinking;
    }
    EXPECT_GE(thinking, 30);
}

TEST_F(ModelFactsTest, thinking_is_not_told_of_templates_without_it) {
    for (const char* name :
         {"Kimi-K2-Instruct",
          "Qwen-Qwen2.5-7B-Instruct",
          "google-gemma-2-2b-it",
          "meta-llama-Llama-3.1-8B-Instruct",
          "microsoft-Phi-3.5-mini-instruct",
          "unsloth-mistral-Devstral-Small-2507"}) {
        const std::string source = read(kTemplates / (std::string(name) + ".jinja"));
        EXPECT_NE(source, "") << name;
        EXPECT_FALSE(store::thinks(source)) << name;
    }
}

}  // namespace
}  // namespace mullama::server
