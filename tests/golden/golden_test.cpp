#include "tests/golden/goldens.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>

#include <gtest/gtest.h>

namespace mullama::test {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = MULLAMA_GOLDEN_DIR;

std::vector<Golden> all_goldens() {
    std::vector<Golden> goldens;
    for (const auto& each :
         {anthropic_goldens(),
          extra_goldens(),
          llamacpp_goldens(),
          ollama_goldens(),
          openai_goldens(),
          openai_stored_goldens()}) {
        goldens.insert(goldens.end(), each.begin(), each.end());
    }
    return goldens;
}

std::optional<std::string> content_of(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    if (!stream) return std::nullopt;
    return std::string(std::istreambuf_iterator<char>(stream), {});
}

void update(const fs::path& path, const std::string& bytes) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
}

std::string test_name(const ::testing::TestParamInfo<Golden>& info) {
    std::string name = info.param.name;
    std::ranges::replace_if(name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
    return name;
}

class GoldenFile : public ::testing::TestWithParam<Golden> {};

TEST_P(GoldenFile, has_the_bytes_that_are_sent) {
    const fs::path path = kFolder / GetParam().name;
    const std::string bytes = GetParam().bytes();
    if (std::getenv("MULLAMA_UPDATE_GOLDEN") != nullptr) update(path, bytes);
    const std::optional<std::string> golden = content_of(path);
    ASSERT_TRUE(golden) << path << " is missing: run with MULLAMA_UPDATE_GOLDEN=1 and read it";
    EXPECT_EQ(bytes, *golden);
}

INSTANTIATE_TEST_SUITE_P(Dialects, GoldenFile, ::testing::ValuesIn(all_goldens()), test_name);

TEST(GoldenFolder, holds_no_file_that_nothing_sends) {
    std::set<std::string> names;
    for (const Golden& golden : all_goldens()) names.insert(golden.name);
    std::size_t files = 0;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(kFolder)) {
        const std::string ending = entry.path().extension().string();
        if (ending != ".json" && ending != ".sse" && ending != ".ndjson") continue;
        ++files;
        EXPECT_TRUE(names.contains(fs::relative(entry.path(), kFolder).generic_string()))
            << entry.path();
    }
    EXPECT_EQ(files, names.size());
}

}  // namespace
}  // namespace mullama::test
