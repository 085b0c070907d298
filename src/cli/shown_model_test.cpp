#include "cli/shown_model.h"

#include <gtest/gtest.h>

namespace mullama::cli {
namespace {

TEST(ShownModel, reads_what_a_server_tells) {
    const Result<ShownModel> model = parse_shown_model("m", R"({
        "license": "MIT", "template": "{{ x }}", "system": "Be brief.", "parameters": "top_k 3",
        "modelfile": "FROM m", "details": {"quantization_level": "Q4_K_M"},
        "model_info": {"general.architecture": "llama", "general.parameter_count": 135000000,
                       "llama.context_length": 8192, "llama.embedding_length": 576,
                       "general.tags": ["a"]},
        "capabilities": ["completion", "tools"]
    })");
    ASSERT_TRUE(model) << model.error().message;
    EXPECT_EQ(model->name, "m");
    EXPECT_EQ(model->details.architecture, "llama");
    EXPECT_EQ(model->details.parameters, 135'000'000U);
    EXPECT_EQ(model->details.context_length, 8192U);
    EXPECT_EQ(model->details.embedding_length, 576U);
    EXPECT_EQ(model->details.quantization, "Q4_K_M");
    EXPECT_EQ(model->details.licence, "MIT");
    EXPECT_EQ(model->details.chat_template, "{{ x }}");
    EXPECT_EQ(model->details.capabilities, (std::vector<std::string>{"completion", "tools"}));
    EXPECT_EQ(model->system, "Be brief.");
    EXPECT_EQ(model->parameters, "top_k 3");
    EXPECT_EQ(model->modelfile, "FROM m");
}

TEST(ShownModel, may_say_little) {
    const Result<ShownModel> model = parse_shown_model("m", "{}");
    ASSERT_TRUE(model);
    EXPECT_EQ(model->details.parameters, std::nullopt);
    EXPECT_EQ(model->details.context_length, std::nullopt);
}

TEST(ShownModel, that_is_something_else_is_refused) {
    for (const char* body : {"", "[]", "<html>", R"({"license": 7})", R"({"model_info": []})"}) {
        const Result<ShownModel> model = parse_shown_model("m", body);
        ASSERT_FALSE(model) << body;
        EXPECT_EQ(model.error().code, ErrorCode::kUnavailable);
    }
}

}  // namespace
}  // namespace mullama::cli
