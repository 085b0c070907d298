#pragma once

#include <mullama/result.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Reading, checking and writing GGUF files, the container of models, adapters and vocabularies.
/// Source: ggml's docs/gguf.md and gguf.cpp.
namespace mullama {

/// How a metadata value is stored. The numbers are those of the file format.
enum class GgufValueType : std::uint32_t {
    kUint8 = 0,
    kInt8 = 1,
    kUint16 = 2,
    kInt16 = 3,
    kUint32 = 4,
    kInt32 = 5,
    kFloat32 = 6,
    kBool = 7,
    kString = 8,
    kArray = 9,
    kUint64 = 10,
    kInt64 = 11,
    kFloat64 = 12,
};

/// A metadata value: one of twelve scalar types or an array of one of them. Strings are kept as
/// the file has them; only keys and tensor names are known to be UTF-8.
using GgufValue = std::variant<
    std::uint8_t,
    std::int8_t,
    std::uint16_t,
    std::int16_t,
    std::uint32_t,
    std::int32_t,
    float,
    bool,
    std::string,
    std::uint64_t,
    std::int64_t,
    double,
    std::vector<std::uint8_t>,
    std::vector<std::int8_t>,
    std::vector<std::uint16_t>,
    std::vector<std::int16_t>,
    std::vector<std::uint32_t>,
    std::vector<std::int32_t>,
    std::vector<float>,
    std::vector<bool>,
    std::vector<std::string>,
    std::vector<std::uint64_t>,
    std::vector<std::int64_t>,
    std::vector<double>>;

/// The stored type: kArray for every array.
GgufValueType type_of(const GgufValue& value);

/// The type of an array's elements; a scalar's own type.
GgufValueType element_type_of(const GgufValue& value);

/// ggml's short name of a value type, for example "u32" or "str".
std::string_view to_string(GgufValueType type);

/// How a tensor's elements are stored. The numbers are those of `enum ggml_type`.
enum class GgufTensorType : std::uint32_t {
    kF32 = 0,
    kF16 = 1,
    kQ4_0 = 2,
    kQ4_1 = 3,
    kQ5_0 = 6,
    kQ5_1 = 7,
    kQ8_0 = 8,
    kQ8_1 = 9,
    kQ2_K = 10,
    kQ3_K = 11,
    kQ4_K = 12,
    kQ5_K = 13,
    kQ6_K = 14,
    kQ8_K = 15,
    kIQ2_XXS = 16,
    kIQ2_XS = 17,
    kIQ3_XXS = 18,
    kIQ1_S = 19,
    kIQ4_NL = 20,
    kIQ3_S = 21,
    kIQ2_S = 22,
    kIQ4_XS = 23,
    kI8 = 24,
    kI16 = 25,
    kI32 = 26,
    kI64 = 27,
    kF64 = 28,
    kIQ1_M = 29,
    kBF16 = 30,
    kTQ1_0 = 34,
    kTQ2_0 = 35,
    kMXFP4 = 39,
    kNVFP4 = 40,
    kQ1_0 = 41,
    kQ2_0 = 42,
};

/// ggml's name of a tensor type, for example "q4_K"; "unknown" for a number that is none.
std::string_view to_string(GgufTensorType type);

/// Elements in one block of a tensor type: 1 for plain numbers, 32 or 256 for most quantized ones,
/// 0 for a number that is no type.
std::uint32_t block_elements(GgufTensorType type);

/// Bytes that one block takes; 0 for a number that is no type.
std::uint32_t block_bytes(GgufTensorType type);

/// Bytes that a tensor takes, without padding.
/// Shape:  `shape` has up to 4 dimensions, the fastest-moving one (a row's length) first; none
///         stands for one element, and a dimension of 0 for no element at all.
/// Errors: kInvalidArgument: no such type, too many dimensions, a negative dimension, rows that are
///         no whole number of blocks, or a size past 2^63.
Result<std::uint64_t> tensor_bytes(GgufTensorType type, std::span<const std::int64_t> shape);

/// One metadata entry.
struct GgufEntry {
    /// For example "general.architecture".
    std::string key;
    /// A number, a text or an array.
    GgufValue value;

    friend bool operator==(const GgufEntry&, const GgufEntry&) = default;
};

/// One tensor's place in a file.
struct GgufTensor {
    /// For example "blk.0.attn_q.weight".
    std::string name;
    /// How its elements are stored.
    GgufTensorType type = GgufTensorType::kF32;
    std::vector<std::int64_t> shape;  ///< Up to 4 dimensions, a row's length first.
    std::uint64_t offset = 0;         ///< From the file's data_offset().
    std::uint64_t size_bytes = 0;     ///< Without the padding behind it.

    friend bool operator==(const GgufTensor&, const GgufTensor&) = default;
};

/// A file's place among the files that a large model was cut into.
struct GgufSplit {
    std::uint16_t number = 0;  ///< 0 is the file to open; it holds the model's metadata.
    /// How many files there are.
    std::uint16_t count = 1;

    friend bool operator==(const GgufSplit&, const GgufSplit&) = default;
};

/// The name of part `number` (from 0) of `count`: "<prefix>-00001-of-00003.gguf".
/// Source: llama_split_path() in llama.h.
std::filesystem::path gguf_split_path(
    const std::filesystem::path& prefix, std::uint16_t number, std::uint16_t count
);

/// A GGUF file whose header was read and found right: every count, length, offset, type and name
/// holds against the file's own size, so that what follows may trust it. Tensor data stays in the
/// file until asked for. Version 2 and 3, little-endian.
///
/// Memory: at most a small multiple of the header's size, and no header is longer than 256 MiB.
/// Threads: Immutable, thread-safe. Copies share one state.
class GgufFile {
  public:
    /// Opens and checks the file at `path`, and keeps it open for read_tensor().
    /// Errors: kNotFound: no such file. kInvalidArgument: a directory, or no regular file.
    ///         kCorrupt: what is wrong and at which byte, key or tensor. kUnsupported: version 1,
    ///         a version newer than 3, or big-endian. kIo: the system refused to read.
    static Result<GgufFile> open(const std::filesystem::path& path);

    /// Checks a file that lies in memory. `bytes` is borrowed: it must outlive the result and its
    /// copies where they call read_tensor().
    /// Errors: kCorrupt and kUnsupported as for open().
    static Result<GgufFile> parse(std::span<const std::byte> bytes);

    /// Where the file was opened; empty for one in memory.
    const std::filesystem::path& path() const;
    /// 2 or 3; both have the same layout.
    std::uint32_t version() const;
    /// The whole file, in bytes.
    std::uint64_t size_bytes() const;
    /// What tensors' offsets are multiples of, in bytes; 32 unless "general.alignment" says so.
    std::uint32_t alignment() const;
    /// Where tensor data starts, in bytes from the file's start.
    std::uint64_t data_offset() const;

    /// All metadata, in the file's order. Valid as long as this object or a copy of it.
    std::span<const GgufEntry> metadata() const;
    /// The value of `key`, or nullptr. Valid as long as this object or a copy of it.
    const GgufValue* find(std::string_view key) const;

    /// The value of `key` as T: any alternative of GgufValue. A single integer of another width is
    /// converted where its value fits, a single float to either width of float.
    /// Errors: kNotFound: no such key. kInvalidArgument: stored as another type, or out of range.
    template <typename T>
    Result<T> get(std::string_view key) const;

    /// All tensors, in the file's order. Valid as long as this object or a copy of it.
    std::span<const GgufTensor> tensors() const;
    /// The tensor called `name`, or nullptr. Valid as long as this object or a copy of it.
    const GgufTensor* find_tensor(std::string_view name) const;

    /// Reads a tensor's bytes into `out`, which is exactly `tensor.size_bytes` long.
    /// Errors: kInvalidArgument: `out` has another length, or `tensor` lies outside this file.
    ///         kIo: the system refused, or the file has shrunk since it was opened.
    Result<void> read_tensor(const GgufTensor& tensor, std::span<std::byte> out) const;
    /// Reads a tensor's bytes.
    /// Errors: as above.
    Result<std::vector<std::byte>> read_tensor(const GgufTensor& tensor) const;

    /// This file's place in a model of several files; nullopt where it is the whole model.
    std::optional<GgufSplit> split() const;

  private:
    struct Impl;
    explicit GgufFile(std::shared_ptr<const Impl> impl);

    std::shared_ptr<const Impl> impl_;
};

/// Builds a GGUF file of version 3: metadata and tensors in the order in which they were added.
/// The file appears under its name complete or not at all.
/// Threads: thread-compatible.
class GgufWriter {
  public:
    /// Fills a tensor's bytes when its turn comes to be written.
    using Fill = std::function<Result<void>(std::span<std::byte> out)>;

    GgufWriter();
    ~GgufWriter();
    /// Takes over what the other holds; the other can then only be destroyed or assigned to.
    GgufWriter(GgufWriter&&) noexcept;
    /// As above.
    GgufWriter& operator=(GgufWriter&&) noexcept;

    /// Adds one metadata entry. "general.alignment" sets the file's alignment.
    /// Errors: kInvalidArgument: a key that is empty, longer than 65535 bytes, not UTF-8 or there
    ///         already; an alignment that is not a u32 and a power of two from 8 to 16 MiB.
    Result<void> set(std::string key, GgufValue value);

    /// Adds a tensor with its bytes.
    /// Errors: kInvalidArgument: a name that is empty, longer than 63 bytes, not UTF-8 or there
    ///         already; see tensor_bytes(); `bytes` of another length than type and shape need.
    Result<void> add_tensor(
        std::string name,
        GgufTensorType type,
        std::vector<std::int64_t> shape,
        std::vector<std::byte> bytes
    );

    /// Adds a tensor whose bytes `fill` gives while the file is written, so that one tensor at a
    /// time is in memory.
    /// Errors: as above.
    Result<void> add_tensor(
        std::string name, GgufTensorType type, std::vector<std::int64_t> shape, Fill fill
    );

    /// Writes the file under a temporary name beside `path`, flushes it to the disk and renames it.
    /// Replaces an existing file. May be called again.
    /// Errors: kIo: the system refused; kInvalidArgument: `path` is a directory. The error of a
    ///         Fill is passed on. On every error no temporary file stays and `path` is as it was.
    Result<void> write(const std::filesystem::path& path) const;

    /// The same bytes in memory.
    /// Errors: the error of a Fill is passed on.
    Result<std::vector<std::byte>> to_bytes() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mullama
