#include "runtime/load_fit.h"

#include <string>

#include <gtest/gtest.h>

namespace mullama {
namespace {

LoadOptions with_context(std::int32_t length) {
    LoadOptions options;
    options.engine.context_length = length;
    return options;
}

TEST(LoadFit, a_larger_context_serves_a_smaller_one) {
    EXPECT_TRUE(serves(with_context(4096), with_context(4096)));
    EXPECT_TRUE(serves(with_context(4096), with_context(512)));
    EXPECT_FALSE(serves(with_context(4096), with_context(8192)));
}

TEST(LoadFit, zero_is_the_largest_context) {
    EXPECT_TRUE(serves(with_context(0), with_context(1 << 20)));
    EXPECT_FALSE(serves(with_context(1 << 20), with_context(0)));
    EXPECT_EQ(joined(with_context(512), with_context(0)).engine.context_length, 0);
    EXPECT_EQ(joined(with_context(512), with_context(1024)).engine.context_length, 1024);
    EXPECT_EQ(joined(with_context(2048), with_context(1024)).engine.context_length, 2048);
}

TEST(LoadFit, a_model_with_a_draft_model_serves_who_wants_none) {
    LoadOptions loaded;
    LoadOptions wanted;
    wanted.draft_model = "small.gguf";
    EXPECT_FALSE(serves(loaded, wanted));
    loaded.draft_model = "small.gguf";
    EXPECT_TRUE(serves(loaded, wanted));
    wanted.draft_model = "";
    EXPECT_TRUE(serves(loaded, wanted));
    wanted.draft_model = "other.gguf";
    EXPECT_FALSE(serves(loaded, wanted));
    wanted.draft_optional = true;
    EXPECT_TRUE(serves(loaded, wanted)) << "any is as good";
    loaded.draft_model = "";
    EXPECT_FALSE(serves(loaded, wanted));
}

TEST(LoadFit, what_is_asked_for_goes_before_what_the_model_comes_with) {
    LoadOptions own;
    own.draft_model = "own.gguf";
    own.draft_optional = true;
    LoadOptions asked = with_context(512);
    asked.draft_model = "asked.gguf";
    EXPECT_EQ(joined(own, asked).draft_model, "asked.gguf");
    EXPECT_EQ(joined(asked, own).draft_model, "asked.gguf");
    EXPECT_EQ(joined({}, own).draft_model, "own.gguf");
    const LoadOptions both = joined(asked, with_context(8192));
    EXPECT_TRUE(serves(both, asked));
    EXPECT_TRUE(serves(both, with_context(8192)));
    EXPECT_TRUE(serves(both, own));
}

TEST(LoadFit, adapters_are_kept_for_those_who_ask_again) {
    LoadOptions loaded;
    LoadOptions wanted;
    wanted.idle_adapters = {"a"};
    EXPECT_FALSE(serves(loaded, wanted));
    loaded.idle_adapters = {"b"};
    const LoadOptions both = joined(wanted, loaded);
    EXPECT_TRUE(serves(both, wanted));
    EXPECT_TRUE(serves(both, loaded));
    EXPECT_TRUE(serves(both, {}));
    for (int i = 0; i < 100; ++i) loaded.idle_adapters.push_back(std::to_string(i));
    const LoadOptions many = joined(wanted, loaded);
    EXPECT_EQ(many.idle_adapters.size(), kIdleAdaptersMax);
    EXPECT_TRUE(serves(many, wanted));
}

TEST(LoadFit, other_threads_devices_or_memory_need_another_load) {
    const LoadOptions loaded;
    LoadOptions wanted;
    EXPECT_TRUE(serves(loaded, wanted));
    wanted.engine.threads = 1;
    EXPECT_FALSE(serves(loaded, wanted));
    wanted = {};
    wanted.model.gpu_layers = 7;
    EXPECT_FALSE(serves(loaded, wanted));
    wanted = {};
    wanted.model.load_mode = LoadMode::kRead;
    EXPECT_FALSE(serves(loaded, wanted));
}

}  // namespace
}  // namespace mullama
