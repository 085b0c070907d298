#include "engine/model_answers.h"
#include "tests/support/models.h"
#include "tests/support/scratch_dir.h"
#include "tests/support/tiny_models.h"
#include <mullama/engine.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

/// Answers that take over what others have computed, on a model whose memory gives any part
/// (SmolLM2), on one with sliding windows (Gemma 3), whose prompts here are longer than those, and
/// on ones with recurrent states: no more than that (Mamba), and beside attention (LFM2).
namespace mullama {
namespace {

using test::greedy;

struct Case {
    const char* name;
    std::filesystem::path (*path)();
    int words;  // of the text that prompts begin with
    float tolerance = test::kLogitTolerance;
};

// Whose logits are about 1.
constexpr float kTinyTolerance = 0.02F;

std::filesystem::path tiny(
    const char* name, void (*write)(const std::filesystem::path&, std::uint64_t)
) {
    static const test::ScratchDir folder;
    const std::filesystem::path path = folder.path() / name;
    if (!std::filesystem::exists(path)) write(path, 7);
    return path;
}

std::filesystem::path mamba_path() {
    return tiny("mamba.gguf", test::write_tiny_mamba);
}

std::filesystem::path lfm2_path() {
    return tiny("lfm2.gguf", test::write_tiny_lfm2);
}

class SharedPrefix : public testing::TestWithParam<Case> {
  protected:
    SharedPrefix() : model_(Model::load(GetParam().path()).value()) {
        system_ = "The harbour master keeps a diary.";
        for (int day = 1; static_cast<int>(system_.size()) < 6 * GetParam().words; ++day) {
            system_ += " On day " + std::to_string(day) + " a ship with " +
                       std::to_string(day * 37 % 101) + " barrels came in.";
        }
    }

    std::unique_ptr<Engine> make_engine(
        std::int64_t prefix_cache_bytes = 1 << 30, const std::filesystem::path& snapshots = {}
    ) const {
        EngineOptions options;
        options.threads = 1;
        options.context_length = 1024;
        options.prefix_cache_bytes = prefix_cache_bytes;
        options.snapshot_folder = snapshots;
        return make_local_engine(model_, options).value();
    }

    Completion answer(Engine& engine, const std::string& prompt) const {
        return engine.submit(greedy(prompt)).value().collect();
    }

    std::string different(
        const std::string& prompt, const Completion& answer, const Completion& alone
    ) const {
        return test::difference(model_, prompt, answer.tokens, alone.tokens, GetParam().tolerance);
    }

    const Model model_;
    std::string system_;
};

TEST_P(SharedPrefix, gives_the_answers_of_prompts_that_are_computed_whole) {
    const std::vector<std::string> prompts = {system_ + " The diary is", system_ + " Barrels are"};
    const auto plain = make_engine(0);
    const auto engine = make_engine();
    std::vector<EventStream> streams;
    for (const auto& prompt : prompts) streams.push_back(engine->submit(greedy(prompt)).value());
    for (std::size_t i = 0; i < prompts.size(); ++i) {
        const Completion together = streams[i].collect();
        const Completion alone = answer(*plain, prompts[i]);
        const std::int64_t length = alone.finish.usage.prompt_tokens;
        EXPECT_EQ(different(prompts[i], together, alone), "");
        EXPECT_EQ(alone.finish.usage.cached_tokens, 0);
        EXPECT_EQ(together.finish.usage.cached_tokens > length - 20, i > 0);
    }
    EXPECT_EQ(engine->stats().kv_cells_used, 0);

    // From main memory.
    const std::string next = system_ + " The diary is of";
    const Completion later = answer(*engine, next);
    const Completion alone = answer(*plain, next);
    EXPECT_EQ(different(next, later, alone), "");
    EXPECT_GT(later.finish.usage.cached_tokens, alone.finish.usage.prompt_tokens - 20);
    EXPECT_GT(engine->stats().prefix_cache_bytes, 0);
    EXPECT_EQ(plain->stats().prefix_cache_bytes, 0);
}

TEST_P(SharedPrefix, outlives_the_engine_on_disk) {
    const test::ScratchDir folder;
    const std::string next = system_ + " The diary is";
    answer(*make_engine(1 << 30, folder.path()), next);
    const Completion alone = answer(*make_engine(0), next);

    const auto engine = make_engine(1 << 30, folder.path());
    const Completion later = answer(*engine, next);
    EXPECT_EQ(different(next, later, alone), "");
    EXPECT_GT(later.finish.usage.cached_tokens, alone.finish.usage.prompt_tokens - 20);
    EXPECT_GT(engine->stats().snapshot_bytes, 0);
}

TEST_P(SharedPrefix, on_disk_is_only_for_the_model_and_the_options_that_made_it) {
    const test::ScratchDir folder;
    const std::filesystem::path copy = folder.path() / "copy.gguf";
    std::filesystem::copy_file(GetParam().path(), copy);
    const std::filesystem::path snapshots = folder.path() / "snapshots";
    answer(*make_engine(1 << 30, snapshots), system_);

    EngineOptions options;
    options.context_length = 1024;
    options.snapshot_folder = snapshots;
    options.key_type = CacheType::kBf16;
    EXPECT_EQ(make_local_engine(model_, options).value()->stats().snapshot_bytes, 0);
    options.key_type = CacheType::kF16;
    EXPECT_GT(make_local_engine(model_, options).value()->stats().snapshot_bytes, 0);
    const Model other = Model::load(copy).value();
    EXPECT_EQ(make_local_engine(other, options).value()->stats().snapshot_bytes, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Model,
    SharedPrefix,
    testing::Values(
        Case{"smollm2", test::smollm2_path, 60},
        Case{"gemma3", test::gemma3_path, 350},
        Case{"mamba", mamba_path, 120, kTinyTolerance},
        Case{"lfm2", lfm2_path, 120, kTinyTolerance}
    ),
    [](const auto& tested) { return tested.param.name; }
);

}  // namespace
}  // namespace mullama
