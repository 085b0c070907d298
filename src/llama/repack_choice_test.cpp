#include "llama/repack_choice.h"

#include "tests/support/scratch_dir.h"
#include "tests/support/tiny_models.h"

#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace mullama {
namespace {

namespace fs = std::filesystem;

class RepackChoiceTest : public testing::Test {
  protected:
    RepackChoiceTest() {
        test::write_tiny_llama(dir_.path() / "model.gguf", 1);
        files_.push_back(GgufFile::open(dir_.path() / "model.gguf").value());
    }

    // All weights of the file are of one type.
    bool pays(const std::optional<RepackTimes>& times) const {
        return repacking_pays(files_, [&](GgufTensorType type) {
            EXPECT_EQ(type, GgufTensorType::kF32);
            return times;
        });
    }

    const test::ScratchDir dir_;
    std::vector<GgufFile> files_;
};

TEST_F(RepackChoiceTest, is_for_what_takes_less_time) {
    EXPECT_TRUE(pays(RepackTimes{.plain = {2e-3, 1e-4}, .repacked = {1e-3, 1e-4}}));
    EXPECT_FALSE(pays(RepackTimes{.plain = {1e-3, 1e-5}, .repacked = {2e-3, 1e-5}}));
}

TEST_F(RepackChoiceTest, weighs_prompts_and_tokens) {
    // Twice as fast on prompts, and half as fast on the tokens, which take more of the time.
    EXPECT_TRUE(pays(RepackTimes{.plain = {1e-3, 2e-4}, .repacked = {2e-3, 1e-4}}));
    EXPECT_FALSE(pays(RepackTimes{.plain = {1e-3, 6e-5}, .repacked = {2e-3, 5e-5}}));
}

TEST_F(RepackChoiceTest, is_to_repack_where_there_is_little_or_nothing_between_them) {
    EXPECT_TRUE(pays(std::nullopt));
    EXPECT_TRUE(pays(RepackTimes{.plain = {95e-5, 95e-6}, .repacked = {1e-3, 1e-4}}));
}

TEST_F(RepackChoiceTest, times_are_measured_once_and_kept) {
    const fs::path path = dir_.path() / "new" / "tuning";
    const auto measured = known_repack_times(GgufTensorType::kQ4_0, path);
    std::ifstream file(path);
    std::string machine;
    std::string type;
    ASSERT_TRUE(file >> machine >> type);
    EXPECT_EQ(type, "q4_0");
    EXPECT_EQ(known_repack_times(GgufTensorType::kQ4_0, path), measured);

    // What another process has written counts, for this machine.
    std::ofstream(path, std::ios::app) << "other q2_K 9 9 9 9\n" << machine << " q2_K 1 2 3 4\n";
    const RepackTimes expected{.plain = {1, 2}, .repacked = {3, 4}};
    EXPECT_EQ(known_repack_times(GgufTensorType::kQ2_K, path), expected);

    const auto again = known_repack_times(GgufTensorType::kQ2_K, path, /*again=*/true);
    EXPECT_NE(again, expected);
    EXPECT_EQ(known_repack_times(GgufTensorType::kQ2_K, path), again);
    std::ifstream renewed(path);
    const std::string text(std::istreambuf_iterator<char>(renewed), {});
    EXPECT_NE(text.find("other q2_K 9 9 9 9\n"), std::string::npos) << text;
    EXPECT_EQ(text.find("q2_K 1 2 3 4"), std::string::npos) << text;
}

TEST_F(RepackChoiceTest, a_file_that_cannot_be_is_as_good_as_none) {
    const fs::path path = dir_.path() / "model.gguf" / "tuning";
    const auto measured = known_repack_times(GgufTensorType::kIQ4_NL, path);
    EXPECT_EQ(known_repack_times(GgufTensorType::kIQ4_NL, {}), measured);
}

}  // namespace
}  // namespace mullama
