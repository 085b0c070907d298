#include "store/model_details.h"

#include "tests/support/scratch_dir.h"
#include <mullama/gguf.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mullama::store {
namespace {

using ::testing::ElementsAre;

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

    std::filesystem::path file() {
        auto path = folder_.path() / "tiny.gguf";
        EXPECT_TRUE(writer_.write(path));
        return path;
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
}

TEST_F(Details, capabilities_follow_the_template_and_the_vocabulary) {
    set("tokenizer.chat_template", std::string("{% if tools %}{{ '<think>' }}{% endif %}"));
    set("tokenizer.ggml.fim_pre_token_id", std::uint32_t{7});
    EXPECT_THAT(details().capabilities, ElementsAre("completion", "tools", "insert", "thinking"));
}

TEST_F(Details, each_family_of_models_has_its_own_marks_for_thinking) {
    for (const char* mark : {"<think>", "[THINK]", "<|channel|>analysis", "<|channel>thought"}) {
        EXPECT_TRUE(thinks(std::string("{{ '") + mark + "' }}")) << mark;
    }
    EXPECT_FALSE(thinks("{{ 'Think before you answer.' }}"));
    EXPECT_FALSE(thinks(""));
}

TEST_F(Details, tell_the_texts_of_the_tokens_that_begin_and_end) {
    set("tokenizer.ggml.tokens", std::vector<std::string>{"<s>", "</s>"});
    set("tokenizer.ggml.bos_token_id", std::uint32_t{0});
    set("tokenizer.ggml.eos_token_id", std::uint32_t{2});
    EXPECT_EQ(details().bos_token, "<s>");
    EXPECT_EQ(details().eos_token, "") << "there is no such token";
}

TEST_F(Details, a_model_with_pooling_is_for_embeddings) {
    set("tiny.pooling_type", std::uint32_t{1});
    EXPECT_THAT(details().capabilities, ElementsAre("embedding"));
}

TEST_F(Details, the_first_file_of_several_knows_only_its_own_parameters) {
    set("split.no", std::uint16_t{0});
    set("split.count", std::uint16_t{3});
    set("split.tensors.count", std::int32_t{1});
    add_tensor("a", {8});
    EXPECT_EQ(details().parameters, std::nullopt);
}

TEST_F(Details, leave_out_what_a_file_does_not_say) {
    writer_ = GgufWriter();
    set("general.architecture", std::string("bare"));
    ModelDetails read = details();
    EXPECT_EQ(read.context_length, std::nullopt);
    EXPECT_EQ(read.embedding_length, std::nullopt);
    EXPECT_EQ(read.quantization, "unknown");
    EXPECT_EQ(read.licence, "");
}

TEST_F(Details, a_file_that_is_no_model_is_an_error) {
    EXPECT_FALSE(read_details(folder_.path() / "none.gguf"));
}

TEST_F(Details, a_projector_sees_where_it_says_so) {
    EXPECT_FALSE(sees(file()));
    EXPECT_FALSE(sees(folder_.path() / "none.gguf"));
    set("clip.has_vision_encoder", true);
    EXPECT_TRUE(sees(file()));
}

TEST_F(Details, vision_goes_before_thinking) {
    EXPECT_THAT(with_vision({"completion", "tools"}), ElementsAre("completion", "tools", "vision"));
    EXPECT_THAT(
        with_vision({"completion", "thinking"}), ElementsAre("completion", "vision", "thinking")
    );
}

}  // namespace
}  // namespace mullama::store
