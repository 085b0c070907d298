#include "store/names.h"

#include <gtest/gtest.h>

namespace mullama::store {
namespace {

std::string full(std::string_view text) {
    const auto name = ModelName::parse(text);
    if (!name) return "none";
    return name->host + "|" + name->space + "|" + name->model + "|" + name->tag;
}

TEST(ModelName, fills_in_what_is_left_out) {
    EXPECT_EQ(full("llama3"), "registry.ollama.ai|library|llama3|latest");
    EXPECT_EQ(full("llama3:8b"), "registry.ollama.ai|library|llama3|8b");
    EXPECT_EQ(full("user/m:t"), "registry.ollama.ai|user|m|t");
    EXPECT_EQ(full("hf.co/u/r:Q4_K_M"), "hf.co|u|r|Q4_K_M");
    EXPECT_EQ(full("https://localhost:5000/u/r"), "localhost:5000|u|r|latest");
}

TEST(ModelName, shows_no_more_than_is_needed) {
    const auto shown = [](std::string_view text) { return ModelName::parse(text)->text(); };
    EXPECT_EQ(shown("registry.ollama.ai/library/llama3"), "llama3:latest");
    EXPECT_EQ(shown("user/m"), "user/m:latest");
    EXPECT_EQ(shown("hf.co/u/r:Q4"), "hf.co/u/r:Q4");
}

TEST(ModelName, cannot_lead_out_of_a_folder) {
    for (const char* text :
         {"",
          ":",
          "..",
          "../x",
          "a/../b",
          "a/b/c/../../d",
          "a:..",
          "a:../b",
          "/etc/passwd",
          "a//b",
          "a b",
          "a\\b",
          "a:b:c",
          ".hidden",
          "-x",
          "a/.b/c",
          "a:",
          "a\n",
          "host/..:x/m"}) {
        EXPECT_EQ(full(text), "none") << text;
    }
    EXPECT_EQ(full(std::string(81, 'a')), "none");
}

}  // namespace
}  // namespace mullama::store
