#include "store/model_writer.h"

#include "base/sha256.h"
#include "tests/support/scratch_dir.h"

#include <atomic>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::store {
namespace {

namespace fs = std::filesystem;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class Writing : public ::testing::Test {
  protected:
    static ModelName name(std::string_view text) { return *ModelName::parse(text); }

    /// A model of these texts, the first of which stands for weights.
    void put(std::string_view model, const std::vector<std::string>& texts) {
        Result<ModelWriter> writer = ModelWriter::open(root());
        ASSERT_TRUE(writer) << writer.error().message;
        Manifest manifest;
        for (const std::string& text : texts) {
            const bool is_first = manifest.layers.empty();
            auto blob =
                writer->blobs().add(Layer::media_type_of(is_first ? "model" : "license"), text);
            ASSERT_TRUE(blob) << blob.error().message;
            manifest.layers.push_back(blob->layer);
        }
        manifest.config = manifest.layers.back();
        const auto written = writer->write(name(model), manifest.text());
        ASSERT_TRUE(written) << written.error().message;
    }

    Result<void> remove(std::string_view model) {
        Result<ModelWriter> writer = ModelWriter::open(root());
        return writer ? writer->remove(name(model)) : writer.error();
    }

    /// The contents of all blobs.
    std::vector<std::string> blobs() const {
        std::vector<std::string> texts;
        for (const auto& entry : fs::directory_iterator(root() / "blobs")) {
            std::ifstream in(entry.path());
            std::string text{std::istreambuf_iterator<char>(in), {}};
            EXPECT_EQ(entry.path().filename(), "sha256-" + sha256_hex(text));
            texts.push_back(std::move(text));
        }
        return texts;
    }

    fs::path root() const { return scratch_.path() / "models"; }

    test::ScratchDir scratch_;
};

TEST(Manifest, is_written_as_ollama_does) {
    const std::string zeros(64, '0');
    Manifest manifest;
    manifest.config = {"application/vnd.docker.container.image.v1+json", "sha256:" + zeros, 7};
    manifest.layers = {{Layer::media_type_of("model"), "sha256:" + zeros, 12345678901}};
    EXPECT_EQ(
        manifest.text(),
        fmt::format(
            R"({{"schemaVersion":2,)"
            R"("mediaType":"application/vnd.docker.distribution.manifest.v2+json",)"
            R"("config":{{"mediaType":"application/vnd.docker.container.image.v1+json",)"
            R"("digest":"sha256:{0}","size":7}},)"
            R"("layers":[{{"mediaType":"application/vnd.ollama.image.model",)"
            R"("digest":"sha256:{0}","size":12345678901}}]}})"
            "\n",
            zeros
        )
    );
    EXPECT_EQ(Manifest::parse(manifest.text()), manifest);
    for (const char* wrong :
         {"", "[]", R"({"layers":1})", R"({"layers":[{"digest":"sha256:x"}]})"}) {
        EXPECT_EQ(Manifest::parse(wrong), std::nullopt) << wrong;
    }
}

TEST_F(Writing, a_model_takes_with_it_what_only_it_needs) {
    put("one", {"weights", "licence one"});
    put("two", {"weights", "licence two"});
    ASSERT_TRUE(remove("ONE"));
    EXPECT_THAT(blobs(), UnorderedElementsAre("weights", "licence two"));
    EXPECT_EQ(remove("one").error().code, ErrorCode::kNotFound);
    ASSERT_TRUE(remove("two:latest"));
    EXPECT_THAT(blobs(), IsEmpty());
    EXPECT_FALSE(fs::exists(root() / "manifests" / "registry.ollama.ai"));
    EXPECT_TRUE(fs::exists(root() / "manifests"));
}

TEST_F(Writing, a_model_replaces_the_one_of_its_name) {
    put("Some:Tag", {"old weights", "licence"});
    put("some:tag", {"new weights", "licence"});
    EXPECT_THAT(blobs(), UnorderedElementsAre("new weights", "licence"));
    const auto models = Manifests(root()).list();
    ASSERT_EQ(models.size(), 1U);
    EXPECT_EQ(models.front().name, "Some:Tag");
}

TEST_F(Writing, what_a_broken_manifest_may_name_stays) {
    put("one", {"weights", "licence one"});
    put("two", {"other weights", "licence two"});
    std::ofstream(*Manifests(root()).file(name("two"))) << R"({"layers":[)";
    ASSERT_TRUE(remove("one"));
    EXPECT_EQ(blobs().size(), 4U);
    // The broken one can be removed all the same.
    EXPECT_TRUE(remove("two"));
}

TEST_F(Writing, a_damaged_text_is_written_again) {
    put("one", {"weights", "licence"});
    const fs::path file = root() / "blobs" / ("sha256-" + sha256_hex("licence"));
    std::ofstream(file) << "LICENCE";
    put("two", {"weights", "licence"});
    EXPECT_THAT(blobs(), UnorderedElementsAre("weights", "licence"));
}

TEST_F(Writing, a_file_shares_its_bytes_and_stays) {
    const fs::path file = scratch_.path() / "weights.gguf";
    std::ofstream(file) << "weights";
    Result<ModelWriter> writer = ModelWriter::open(root());
    ASSERT_TRUE(writer);
    const auto blob = writer->blobs().add_file(Layer::media_type_of("model"), file);
    ASSERT_TRUE(blob) << blob.error().message;
    EXPECT_TRUE(blob->is_new);
    EXPECT_EQ(blob->layer.size_bytes, 7);
    EXPECT_EQ(blob->layer.digest, "sha256:" + sha256_hex("weights"));
    EXPECT_THAT(blobs(), UnorderedElementsAre("weights"));
    EXPECT_TRUE(fs::exists(file));
    // The blob itself is known by its name.
    const auto again =
        writer->blobs().add_file(blob->layer.media_type, writer->blobs().path(blob->layer.digest));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->layer, blob->layer);
    EXPECT_FALSE(again->is_new);
    EXPECT_FALSE(writer->blobs().add_file("x", scratch_.path() / "none"));
}

TEST_F(Writing, what_cannot_be_written_loses_nothing) {
    put("one", {"weights", "licence"});
    // In the way of whatever is written.
    fs::create_directories(root() / "blobs" / "sha256-text-partial");
    Result<ModelWriter> writer = ModelWriter::open(root());
    ASSERT_TRUE(writer);
    EXPECT_EQ(writer->blobs().add("x", "new").error().code, ErrorCode::kIo);
    EXPECT_EQ(writer->write(name("one"), "{}").error().code, ErrorCode::kIo);
    EXPECT_TRUE(Manifests(root()).find(name("one")));
}

TEST_F(Writing, several_at_once_change_it_in_turn) {
    std::vector<std::thread> threads;
    std::atomic<int> failed = 0;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&, i] {
            for (int round = 0; round < 20; ++round) {
                const std::string model = fmt::format("m{}", i);
                Result<ModelWriter> writer = ModelWriter::open(root());
                if (!writer) {
                    ++failed;
                    continue;
                }
                const auto weights = writer->blobs().add(Layer::media_type_of("model"), "weights");
                Manifest manifest;
                if (weights) manifest.layers.push_back(weights->layer);
                const bool removes = round % 2 == 1;
                const auto done = removes ? writer->remove(name(model))
                                          : writer->write(name(model), manifest.text());
                if (!weights || !done) ++failed;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(failed, 0);
    EXPECT_THAT(Manifests(root()).list(), IsEmpty());
}

}  // namespace
}  // namespace mullama::store
