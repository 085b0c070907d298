#include "runtime/embed_worker.h"

#include "tests/support/scratch_dir.h"
#include "tests/support/tiny_models.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

namespace mullama {
namespace {

class EmbedWorkerTest : public testing::Test {
  protected:
    Model load(std::int64_t context_length) const {
        const auto file = scratch_.path() / "tiny.gguf";
        test::TinyLlamaOptions options;
        options.context_length = context_length;
        test::write_tiny_llama(file, 1, options);
        return Model::load(file).value();
    }

    static EmbedRequest request(std::size_t tokens, std::int32_t tokens_max) {
        EmbedRequest request;
        request.pooling = Pooling::kMean;
        request.tokens = {std::vector<Token>(tokens, 5)};
        request.options.tokens_max = tokens_max;
        return request;
    }

    const test::ScratchDir scratch_;
};

TEST_F(EmbedWorkerTest, takes_longer_texts_where_it_is_asked_to) {
    EmbedWorker worker(load(10000), {});
    EXPECT_EQ(worker.embed(request(9000, 0)).value().tokens, Embedder::kUsualLengthMax);
    EXPECT_EQ(worker.embed(request(9000, 9500)).value().tokens, 9000);
    EXPECT_EQ(worker.embed(request(9000, 100)).value().tokens, 100);
}

TEST_F(EmbedWorkerTest, takes_no_longer_texts_than_the_model_knows) {
    EmbedWorker worker(load(300), {});
    EXPECT_EQ(worker.embed(request(400, 9500)).value().tokens, 300);
}

}  // namespace
}  // namespace mullama
