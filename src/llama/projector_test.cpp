#include "llama/handles.h"
#include "tests/support/images.h"
#include "tests/support/scratch_dir.h"
#include "tests/support/tiny_models.h"
#include <mullama/projector.h>

#include <array>
#include <fstream>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <mtmd-helper.h>
#include <mtmd.h>

namespace mullama {
namespace {

using test::bmp_image;
using test::TinyProjectorKind;

class ProjectorTest : public testing::Test {
  protected:
    Model model(const std::string& architecture = "llama") {
        test::TinyLlamaOptions options;
        options.architecture = architecture;
        const auto path = scratch_.path() / (architecture + ".gguf");
        test::write_tiny_llama(path, 1, options);
        return Model::load(path).value();
    }

    Result<Projector> load(TinyProjectorKind kind = TinyProjectorKind::kGemma) {
        const auto path = scratch_.path() / "mmproj.gguf";
        test::write_tiny_projector(path, 2, kind);
        ProjectorOptions options;
        options.threads = 1;
        const bool axes = kind == TinyProjectorKind::kQwen;
        return Projector::load(model(axes ? "qwen2vl" : "llama"), path, options);
    }

    test::ScratchDir scratch_;
};

const MediaEmbedding& media_of(const Picture& picture) {
    for (const PicturePart& part : picture.parts) {
        if (part.media != nullptr) return *part.media;
    }
    throw std::runtime_error("the picture has no rows");
}

Context small_context(const Model& model) {
    ContextOptions options;
    options.context_length = 256;
    options.batch_size = 64;
    options.threads = 1;
    auto context = Context::create(model, options).value();
    Batch batch;
    for (Position i = 0; i < 3; ++i) batch.add(10 + i, i, 0, false).value();
    EXPECT_TRUE(context.decode(batch));
    return context;
}

std::vector<float> logits_of_token(Context& context, Position position) {
    Batch batch;
    batch.add(20, position, 0, true).value();
    EXPECT_TRUE(context.decode(batch));
    const auto row = context.logits(0).value();
    return {row.begin(), row.end()};
}

TEST_F(ProjectorTest, reads_a_picture_between_its_texts) {
    const auto projector = load().value();
    const auto picture = projector.read(bmp_image(40, 30, 1)).value();
    ASSERT_EQ(picture->parts.size(), 2U);
    EXPECT_FALSE(picture->parts[0].tokens.empty());
    EXPECT_FALSE(picture->parts[1].tokens.empty());
    EXPECT_EQ(picture->parts[1].media, nullptr);
    const MediaEmbedding& media = media_of(*picture);
    EXPECT_EQ(media.row_count, 4);
    EXPECT_EQ(media.position_count, 4);
    EXPECT_EQ(media.rows.size(), 4U * 64);
    EXPECT_FALSE(media.causal);
    EXPECT_TRUE(media.places.empty());
    EXPECT_EQ(
        picture->token_count, 4 + picture->parts[0].tokens.size() + picture->parts[1].tokens.size()
    );
}

TEST_F(ProjectorTest, a_picture_is_the_same_in_every_format_and_differs_from_others) {
    const auto projector = load(TinyProjectorKind::kJanus).value();
    const auto bmp = projector.read(bmp_image(20, 20, 1)).value();
    const auto png = projector.read(test::png_image(20, 20, 1)).value();
    const auto other = projector.read(bmp_image(20, 20, 2)).value();
    EXPECT_EQ(media_of(*bmp).rows, media_of(*png).rows);
    EXPECT_NE(media_of(*bmp).id, media_of(*png).id);
    EXPECT_NE(media_of(*bmp).rows, media_of(*other).rows);
    EXPECT_NE(media_of(*bmp).id, media_of(*other).id);
    EXPECT_TRUE(media_of(*bmp).causal);
    EXPECT_EQ(bmp->parts.size(), 1U);
}

TEST_F(ProjectorTest, tells_what_has_to_be_computed_in_one_pass) {
    EXPECT_EQ(load(TinyProjectorKind::kGemma)->pass_rows_max(), 4);
    EXPECT_EQ(load(TinyProjectorKind::kJanus)->pass_rows_max(), 0);
}

TEST_F(ProjectorTest, remembers_pictures) {
    const auto projector = load().value();
    const auto first = projector.read(bmp_image(20, 20, 1)).value();
    EXPECT_EQ(projector.read(bmp_image(20, 20, 1)).value(), first);
    EXPECT_NE(projector.read(bmp_image(20, 20, 2)).value(), first);
}

TEST_F(ProjectorTest, places_rows_on_the_axes_of_models_that_have_them) {
    const auto projector = load(TinyProjectorKind::kQwen).value();
    const auto picture = projector.read(bmp_image(40, 24, 1)).value();
    const MediaEmbedding& media = media_of(*picture);
    ASSERT_EQ(media.row_count, 15);
    EXPECT_EQ(media.position_count, 5);
    ASSERT_EQ(media.places.size(), 15U);
    EXPECT_EQ(media.places[0].axes, (std::array{0, 0, 0, 0}));
    EXPECT_EQ(media.places[7].axes, (std::array{0, 1, 2, 0}));
    EXPECT_EQ(media.places[7].relative, (std::array{true, true, true, false}));
}

TEST_F(ProjectorTest, refuses_what_is_no_image_and_goes_on) {
    const auto projector = load().value();
    const std::string image = bmp_image(20, 20, 1);
    EXPECT_EQ(projector.read("hello").error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(projector.read("").error().code, ErrorCode::kInvalidArgument);
    std::string png = test::png_image(20, 20, 1);
    const auto damaged = projector.read(png.substr(0, 100));
    EXPECT_EQ(damaged.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(damaged.error().message, "the image is damaged");
    EXPECT_TRUE(projector.read(image));
    EXPECT_TRUE(projector.read(bmp_image(1, 1, 1)));
    EXPECT_TRUE(projector.read(bmp_image(1, 200, 1)));
}

TEST_F(ProjectorTest, damaged_images_are_errors_or_pictures) {
    const auto projector = load().value();
    std::mt19937_64 random(1);
    for (int round = 0; round < 400; ++round) {
        std::string image = round % 2 == 0 ? bmp_image(9, 7, 1) : test::png_image(9, 7, 1);
        for (auto changes = 1 + random() % 8; changes > 0; --changes) {
            image[random() % image.size()] = static_cast<char>(random());
        }
        const auto picture = projector.read(image);
        if (picture) {
            EXPECT_EQ(media_of(**picture).row_count, 4);
        }
    }
}

TEST_F(ProjectorTest, refuses_files_that_are_no_projector_of_the_model) {
    const auto text_model = model();
    const auto load_from = [&](const std::filesystem::path& path) {
        return Projector::load(text_model, path).error();
    };
    EXPECT_EQ(load_from(scratch_.path() / "none.gguf").code, ErrorCode::kNotFound);
    EXPECT_EQ(
        load_from(scratch_.path() / "llama.gguf").message,
        (scratch_.path() / "llama.gguf").string() +
            " holds no projector: give the file that is called \"mmproj\""
    );
    const auto other = scratch_.path() / "other.gguf";
    test::write_tiny_projector(other, 2, TinyProjectorKind::kGemma, 128);
    const Error mismatch = load_from(other);
    EXPECT_EQ(mismatch.code, ErrorCode::kInvalidArgument);
    EXPECT_NE(mismatch.message.find("another model's"), std::string::npos) << mismatch.message;
}

TEST_F(ProjectorTest, a_file_that_ends_early_is_an_error) {
    test::write_tiny_projector(scratch_.path() / "whole.gguf", 2);
    std::ifstream whole(scratch_.path() / "whole.gguf", std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(whole)), {});
    const auto cut = scratch_.path() / "cut.gguf";
    std::ofstream(cut, std::ios::binary) << bytes.substr(0, bytes.size() / 2);
    EXPECT_FALSE(Projector::load(model(), cut));
}

TEST_F(ProjectorTest, many_threads_may_read) {
    const auto projector = load().value();
    const auto expected = media_of(*projector.read(bmp_image(20, 20, 3)).value()).rows;
    std::vector<std::jthread> threads;
    std::vector<std::vector<float>> rows(4);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        threads.emplace_back([&, i] {
            for (std::uint64_t seed = 1; seed < 6; ++seed) {
                const auto picture = projector.read(bmp_image(20, 20, seed)).value();
                if (seed == 3) rows[i] = media_of(*picture).rows;
            }
        });
    }
    threads.clear();
    for (const auto& row : rows) EXPECT_EQ(row, expected);
}

/// The logits of a token behind a picture's rows at position 3, decoded by the library's own
/// helper.
std::vector<float> by_helper(
    const Model& model, const std::filesystem::path& file, const std::string& image
) {
    mtmd_context_params params = mtmd_context_params_default();
    params.n_threads = 1;
    const mtmd::context_ptr eyes(mtmd_init_from_file(file.c_str(), handle(model), params));
    const auto* data = reinterpret_cast<const unsigned char*>(image.data());
    const mtmd::bitmap_ptr bitmap(
        mtmd_helper_bitmap_init_from_buf(
            eyes.get(), data, image.size(), false, mtmd_helper_init_opt_default()
        )
            .bitmap
    );
    const std::string marker = mtmd_get_marker(eyes.get());
    const mtmd_input_text text{marker.data(), marker.size(), false, true};
    const mtmd::input_chunks_ptr chunks(mtmd_input_chunks_init());
    const mtmd_bitmap* bitmaps = bitmap.get();
    if (mtmd_tokenize(eyes.get(), chunks.get(), &text, &bitmaps, 1) != 0) return {};
    auto context = small_context(model);
    Position position = 3;
    for (std::size_t i = 0; i < mtmd_input_chunks_size(chunks.get()); ++i) {
        const mtmd_input_chunk* chunk = mtmd_input_chunks_get(chunks.get(), i);
        if (mtmd_input_chunk_get_type(chunk) == MTMD_INPUT_CHUNK_TYPE_TEXT) continue;
        mtmd_helper_eval_chunk_single(
            eyes.get(), handle(context), chunk, position, 0, 64, false, &position
        );
    }
    return logits_of_token(context, position);
}

/// The same from a Projector's rows.
std::vector<float> by_rows(const Model& model, const MediaEmbedding& media) {
    auto context = small_context(model);
    const std::size_t length = media.rows.size() / static_cast<std::size_t>(media.row_count);
    Batch batch;
    for (std::int32_t i = 0; i < media.row_count; ++i) {
        const auto row =
            std::span(media.rows).subspan(static_cast<std::size_t>(i) * length, length);
        if (media.places.empty()) {
            batch.add_embedding(row, 3 + i, 0, false).value();
            continue;
        }
        const MediaPlace& place = media.places[static_cast<std::size_t>(i)];
        std::array<Position, 4> axes = place.axes;
        for (std::size_t axis = 0; axis < 4; ++axis) axes[axis] += place.relative[axis] ? 3 : 0;
        const auto index = batch.add_embedding(row, axes[0], 0, false).value();
        EXPECT_TRUE(batch.set_axes(index, {axes[1], axes[2], axes[3]}));
    }
    context.set_causal_attention(media.causal);
    EXPECT_TRUE(context.decode(batch));
    context.set_causal_attention(true);
    return logits_of_token(context, 3 + media.position_count);
}

TEST_F(ProjectorTest, rows_mean_what_they_mean_to_the_library) {
    for (const auto kind :
         {TinyProjectorKind::kGemma, TinyProjectorKind::kJanus, TinyProjectorKind::kQwen}) {
        const auto projector = load(kind).value();
        const auto text_model = model(kind == TinyProjectorKind::kQwen ? "qwen2vl" : "llama");
        const std::string image = bmp_image(40, 24, 1);
        const auto picture = projector.read(image).value();
        const auto expected = by_helper(text_model, scratch_.path() / "mmproj.gguf", image);
        const auto logits = by_rows(text_model, media_of(*picture));
        ASSERT_EQ(logits.size(), expected.size());
        for (std::size_t i = 0; i < logits.size(); ++i) EXPECT_NEAR(logits[i], expected[i], 1e-4F);
    }
}

}  // namespace
}  // namespace mullama
