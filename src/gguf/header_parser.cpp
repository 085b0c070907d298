#include "gguf/header_parser.h"

#include "base/error.h"
#include "gguf/byte_cursor.h"
#include "gguf/name_text.h"
#include "gguf/tensor_type.h"
#include "gguf/value_reader.h"

#include <cstddef>
#include <span>
#include <string>
#include <utility>

namespace mullama {
namespace {

constexpr std::uint32_t kVersionMin = 2;
constexpr std::uint32_t kVersionMax = 3;

// The fewest bytes that an entry takes: key length, one byte of key, type, one byte of value.
constexpr std::uint64_t kEntryBytesMin = 8 + 1 + 4 + 1;
// The same for a tensor: name length, one byte of name, dimension count, type, offset.
constexpr std::uint64_t kTensorBytesMin = 8 + 1 + 4 + 4 + 8;

Result<void> read_magic(ByteCursor& cursor) {
    std::string magic(4, '\0');
    MULLAMA_TRY(cursor.read_bytes(std::as_writable_bytes(std::span(magic)), "the magic number"));
    if (magic == "GGUF") return {};
    return cursor.corrupt(
        "not a GGUF file: it starts with {} instead of 'GGUF'; convert the model to GGUF first",
        in_quotes(magic)
    );
}

Result<void> read_version(ByteCursor& cursor, std::uint32_t& version) {
    MULLAMA_TRY(cursor.read(version, "the version"));
    if (version == 0) return cursor.corrupt("version 0 does not exist");
    if ((version & 0xFFFF) == 0) {
        return fail(
            ErrorCode::kUnsupported,
            "a big-endian GGUF file (version field {:#010x}): convert it to little-endian",
            version
        );
    }
    if (version < kVersionMin || version > kVersionMax) {
        return fail(
            ErrorCode::kUnsupported,
            "GGUF version {}, this build reads {} to {}: {}",
            version,
            kVersionMin,
            kVersionMax,
            version < kVersionMin ? "convert the model again" : "update the program"
        );
    }
    return {};
}

Result<GgufEntry> read_entry(ByteCursor& cursor, std::uint64_t number) {
    cursor.enter(fmt::format("key {}", number));
    GgufEntry entry;
    MULLAMA_TRY(cursor.read(entry.key, "its name"));
    if (const auto why = why_bad_name(entry.key, kKeyBytesMax); !why.empty()) {
        return cursor.corrupt("its name {} is refused: {}", in_quotes(entry.key), why);
    }
    cursor.rename(fmt::format("key {}", in_quotes(entry.key)));
    auto value = read_value(cursor);
    if (!value) return std::move(value).error();
    entry.value = std::move(*value);
    return entry;
}

Result<void> read_metadata(ByteCursor& cursor, std::uint64_t count, GgufHeader& header) {
    for (std::uint64_t i = 0; i < count; ++i) {
        auto entry = read_entry(cursor, i);
        if (!entry) return std::move(entry).error();
        header.metadata.push_back(std::move(*entry));
    }
    header.keys = NameIndex::build(header.metadata.size(), [&](std::size_t i) {
        return std::string_view(header.metadata[i].key);
    });
    if (const auto twice = header.keys.duplicate()) {
        return fail(
            ErrorCode::kCorrupt,
            "key {} is there twice, as keys {} and {}",
            in_quotes(header.metadata[twice->first].key),
            twice->first,
            twice->second
        );
    }
    return {};
}

Result<void> choose_alignment(GgufHeader& header) {
    const auto place = header.keys.find(kAlignmentKey);
    if (!place) return {};
    const auto* stored = std::get_if<std::uint32_t>(&header.metadata[*place].value);
    if (stored == nullptr) {
        return fail(
            ErrorCode::kCorrupt,
            "key '{}' is stored as {}, it must be u32",
            kAlignmentKey,
            to_string(type_of(header.metadata[*place].value))
        );
    }
    if (!is_alignment(*stored)) {
        return fail(
            ErrorCode::kCorrupt,
            "key '{}' is {}, it must be a power of two from {} to {}",
            kAlignmentKey,
            *stored,
            kAlignmentMin,
            kAlignmentMax
        );
    }
    header.alignment = *stored;
    return {};
}

Result<void> read_shape(ByteCursor& cursor, std::vector<std::int64_t>& shape) {
    std::uint32_t dimensions = 0;
    MULLAMA_TRY(cursor.read(dimensions, "its number of dimensions"));
    if (dimensions > kTensorDimensionsMax) {
        return cursor.corrupt(
            "it has {} dimensions, the most are {}", dimensions, kTensorDimensionsMax
        );
    }
    shape.resize(dimensions);
    for (std::int64_t& dimension : shape) MULLAMA_TRY(cursor.read(dimension, "its shape"));
    return {};
}

Result<void> read_type(ByteCursor& cursor, GgufTensorType& type) {
    std::uint32_t number = 0;
    MULLAMA_TRY(cursor.read(number, "its type"));
    if (const auto why = why_no_type(number); !why.empty()) {
        return cursor.corrupt(
            "its type {} {}: convert the model again, or update the program", number, why
        );
    }
    type = static_cast<GgufTensorType>(number);
    return {};
}

Result<GgufTensor> read_tensor_info(ByteCursor& cursor, std::uint64_t number) {
    cursor.enter(fmt::format("tensor {}", number));
    GgufTensor tensor;
    MULLAMA_TRY(cursor.read(tensor.name, "its name"));
    if (const auto why = why_bad_name(tensor.name, kTensorNameBytesMax); !why.empty()) {
        return cursor.corrupt("its name {} is refused: {}", in_quotes(tensor.name), why);
    }
    cursor.rename(fmt::format("tensor {}", in_quotes(tensor.name)));
    MULLAMA_TRY(read_shape(cursor, tensor.shape));
    MULLAMA_TRY(read_type(cursor, tensor.type));
    const auto size = tensor_bytes(tensor.type, tensor.shape);
    if (!size) return cursor.corrupt("{}", size.error().message);
    tensor.size_bytes = *size;
    MULLAMA_TRY(cursor.read(tensor.offset, "its offset"));
    return tensor;
}

Result<void> read_tensors(ByteCursor& cursor, std::uint64_t count, GgufHeader& header) {
    for (std::uint64_t i = 0; i < count; ++i) {
        auto tensor = read_tensor_info(cursor, i);
        if (!tensor) return std::move(tensor).error();
        header.tensors.push_back(std::move(*tensor));
    }
    header.tensor_names = NameIndex::build(header.tensors.size(), [&](std::size_t i) {
        return std::string_view(header.tensors[i].name);
    });
    if (const auto twice = header.tensor_names.duplicate()) {
        return fail(
            ErrorCode::kCorrupt,
            "tensor {} is there twice, as tensors {} and {}",
            in_quotes(header.tensors[twice->first].name),
            twice->first,
            twice->second
        );
    }
    return {};
}

// ggml wants tensors one after the other without a gap, in the order of their headers.
Result<void> check_offset(
    const GgufTensor& tensor, std::uint64_t expected, std::uint32_t alignment
) {
    std::string_view why;
    if (tensor.offset % alignment != 0) {
        why = "is not a multiple of the alignment";
    } else if (tensor.offset < expected) {
        why = "overlaps the tensor before it";
    } else if (tensor.offset > expected) {
        why = "leaves a gap behind the tensor before it";
    } else {
        return {};
    }
    return fail(
        ErrorCode::kCorrupt,
        "tensor {}: offset {} {} (alignment {}, expected offset {})",
        in_quotes(tensor.name),
        tensor.offset,
        why,
        alignment,
        expected
    );
}

Error truncated(
    const GgufTensor& tensor, std::uint64_t start, std::uint64_t needed, std::uint64_t file_bytes
) {
    return fail(
        ErrorCode::kCorrupt,
        "the file is truncated: tensor {} takes {} bytes from byte {} on and all tensors {} bytes, "
        "but the file has {}: {} bytes are missing, download it again",
        in_quotes(tensor.name),
        tensor.size_bytes,
        start,
        needed,
        file_bytes,
        needed - file_bytes
    );
}

Result<void> check_layout(const GgufHeader& header, std::uint64_t file_bytes) {
    const GgufTensor* first_outside = nullptr;
    std::uint64_t end = 0;  // of the tensors so far, from data_offset on
    std::uint64_t expected = 0;
    for (const GgufTensor& tensor : header.tensors) {
        MULLAMA_TRY(check_offset(tensor, expected, header.alignment));
        if (!is_within_limit(header.data_offset + expected, tensor.size_bytes)) {
            return fail(
                ErrorCode::kCorrupt, "tensor {}: data ends past 2^62", in_quotes(tensor.name)
            );
        }
        end = expected + tensor.size_bytes;
        expected = align_up(end, header.alignment);
        if (first_outside == nullptr && header.data_offset + end > file_bytes) {
            first_outside = &tensor;
        }
    }
    if (first_outside == nullptr) return {};
    const std::uint64_t start = header.data_offset + first_outside->offset;
    return truncated(*first_outside, start, header.data_offset + end, file_bytes);
}

}  // namespace

Result<GgufHeader> parse_header(const ByteSource& source) {
    if (source.size_bytes() == 0) return fail(ErrorCode::kCorrupt, "the file is empty");
    ByteCursor cursor(source);
    GgufHeader header;
    std::uint64_t tensor_count = 0;
    std::uint64_t entry_count = 0;
    MULLAMA_TRY(read_magic(cursor));
    MULLAMA_TRY(read_version(cursor, header.version));
    MULLAMA_TRY(cursor.read(tensor_count, "the number of tensors"));
    MULLAMA_TRY(cursor.read(entry_count, "the number of keys"));
    MULLAMA_TRY(cursor.expect_room(entry_count, kEntryBytesMin, "keys"));
    MULLAMA_TRY(cursor.expect_room(tensor_count, kTensorBytesMin, "tensors"));
    MULLAMA_TRY(read_metadata(cursor, entry_count, header));
    MULLAMA_TRY(choose_alignment(header));
    cursor.enter("tensor list");
    MULLAMA_TRY(cursor.expect_room(tensor_count, kTensorBytesMin, "tensors"));
    MULLAMA_TRY(read_tensors(cursor, tensor_count, header));
    header.data_offset =
        tensor_count == 0 ? cursor.position() : align_up(cursor.position(), header.alignment);
    MULLAMA_TRY(check_layout(header, source.size_bytes()));
    return header;
}

}  // namespace mullama
