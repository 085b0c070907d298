#include "tests/support/models.h"
#include "tests/support/scratch_dir.h"
#include "tests/support/tiny_models.h"
#include <mullama/gguf.h>

#include <algorithm>
#include <memory>

#include <gguf.h>
#include <gtest/gtest.h>

namespace mullama::test {
namespace {

struct GgufFree {
    void operator()(gguf_context* context) const { gguf_free(context); }
};
using GgufContext = std::unique_ptr<gguf_context, GgufFree>;

GgufContext open_with_ggml(const std::filesystem::path& path) {
    return GgufContext(gguf_init_from_file(path.c_str(), {true, nullptr}));
}

// What ggml stores for key `i`, as a value of ours.
class GgmlValue {
  public:
    GgmlValue(const gguf_context* context, std::int64_t i) : context_(context), i_(i) {}

    GgufValueType type() const {
        return static_cast<GgufValueType>(gguf_get_kv_type(context_, i_));
    }

    template <typename T>
    bool equals(const T& ours) const {
        return *static_cast<const T*>(gguf_get_val_data(context_, i_)) == ours;
    }

    bool equals(const std::string& ours) const { return gguf_get_val_str(context_, i_) == ours; }

    template <typename T>
    bool equals(const std::vector<T>& ours) const {
        const auto* theirs = static_cast<const T*>(gguf_get_arr_data(context_, i_));
        return gguf_get_arr_n(context_, i_) == ours.size() &&
               std::equal(ours.begin(), ours.end(), theirs);
    }

    bool equals(const std::vector<std::string>& ours) const {
        if (gguf_get_arr_n(context_, i_) != ours.size()) return false;
        for (std::size_t k = 0; k < ours.size(); ++k) {
            if (gguf_get_arr_str(context_, i_, k) != std::string(ours[k].c_str())) return false;
        }
        return true;
    }

  private:
    const gguf_context* context_;
    std::int64_t i_;
};

void expect_same_metadata(const GgufFile& ours, const gguf_context* theirs) {
    ASSERT_EQ(static_cast<std::int64_t>(ours.metadata().size()), gguf_get_n_kv(theirs));
    for (std::size_t i = 0; i < ours.metadata().size(); ++i) {
        const GgufEntry& entry = ours.metadata()[i];
        const auto id = static_cast<std::int64_t>(i);
        ASSERT_EQ(entry.key, gguf_get_key(theirs, id));
        const GgmlValue value(theirs, id);
        ASSERT_EQ(type_of(entry.value), value.type()) << entry.key;
        const bool equal =
            std::visit([&](const auto& stored) { return value.equals(stored); }, entry.value);
        ASSERT_TRUE(equal) << entry.key;
    }
}

void expect_same_tensors(const GgufFile& ours, const gguf_context* theirs) {
    ASSERT_EQ(static_cast<std::int64_t>(ours.tensors().size()), gguf_get_n_tensors(theirs));
    for (std::size_t i = 0; i < ours.tensors().size(); ++i) {
        const GgufTensor& tensor = ours.tensors()[i];
        const auto id = static_cast<std::int64_t>(i);
        ASSERT_EQ(tensor.name, gguf_get_tensor_name(theirs, id));
        ASSERT_EQ(static_cast<int>(tensor.type), gguf_get_tensor_type(theirs, id)) << tensor.name;
        ASSERT_EQ(tensor.offset, gguf_get_tensor_offset(theirs, id)) << tensor.name;
        ASSERT_EQ(tensor.size_bytes, gguf_get_tensor_size(theirs, id)) << tensor.name;
        const std::int64_t* shape = gguf_get_tensor_ne(theirs, id);
        for (std::size_t k = 0; k < 4; ++k) {
            ASSERT_EQ(k < tensor.shape.size() ? tensor.shape[k] : 1, shape[k]) << tensor.name;
        }
    }
}

void expect_same_view(const std::filesystem::path& path) {
    SCOPED_TRACE(path.string());
    const auto ours = GgufFile::open(path);
    ASSERT_TRUE(ours) << ours.error().message;
    const GgufContext theirs = open_with_ggml(path);
    ASSERT_NE(theirs, nullptr);
    EXPECT_EQ(ours->version(), gguf_get_version(theirs.get()));
    EXPECT_EQ(ours->alignment(), gguf_get_alignment(theirs.get()));
    EXPECT_EQ(ours->data_offset(), gguf_get_data_offset(theirs.get()));
    expect_same_metadata(*ours, theirs.get());
    expect_same_tensors(*ours, theirs.get());
}

TEST(EngineAgreement, every_vocabulary_of_the_engine_reads_alike) {
    const auto paths = vocab_paths();
    EXPECT_GE(paths.size(), 19U);
    for (const auto& path : paths) expect_same_view(path);
}

TEST(EngineAgreement, a_real_model_reads_alike) {
    expect_same_view(smollm2_path());
}

TEST(EngineAgreement, tensor_types_have_the_sizes_and_names_of_ggml) {
    for (int number = 0; number < GGML_TYPE_COUNT + 2; ++number) {
        const auto type = static_cast<GgufTensorType>(number);
        if (number >= GGML_TYPE_COUNT) {
            EXPECT_EQ(block_elements(type), 0U) << number;
            continue;
        }
        const auto theirs = static_cast<ggml_type>(number);
        EXPECT_EQ(block_elements(type), ggml_blck_size(theirs)) << number;
        EXPECT_EQ(block_bytes(type), ggml_type_size(theirs)) << number;
        if (block_elements(type) != 0) {
            EXPECT_EQ(to_string(type), ggml_type_name(theirs));
        }
    }
}

TEST(EngineAgreement, value_types_have_the_names_of_ggml) {
    for (std::uint32_t number = 0; number < GGUF_TYPE_COUNT; ++number) {
        EXPECT_EQ(
            to_string(static_cast<GgufValueType>(number)),
            gguf_type_name(static_cast<gguf_type>(number))
        );
    }
}

TEST(EngineAgreement, ggml_reads_all_that_the_writer_writes) {
    const ScratchDir dir;
    const auto path = dir.path() / "all.gguf";
    GgufWriter writer;
    const auto set = [&](const char* key, GgufValue value) {
        ASSERT_TRUE(writer.set(key, std::move(value)));
    };
    set("general.alignment", std::uint32_t{64});
    set("u8", std::uint8_t{1});
    set("i8", std::int8_t{-1});
    set("u16", std::uint16_t{1});
    set("i16", std::int16_t{-1});
    set("u32", std::uint32_t{1});
    set("i32", std::int32_t{-1});
    set("f32", 0.5F);
    set("bool", true);
    set("str", std::string("text"));
    set("u64", std::uint64_t{1});
    set("i64", std::int64_t{-1});
    set("f64", 0.25);
    set("arr.u8", std::vector<std::uint8_t>{1, 2});
    set("arr.i16", std::vector<std::int16_t>{-1, 2});
    set("arr.f32", std::vector<float>{0.5F});
    set("arr.f64", std::vector<double>{});
    set("arr.str", std::vector<std::string>{"a", "", "b"});
    const std::int64_t rows[] = {1, 2, 3};
    for (int number = 0; number < GGML_TYPE_COUNT; ++number) {
        const auto type = static_cast<GgufTensorType>(number);
        if (block_elements(type) == 0) continue;
        const std::vector<std::int64_t> shape = {2 * block_elements(type), rows[number % 3]};
        std::vector<std::byte> bytes(*tensor_bytes(type, shape), static_cast<std::byte>(number));
        const std::string name = "tensor." + std::string(to_string(type));
        ASSERT_TRUE(writer.add_tensor(name, type, shape, std::move(bytes)));
    }
    ASSERT_TRUE(writer.write(path));
    expect_same_view(path);
}

TEST(EngineAgreement, bools_in_an_array_reach_ggml_byte_by_byte) {
    const ScratchDir dir;
    GgufWriter writer;
    ASSERT_TRUE(writer.set("k", std::vector<bool>{true, false, true}));
    ASSERT_TRUE(writer.write(dir.path() / "a.gguf"));
    const auto theirs = open_with_ggml(dir.path() / "a.gguf");
    ASSERT_NE(theirs, nullptr);
    ASSERT_EQ(gguf_get_arr_n(theirs.get(), 0), 3U);
    const auto* bytes = static_cast<const std::int8_t*>(gguf_get_arr_data(theirs.get(), 0));
    EXPECT_EQ(std::vector<int>(bytes, bytes + 3), (std::vector<int>{1, 0, 1}));
}

}  // namespace
}  // namespace mullama::test
