#include "llama/tiny_model.h"
#include "tests/support/models.h"
#include "tests/support/scratch_dir.h"
#include <mullama/device.h>
#include <mullama/model.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>

#include <gtest/gtest.h>

namespace mullama {
namespace {

namespace fs = std::filesystem;

class ModelFile : public testing::Test {
  protected:
    fs::path write_tiny() const {
        test::tiny_llama().write(path_);
        return path_;
    }

    fs::path write_bytes(std::string_view bytes) const {
        std::ofstream(path_, std::ios::binary) << bytes;
        return path_;
    }

    const test::ScratchDir dir_;
    const fs::path path_ = dir_.path() / "model.gguf";
};

ErrorCode code_of(const Result<Model>& model) {
    EXPECT_FALSE(model);
    return model ? ErrorCode::kInternal : model.error().code;
}

TEST(Model, smollm2_describes_itself) {
    const auto model = Model::load(test::smollm2_path());
    ASSERT_TRUE(model) << model.error().message;
    EXPECT_EQ(model->architecture(), "llama");
    EXPECT_EQ(model->context_length_train(), 8192);
    EXPECT_EQ(model->embedding_length(), 576);
    EXPECT_EQ(model->embedding_length_input(), 576);
    EXPECT_EQ(model->embedding_length_output(), 576);
    EXPECT_EQ(model->layers(), 30);
    EXPECT_EQ(model->heads(), 9);
    EXPECT_EQ(model->heads_kv(), 3);
    EXPECT_EQ(model->sliding_window(), 0);
    EXPECT_EQ(model->vocab().size(), 49152);
    EXPECT_EQ(model->file_type(), "Q4_1");
    EXPECT_GT(model->parameters(), 134'000'000U);
    EXPECT_GT(model->size_bytes(), 80'000'000U);
    EXPECT_FALSE(model->description().empty());
    EXPECT_TRUE(model->has_decoder());
    EXPECT_FALSE(model->has_encoder());
    EXPECT_FALSE(model->is_recurrent());
    EXPECT_FALSE(model->is_hybrid());
    EXPECT_FALSE(model->is_diffusion());
    EXPECT_EQ(model->decoder_start_token(), kNoToken);
    EXPECT_TRUE(model->classifier_labels().empty());
}

TEST(Model, smollm2_has_a_chat_template_and_metadata) {
    const auto model = Model::load(test::smollm2_path(), {.vocab_only = true});
    ASSERT_TRUE(model) << model.error().message;
    ASSERT_TRUE(model->chat_template());
    EXPECT_NE(model->chat_template()->find("<|im_start|>"), std::string::npos);
    EXPECT_FALSE(model->chat_template("no such template"));
    EXPECT_EQ(model->metadata("general.architecture"), "llama");
    EXPECT_FALSE(model->metadata("no.such.key"));
    EXPECT_EQ(model->metadata().at("llama.block_count"), "30");
    EXPECT_TRUE(model->vocab_only());
    EXPECT_EQ(model->layers(), 0);
}

TEST_F(ModelFile, copies_are_leases_on_the_same_weights) {
    auto first = Model::load(write_tiny());
    ASSERT_TRUE(first) << first.error().message;
    const Model second = *first;
    EXPECT_EQ(second, *first);
    EXPECT_FALSE(second == Model::load(path_).value());
    first = Error{};
    EXPECT_EQ(second.vocab().size(), 300);
}

TEST_F(ModelFile, reports_progress_up_to_one) {
    std::vector<float> seen;
    ModelOptions options;
    options.on_progress = [&](float progress) {
        seen.push_back(progress);
        return true;
    };
    ASSERT_TRUE(Model::load(write_tiny(), options));
    ASSERT_FALSE(seen.empty());
    EXPECT_TRUE(std::ranges::is_sorted(seen));
    EXPECT_EQ(seen.back(), 1.0F);
}

TEST_F(ModelFile, a_load_can_be_cancelled) {
    ModelOptions options;
    options.on_progress = [](float) { return false; };
    EXPECT_EQ(code_of(Model::load(write_tiny(), options)), ErrorCode::kCancelled);
}

TEST_F(ModelFile, loads_in_every_mode) {
    write_tiny();
    for (const LoadMode mode :
         {LoadMode::kAuto,
          LoadMode::kRead,
          LoadMode::kMmap,
          LoadMode::kMlock,
          LoadMode::kMmapMlock,
          LoadMode::kDirectIo}) {
        const auto model = Model::load(path_, {.load_mode = mode});
        EXPECT_TRUE(model) << static_cast<int>(mode) << model.error().message;
    }
    EXPECT_TRUE(Model::load(path_, {.check_tensors = true}));
    EXPECT_TRUE(Model::load(path_, {.repack = false}));
    EXPECT_TRUE(Model::load(path_, {.devices = {"CPU"}}));
}

TEST_F(ModelFile, metadata_can_be_replaced) {
    ModelOptions options;
    options.metadata_overrides = {
        {"llama.context_length", std::int64_t{128}},
        {"general.name", std::string("renamed")},
        {"llama.attention.layer_norm_rms_epsilon", 1e-6},
        {"tokenizer.ggml.add_bos_token", false},
    };
    const auto model = Model::load(write_tiny(), options);
    ASSERT_TRUE(model) << model.error().message;
    EXPECT_EQ(model->context_length_train(), 128);
    EXPECT_FALSE(model->vocab().add_bos());
}

TEST_F(ModelFile, options_out_of_range_are_errors) {
    write_tiny();
    const auto code = [&](const ModelOptions& options) {
        return code_of(Model::load(path_, options));
    };
    EXPECT_EQ(code({.gpu_layers = -2}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code({.main_gpu = -1}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code({.tensor_split = {-1.0F}}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code({.tensor_split = {NAN}}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code({.tensor_split = std::vector<float>(1000, 1.0F)}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code({.devices = {"no such device"}}), ErrorCode::kInvalidArgument);
    const auto override_code = [&](std::string key, MetadataValue value) {
        return code({.metadata_overrides = {{std::move(key), std::move(value)}}});
    };
    EXPECT_EQ(override_code("", true), ErrorCode::kInvalidArgument);
    EXPECT_EQ(override_code(std::string(128, 'k'), true), ErrorCode::kInvalidArgument);
    EXPECT_EQ(override_code("k", std::string(128, 'v')), ErrorCode::kInvalidArgument);
    EXPECT_EQ(override_code(std::string("a\0b", 3), true), ErrorCode::kInvalidArgument);
    EXPECT_EQ(override_code("llama.block_count", std::int64_t{100'000}), ErrorCode::kCorrupt);
    EXPECT_EQ(
        code({.metadata_overrides = std::vector<MetadataOverride>(65, {"k", true})}),
        ErrorCode::kInvalidArgument
    );
}

TEST_F(ModelFile, an_error_names_the_devices_that_there_are) {
    const auto model = Model::load(write_tiny(), {.devices = {"GPU9"}});
    ASSERT_FALSE(model);
    EXPECT_NE(model.error().message.find("CPU"), std::string::npos);
}

TEST_F(ModelFile, what_is_no_model_is_an_error) {
    EXPECT_EQ(code_of(Model::load(path_)), ErrorCode::kNotFound);
    EXPECT_EQ(code_of(Model::load(dir_.path())), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code_of(Model::load("")), ErrorCode::kNotFound);
    EXPECT_EQ(code_of(Model::load_splits({})), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code_of(Model::load(write_bytes(""))), ErrorCode::kCorrupt);
    EXPECT_EQ(code_of(Model::load(write_bytes("GGUF"))), ErrorCode::kCorrupt);
    EXPECT_EQ(code_of(Model::load(write_bytes("This is a text."))), ErrorCode::kCorrupt);
    std::mt19937 random(1);
    std::string bytes(100'000, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    EXPECT_EQ(code_of(Model::load(write_bytes(bytes))), ErrorCode::kCorrupt);
    bytes.replace(0, 4, "GGUF");
    EXPECT_FALSE(Model::load(write_bytes(bytes)));
}

TEST_F(ModelFile, a_truncated_model_is_an_error_wherever_it_ends) {
    write_tiny();
    const std::uintmax_t whole = fs::file_size(path_);
    for (int part = 0; part < 40; ++part) {
        write_tiny();
        fs::resize_file(path_, whole * static_cast<std::uintmax_t>(part) / 40);
        EXPECT_EQ(code_of(Model::load(path_)), ErrorCode::kCorrupt) << part;
    }
}

TEST_F(ModelFile, an_unknown_architecture_is_unsupported) {
    auto tiny = test::tiny_llama();
    for (GgufEntry& entry : tiny.metadata) {
        if (entry.key.starts_with("llama.")) entry.key.replace(0, 6, "novel.");
    }
    tiny.set("general.architecture", std::string("novel"));
    tiny.write(path_);
    const auto model = Model::load(path_);
    EXPECT_EQ(code_of(model), ErrorCode::kUnsupported);
    EXPECT_NE(model.error().message.find("novel"), std::string::npos);
}

TEST_F(ModelFile, an_error_says_what_the_engine_said) {
    auto tiny = test::tiny_llama();
    tiny.drop_tensor("blk.1.ffn_up.weight");
    tiny.write(path_);
    const auto model = Model::load(path_);
    EXPECT_EQ(code_of(model), ErrorCode::kCorrupt);
    EXPECT_NE(model.error().message.find("blk.1.ffn_up.weight"), std::string::npos);
}

TEST_F(ModelFile, tensors_at_odd_offsets_are_read_instead_of_mapped) {
    auto tiny = test::tiny_llama();
    tiny.set("general.alignment", std::uint32_t{8});
    tiny.write(path_);
    EXPECT_TRUE(Model::load(path_));
    EXPECT_EQ(code_of(Model::load(path_, {.load_mode = LoadMode::kMmap})), ErrorCode::kUnsupported);
}

TEST_F(ModelFile, a_saved_model_loads_and_is_the_same) {
    const auto model = Model::load(write_tiny());
    const fs::path saved = dir_.path() / "saved.gguf";
    const auto result = model->save(saved);
    ASSERT_TRUE(result) << result.error().message;
    const auto again = Model::load(saved);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->parameters(), model->parameters());
    EXPECT_EQ(again->vocab().size(), model->vocab().size());
    EXPECT_EQ(again->layers(), model->layers());
    EXPECT_EQ(
        again->vocab().tokenize("a b", true, true).value(),
        model->vocab().tokenize("a b", true, true).value()
    );
}

TEST_F(ModelFile, saving_where_it_cannot_be_is_an_error) {
    const auto model = Model::load(write_tiny());
    EXPECT_FALSE(model->save(dir_.path()));
    EXPECT_EQ(model->save(dir_.path() / "no/such/dir/m.gguf").error().code, ErrorCode::kIo);
    EXPECT_EQ(model->save("/dev/null").error().code, ErrorCode::kInvalidArgument);
    const auto vocabulary = Model::load(path_, {.vocab_only = true});
    EXPECT_EQ(vocabulary->save(dir_.path() / "v.gguf").error().code, ErrorCode::kUnsupported);
    EXPECT_FALSE(fs::exists(dir_.path() / "v.gguf"));
}

TEST(Model, quantized_weights_are_saved_only_as_they_were_read) {
    const test::ScratchDir dir;
    const auto rearranged = Model::load(test::smollm2_path());
    EXPECT_EQ(rearranged->save(dir.path() / "m.gguf").error().code, ErrorCode::kUnsupported);
    const auto plain = Model::load(test::smollm2_path(), {.repack = false});
    const auto saved = plain->save(dir.path() / "m.gguf");
    ASSERT_TRUE(saved) << saved.error().message;
    EXPECT_TRUE(Model::load(dir.path() / "m.gguf"));
}

// The tiny model in two files, as llama-gguf-split makes them.
std::vector<fs::path> write_parts(const fs::path& dir, const std::string& prefix) {
    auto first = test::tiny_llama();
    test::TinyModel second;
    const auto count = static_cast<std::int32_t>(first.tensors.size());
    second.tensors.assign(first.tensors.begin() + 4, first.tensors.end());
    first.tensors.resize(4);
    std::vector<fs::path> paths;
    std::uint16_t number = 0;
    for (test::TinyModel* part : {&first, &second}) {
        part->set("split.no", number);
        part->set("split.count", std::uint16_t{2});
        part->set("split.tensors.count", count);
        paths.push_back(gguf_split_path(dir / prefix, number, 2));
        part->write(paths.back());
        ++number;
    }
    return paths;
}

TEST(Model, a_split_model_loads_by_its_first_file) {
    const test::ScratchDir dir;
    const auto parts = write_parts(dir.path(), "tiny");
    const auto model = Model::load(parts[0]);
    ASSERT_TRUE(model) << model.error().message;
    EXPECT_EQ(model->layers(), 2);
    EXPECT_EQ(code_of(Model::load(parts[1])), ErrorCode::kInvalidArgument);
}

TEST(Model, parts_with_names_of_their_own_load_in_order) {
    const test::ScratchDir dir;
    auto parts = write_parts(dir.path(), "tiny");
    fs::rename(parts[0], dir.path() / "a.gguf");
    fs::rename(parts[1], dir.path() / "b.gguf");
    const std::vector<fs::path> renamed = {dir.path() / "a.gguf", dir.path() / "b.gguf"};
    EXPECT_TRUE(Model::load_splits(renamed));
    EXPECT_EQ(code_of(Model::load(renamed[0])), ErrorCode::kInvalidArgument);
    EXPECT_EQ(
        code_of(Model::load_splits(std::vector{renamed[1], renamed[0]})),
        ErrorCode::kInvalidArgument
    );
    EXPECT_EQ(
        code_of(Model::load_splits(std::span(renamed).first(1))), ErrorCode::kInvalidArgument
    );
}

TEST(Model, a_broken_or_missing_part_is_an_error) {
    const test::ScratchDir dir;
    const auto parts = write_parts(dir.path(), "tiny");
    fs::resize_file(parts[1], fs::file_size(parts[1]) / 2);
    EXPECT_EQ(code_of(Model::load(parts[0])), ErrorCode::kCorrupt);
    fs::remove(parts[1]);
    EXPECT_EQ(code_of(Model::load(parts[0])), ErrorCode::kNotFound);
}

TEST(Device, the_cpu_is_always_there) {
    const auto all = devices();
    const auto cpu = std::ranges::find(all, DeviceKind::kCpu, &Device::kind);
    ASSERT_NE(cpu, all.end());
    EXPECT_FALSE(cpu->name.empty());
    EXPECT_GT(cpu->memory_total_bytes, 0);
}

}  // namespace
}  // namespace mullama
