#pragma once

#include "gguf/byte_source.h"
#include "gguf/name_index.h"
#include <mullama/gguf.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace mullama {

/// The alignment of tensor data where a file names none, in bytes.
inline constexpr std::uint32_t kAlignmentDefault = 32;
inline constexpr std::uint32_t kAlignmentMin = 8;
inline constexpr std::uint32_t kAlignmentMax = 16 << 20;
inline constexpr std::string_view kAlignmentKey = "general.alignment";

/// No file is longer than this, so that sums of sizes and offsets never overflow.
inline constexpr std::uint64_t kFileBytesMax = std::uint64_t{1} << 62;

/// Whether `bytes` from `start` on end within that limit.
constexpr bool is_within_limit(std::uint64_t start, std::uint64_t bytes) {
    return start <= kFileBytesMax && bytes <= kFileBytesMax - start;
}

/// Whether tensors may be aligned to so many bytes: a power of two within the limits above.
constexpr bool is_alignment(std::uint32_t bytes) {
    return bytes >= kAlignmentMin && bytes <= kAlignmentMax && (bytes & (bytes - 1)) == 0;
}

/// The next multiple of `alignment`, a power of two. `value` is at most 2^63.
constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
    return (value + alignment - 1) & ~(alignment - 1);
}

/// All that a GGUF file says before its tensor data. Moves but does not copy, since its indexes
/// borrow its strings.
struct GgufHeader {
    GgufHeader() = default;
    GgufHeader(GgufHeader&&) = default;
    GgufHeader& operator=(GgufHeader&&) = default;

    std::uint32_t version = 3;
    std::uint32_t alignment = kAlignmentDefault;
    std::uint64_t data_offset = 0;
    std::vector<GgufEntry> metadata;
    std::vector<GgufTensor> tensors;
    NameIndex keys;          ///< Over `metadata`.
    NameIndex tensor_names;  ///< Over `tensors`.
};

/// Reads and checks a file's header. Is at least as strict as gguf_init_from_file() in ggml.
/// Errors: as GgufFile::open() on content.
Result<GgufHeader> parse_header(const ByteSource& source);

}  // namespace mullama
