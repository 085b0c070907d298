#include "cli/details_text.h"

#include "cli/model_file.h"
#include "tests/support/scratch_dir.h"
#include <mullama/gguf.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::cli {
namespace {

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

    store::ModelDetails details() {
        Result<store::ModelDetails> read = file_details(file());
        EXPECT_TRUE(read) << read.error().message;
        return read.value_or(store::ModelDetails());
    }

    test::ScratchDir folder_;
    GgufWriter writer_;
};

TEST_F(Details, the_indexs_licence_stands_in_where_the_file_names_none) {
    EXPECT_EQ(details().licence, "its licence");
}

TEST_F(Details, a_files_own_licence_goes_before_the_indexs) {
    set("general.license", std::string("mit"));
    EXPECT_EQ(details().licence, "mit");
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

TEST_F(Details, the_whole_header_shows_every_kind_of_value) {
    set("x.flag", true);
    set("x.half", 0.5F);
    set("x.list", std::vector<std::int32_t>{1, 2, 3, 4, 5});
    set("x.words", std::vector<std::string>{"a", "b"});
    set("x.text", "line\nbreak " + std::string(200, 'x'));
    add_tensor("a", {8, 2});
    Result<std::string> text = full_header_text(file().path);
    ASSERT_TRUE(text);
    EXPECT_THAT(*text, HasSubstr("x.flag                   true\n"));
    EXPECT_THAT(*text, HasSubstr("x.half                   0.5\n"));
    EXPECT_THAT(*text, HasSubstr("x.list                   [1 2 3 ...+2 more]\n"));
    EXPECT_THAT(*text, HasSubstr("x.words                  [a b]\n"));
    EXPECT_THAT(*text, HasSubstr("line\\nbreak xxx"));
    EXPECT_THAT(*text, HasSubstr("xxx...\n"));
    EXPECT_THAT(*text, HasSubstr("  Tensors\n    a    f32    [8 2]\n"));
}

}  // namespace
}  // namespace mullama::cli
