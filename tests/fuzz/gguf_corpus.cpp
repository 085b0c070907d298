#include "tests/fuzz/gguf_corpus.h"

#include "tests/support/raw_gguf.h"
#include <mullama/gguf.h>

#include <cstdint>
#include <stdexcept>
#include <utility>

namespace mullama::test {
namespace {

void expect_done(const Result<void>& result) {
    if (!result) throw std::runtime_error(result.error().message);
}

std::vector<std::byte> bytes_of(const GgufWriter& writer) {
    auto bytes = writer.to_bytes();
    if (!bytes) throw std::runtime_error(bytes.error().message);
    return std::move(*bytes);
}

void set_every_type(GgufWriter& writer) {
    const auto set = [&](const char* key, GgufValue value) {
        expect_done(writer.set(key, std::move(value)));
    };
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
    set("f64", 0.5);
    set("arr.u8", std::vector<std::uint8_t>{1, 2, 3});
    set("arr.i32", std::vector<std::int32_t>{-1, 1});
    set("arr.f32", std::vector<float>{0.5F});
    set("arr.bool", std::vector<bool>{true, false});
    set("arr.str", std::vector<std::string>{"a", "", "bc"});
    set("arr.i64", std::vector<std::int64_t>{});
}

void add_zeros(
    GgufWriter& writer, std::string name, GgufTensorType type, std::vector<std::int64_t> shape
) {
    const auto size = tensor_bytes(type, shape);
    if (!size) throw std::runtime_error(size.error().message);
    std::vector<std::byte> zeros(*size);
    expect_done(writer.add_tensor(std::move(name), type, std::move(shape), std::move(zeros)));
}

std::vector<std::byte> vocabulary_file() {
    GgufWriter writer;
    expect_done(writer.set("general.architecture", std::string("llama")));
    expect_done(writer.set("tokenizer.ggml.model", std::string("llama")));
    std::vector<std::string> tokens;
    for (int i = 0; i < 40; ++i) tokens.push_back("<" + std::to_string(i) + ">");
    expect_done(writer.set("tokenizer.ggml.tokens", std::move(tokens)));
    expect_done(writer.set("tokenizer.ggml.scores", std::vector<float>(40, -1.0F)));
    return bytes_of(writer);
}

std::vector<std::byte> tensor_file(std::uint32_t alignment) {
    GgufWriter writer;
    if (alignment != 0) expect_done(writer.set("general.alignment", alignment));
    add_zeros(writer, "token_embd.weight", GgufTensorType::kF16, {8, 4});
    add_zeros(writer, "blk.0.attn_q.weight", GgufTensorType::kQ4_K, {256});
    add_zeros(writer, "output_norm.weight", GgufTensorType::kF32, {5});
    add_zeros(writer, "empty", GgufTensorType::kI8, {0, 3});
    add_zeros(writer, "cube", GgufTensorType::kI16, {2, 2, 2, 2});
    return bytes_of(writer);
}

std::vector<CorpusFile> good_files() {
    GgufWriter every_type;
    set_every_type(every_type);
    GgufWriter split;
    expect_done(split.set("split.no", std::uint16_t{0}));
    expect_done(split.set("split.count", std::uint16_t{2}));
    return {
        {"good-empty", RawGguf().header(0, 0).bytes()},
        {"good-version-2", RawGguf().header(0, 0, 2).bytes()},
        {"good-every-type", bytes_of(every_type)},
        {"good-split", bytes_of(split)},
        {"good-vocabulary", vocabulary_file()},
        {"good-tensors", tensor_file(0)},
        {"good-alignment-8", tensor_file(8)},
        {"good-alignment-256", tensor_file(256)},
        {"good-scalar", RawGguf().header(1, 0).tensor("s", {}).pad().zeros(4).bytes()},
    };
}

RawGguf one_key(GgufValueType type) {
    return RawGguf().header(0, 1).key("k", type);
}

RawGguf one_array(GgufValueType type, std::uint64_t count) {
    return RawGguf().header(0, 1).array("k", type, count);
}

RawGguf two_tensors(std::uint64_t second_offset) {
    return RawGguf().header(2, 0).tensor("a", {8}).tensor("b", {8}, second_offset).pad();
}

std::vector<CorpusFile> broken_headers() {
    return {
        {"broken-empty", {}},
        {"broken-magic", RawGguf().letters("GGML").zeros(40).bytes()},
        {"broken-version-1", RawGguf().header(0, 0, 1).bytes()},
        {"broken-big-endian", RawGguf().header(0, 0, 0x03000000).bytes()},
        {"broken-tensor-count", RawGguf().header(UINT64_MAX, 0).zeros(40).bytes()},
        {"broken-key-count", RawGguf().header(0, UINT64_MAX / 2).zeros(40).bytes()},
    };
}

std::vector<CorpusFile> broken_keys() {
    return {
        {"broken-key-length", RawGguf().header(0, 1).number<std::uint64_t>(99).zeros(20).bytes()},
        {"broken-key-twice",
         RawGguf()
             .header(0, 2)
             .key("k", GgufValueType::kUint8)
             .zeros(1)
             .key("k", GgufValueType::kUint8)
             .zeros(1)
             .bytes()},
        {"broken-type", one_key(static_cast<GgufValueType>(77)).zeros(8).bytes()},
        {"broken-bool", one_key(GgufValueType::kBool).letters("x").bytes()},
        {"broken-string", one_key(GgufValueType::kString).number(UINT64_MAX).zeros(9).bytes()},
        {"broken-nested-array", one_array(GgufValueType::kArray, 2).zeros(24).bytes()},
        {"broken-array-count", one_array(GgufValueType::kFloat64, UINT64_MAX / 8).zeros(9).bytes()},
        {"broken-string-count", one_array(GgufValueType::kString, 1000).zeros(64).bytes()},
        {"broken-alignment",
         RawGguf()
             .header(0, 1)
             .key("general.alignment", GgufValueType::kUint32)
             .number<std::uint32_t>(3)
             .bytes()},
    };
}

std::vector<CorpusFile> broken_tensors() {
    const std::int64_t large = std::int64_t{1} << 62;
    return {
        {"broken-shape", RawGguf().header(1, 0).tensor("t", {large, 4}).pad().bytes()},
        {"broken-negative", RawGguf().header(1, 0).tensor("t", {-1}).pad().bytes()},
        {"broken-dimensions", RawGguf().header(1, 0).tensor("t", {1, 1, 1, 1, 1}).pad().bytes()},
        {"broken-tensor-type", RawGguf().header(1, 0).tensor("t", {8}, 0, 31).pad().bytes()},
        {"broken-row", RawGguf().header(1, 0).tensor("t", {40}, 0, 12).pad().zeros(99).bytes()},
        {"broken-offset", two_tensors(16).zeros(64).bytes()},
        {"broken-overlap", two_tensors(0).zeros(64).bytes()},
        {"broken-gap", two_tensors(64).zeros(128).bytes()},
        {"broken-truncated", two_tensors(32).zeros(63).bytes()},
        {"broken-tensor-twice",
         RawGguf().header(2, 0).tensor("a", {8}).tensor("a", {8}, 32).pad().zeros(64).bytes()},
    };
}

}  // namespace

std::vector<CorpusFile> gguf_corpus() {
    std::vector<CorpusFile> files = good_files();
    for (const auto& more : {broken_headers(), broken_keys(), broken_tensors()}) {
        files.insert(files.end(), more.begin(), more.end());
    }
    return files;
}

}  // namespace mullama::test
