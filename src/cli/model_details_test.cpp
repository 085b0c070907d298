#include "cli/model_details.h"

#include "tests/support/scratch_dir.h"
#include <mullama/gguf.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Details : public ::testing::Test {
  protected:
    Details() {
        set("general.architecture", std::string("tiny"));
        set("tiny.context_length", std::uint32_t{512});
        set("tiny.embedding_length", std::uint32_t{8});
        set("general.file_type", std::uint32_t{15});
    }

    void set(const char* key, GgufValue value) { ASSERT_TRUE(writer_.set(key, std::move(value))); }

    void add_tensor(const char* name, std::vector<std::int64_t> shape) {
        Result<std::uint64_t> bytes = tensor_bytes(GgufTensorType::kF32, shape);
        ASSERT_TRUE(bytes);
        ASSERT_TRUE(writer_.add_tensor(
            name, GgufTensorType::kF32, std::move(shape), std::vector<std::byte>(*bytes)
        ));
    }

    ModelFile file() {
        ModelFile model{"tiny", folder_.path() / "tiny.gguf", "its licence"};
        EXPECT_TRUE(writer_.write(model.path));
        return model;
    }

    ModelDetails details() {
        Result<ModelDetails> read = read_details(file());
        EXPECT_TRUE(read) << read.error().message;
        return read.value_or(ModelDetails());
    }

    test::ScratchDir folder_;
    GgufWriter writer_;
};

TEST_F(Details, come_from_the_header) {
    add_tensor("a", {8, 100});
    add_tensor("b", {200});
    ModelDetails read = details();
    EXPECT_EQ(read.architecture, "tiny");
    EXPECT_EQ(read.parameters, 1000U);
    EXPECT_EQ(read.context_length, 512U);
    EXPECT_EQ(read.embedding_length, 8U);
    EXPECT_EQ(read.quantization, "Q4_K_M");
    EXPECT_THAT(read.capabilities, ElementsAre("completion"));
    EXPECT_EQ(read.licence, "its licence");
}

TEST_F(Details, a_files_own_licence_goes_before_the_indexs) {
    set("general.license", std::string("mit"));
    EXPECT_EQ(details().licence, "mit");
}

TEST_F(Details, capabilities_follow_the_template_and_the_vocabulary) {
    set("tokenizer.chat_template", std::string("{% if tools %}{{ '<think>' }}{% endif %}"));
    set("tokenizer.ggml.fim_pre_token_id", std::uint32_t{7});
    EXPECT_THAT(details().capabilities, ElementsAre("completion", "tools", "insert", "thinking"));
}

TEST_F(Details, a_model_with_pooling_is_for_embeddings) {
    set("tiny.pooling_type", std::uint32_t{1});
    EXPECT_THAT(details().capabilities, ElementsAre("embedding"));
}

TEST_F(Details, leave_out_what_a_file_does_not_say) {
    writer_ = GgufWriter();
    set("general.architecture", std::string("bare"));
    EXPECT_EQ(
        details_text(details()),
        "  Model\n"
        "    architecture    bare\n"
        "    parameters      0\n"
        "    quantization    unknown\n"
        "\n"
        "  Capabilities\n"
        "    completion\n"
        "\n"
        "  License\n"
        "    its licence\n"
        "\n"
    );
}

TEST_F(Details, the_first_file_of_several_knows_only_its_own_parameters) {
    set("split.no", std::uint16_t{0});
    set("split.count", std::uint16_t{3});
    set("split.tensors.count", std::int32_t{1});
    add_tensor("a", {8});
    EXPECT_EQ(details().parameters, std::nullopt);
}

TEST_F(Details, the_whole_header_shows_every_kind_of_value) {
    set("x.flag", true);
    set("x.half", 0.5F);
    set("x.list", std::vector<std::int32_t>{1, 2, 3, 4, 5});
    set("x.words", std::vector<std::string>{"a", "b"});
    set("x.text", "line\nbreak " + std::string(200, 'x'));
    add_tensor("a", {8, 2});
    Result<std::string> text = full_header_text(file());
    ASSERT_TRUE(text);
    EXPECT_THAT(*text, HasSubstr("x.flag                   true\n"));
    EXPECT_THAT(*text, HasSubstr("x.half                   0.5\n"));
    EXPECT_THAT(*text, HasSubstr("x.list                   [1 2 3 ...+2 more]\n"));
    EXPECT_THAT(*text, HasSubstr("x.words                  [a b]\n"));
    EXPECT_THAT(*text, HasSubstr("line\\nbreak xxx"));
    EXPECT_THAT(*text, HasSubstr("xxx...\n"));
    EXPECT_THAT(*text, HasSubstr("  Tensors\n    a    f32    [8 2]\n"));
}

TEST_F(Details, a_file_that_is_no_model_is_an_error) {
    EXPECT_FALSE(read_details({"none", folder_.path() / "none.gguf", ""}));
}

}  // namespace
}  // namespace mullama::cli
