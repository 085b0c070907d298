#include "llama/tiny_model.h"
#include "tests/support/scratch_dir.h"
#include <mullama/tokenizer.h>

#include <gtest/gtest.h>

namespace mullama {
namespace {

class TinyTokenizer : public testing::Test {
  protected:
    Model load() const {
        test::tiny_llama().write(dir_.path() / "tiny.gguf");
        return Model::load(dir_.path() / "tiny.gguf").value();
    }

    const test::ScratchDir dir_;
};

TEST_F(TinyTokenizer, is_that_of_the_models_vocabulary) {
    const Model model = load();
    const auto tokenizer = model_tokenizer(model);
    EXPECT_EQ(tokenizer->size(), model.vocab().size());
    EXPECT_EQ(
        tokenizer->encode("a b", true, false).value(),
        model.vocab().tokenize("a b", true, false).value()
    );
    EXPECT_TRUE(tokenizer->is_eog(model.vocab().eos()));
    EXPECT_FALSE(tokenizer->is_eog(-1));
    EXPECT_EQ(tokenizer->piece(3 + 'x'), "x");
}

TEST_F(TinyTokenizer, hides_or_shows_control_tokens) {
    const Model model = load();
    EXPECT_EQ(model_tokenizer(model)->piece(1), "");
    EXPECT_EQ(model_tokenizer(model, SpecialPieces::kShow)->piece(1), "<s>");
}

TEST_F(TinyTokenizer, keeps_the_model_alive) {
    const auto tokenizer = model_tokenizer(load());
    EXPECT_EQ(tokenizer->encode("a", false, false)->size(), 1U);
}

}  // namespace
}  // namespace mullama
