#include "base/error.h"
#include "gguf/atomic_file.h"
#include "gguf/byte_cursor.h"
#include "gguf/gguf_value.h"
#include "gguf/header_parser.h"
#include "gguf/name_text.h"
#include <mullama/gguf.h>

#include <algorithm>
#include <set>
#include <type_traits>
#include <utility>

namespace mullama {
namespace {

using Bytes = std::vector<std::byte>;
using Sink = std::function<Result<void>(std::span<const std::byte>)>;

void append(Bytes& out, std::span<const std::byte> bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
}

template <typename T>
    requires std::is_arithmetic_v<T>
void append_number(Bytes& out, T number) {
    append(out, std::as_bytes(std::span<const T, 1>(&number, 1)));
}

void append_string(Bytes& out, std::string_view text) {
    append_number<std::uint64_t>(out, text.size());
    append(out, std::as_bytes(std::span(text)));
}

template <typename T>
void append_payload(Bytes& out, const T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
        append_string(out, value);
    } else if constexpr (std::is_same_v<T, bool>) {
        append_number<std::uint8_t>(out, value ? 1 : 0);
    } else {
        append_number(out, value);
    }
}

void append_type(Bytes& out, GgufValueType type) {
    append_number(out, static_cast<std::uint32_t>(type));
}

void append_value(Bytes& out, const GgufValue& value) {
    append_type(out, type_of(value));
    std::visit(
        [&]<typename T>(const T& stored) {
            if constexpr (kIsArray<T>) {
                append_type(out, element_type_of(value));
                append_number<std::uint64_t>(out, stored.size());
                for (const typename T::value_type& element : stored) append_payload(out, element);
            } else {
                append_payload(out, stored);
            }
        },
        value
    );
}

void append_tensor_info(Bytes& out, const GgufTensor& tensor) {
    append_string(out, tensor.name);
    append_number(out, static_cast<std::uint32_t>(tensor.shape.size()));
    for (const std::int64_t dimension : tensor.shape) append_number(out, dimension);
    append_number(out, static_cast<std::uint32_t>(tensor.type));
    append_number(out, tensor.offset);
}

// Bytes from `position` to the next multiple of `alignment`.
Bytes padding(std::uint64_t position, std::uint32_t alignment) {
    return Bytes(align_up(position, alignment) - position);
}

Result<void> check_name(
    std::string_view kind,
    const std::string& name,
    std::size_t bytes_max,
    const std::set<std::string, std::less<>>& taken
) {
    std::string why = why_bad_name(name, bytes_max);
    if (why.empty() && taken.contains(name)) why = "it was added before";
    if (why.empty()) return {};
    return fail(ErrorCode::kInvalidArgument, "{} {} is refused: {}", kind, in_quotes(name), why);
}

Result<void> check_alignment(const GgufValue& value) {
    const auto* bytes = std::get_if<std::uint32_t>(&value);
    if (bytes != nullptr && is_alignment(*bytes)) return {};
    return fail(
        ErrorCode::kInvalidArgument,
        "'{}' must be a u32 and a power of two from {} to {}",
        kAlignmentKey,
        kAlignmentMin,
        kAlignmentMax
    );
}

}  // namespace

struct GgufWriter::Impl {
    struct Pending {
        GgufTensor info;
        Bytes bytes;
        Fill fill;  // Where it is set, it gives the bytes.
    };

    std::vector<GgufEntry> metadata;
    std::vector<Pending> tensors;
    std::set<std::string, std::less<>> keys;
    std::set<std::string, std::less<>> tensor_names;
    std::uint32_t alignment = kAlignmentDefault;

    Result<void> add(Pending pending);
    Result<Bytes> header() const;
    Result<void> write_tensor(const Pending& tensor, const Sink& sink) const;
    Result<void> write(const Sink& sink) const;
};

Result<void> GgufWriter::Impl::add(Pending pending) {
    MULLAMA_TRY(check_name("tensor", pending.info.name, kTensorNameBytesMax, tensor_names));
    const auto size = tensor_bytes(pending.info.type, pending.info.shape);
    if (!size) {
        return fail(
            size.error().code, "tensor {}: {}", in_quotes(pending.info.name), size.error().message
        );
    }
    pending.info.size_bytes = *size;
    if (!pending.fill && pending.bytes.size() != *size) {
        return fail(
            ErrorCode::kInvalidArgument,
            "tensor {} needs {} bytes, {} were given",
            in_quotes(pending.info.name),
            *size,
            pending.bytes.size()
        );
    }
    tensor_names.insert(pending.info.name);
    tensors.push_back(std::move(pending));
    return {};
}

Result<Bytes> GgufWriter::Impl::header() const {
    Bytes out;
    out.reserve(4096);
    append(out, std::as_bytes(std::span<const char, 4>("GGUF", 4)));
    append_number<std::uint32_t>(out, 3);
    append_number<std::uint64_t>(out, tensors.size());
    append_number<std::uint64_t>(out, metadata.size());
    for (const GgufEntry& entry : metadata) {
        append_string(out, entry.key);
        append_value(out, entry.value);
    }
    std::uint64_t offset = 0;
    for (const Pending& tensor : tensors) {
        GgufTensor info = tensor.info;
        info.offset = offset;
        if (!is_within_limit(offset, info.size_bytes)) {
            return fail(ErrorCode::kInvalidArgument, "the tensors take more than 2^62 bytes");
        }
        append_tensor_info(out, info);
        offset = align_up(offset + info.size_bytes, alignment);
    }
    if (out.size() > ByteCursor::kHeaderBytesMax) {
        return fail(
            ErrorCode::kInvalidArgument,
            "metadata and tensor names take {} bytes, the most are {}",
            out.size(),
            ByteCursor::kHeaderBytesMax
        );
    }
    if (!tensors.empty()) append(out, padding(out.size(), alignment));
    return out;
}

Result<void> GgufWriter::Impl::write_tensor(const Pending& tensor, const Sink& sink) const {
    if (tensor.fill) {
        Bytes filled(tensor.info.size_bytes);
        MULLAMA_TRY(tensor.fill(filled));
        MULLAMA_TRY(sink(filled));
    } else {
        MULLAMA_TRY(sink(tensor.bytes));
    }
    return sink(padding(tensor.info.size_bytes, alignment));
}

Result<void> GgufWriter::Impl::write(const Sink& sink) const {
    auto start = header();
    if (!start) return std::move(start).error();
    MULLAMA_TRY(sink(*start));
    for (const Pending& tensor : tensors) MULLAMA_TRY(write_tensor(tensor, sink));
    return {};
}

GgufWriter::GgufWriter() : impl_(std::make_unique<Impl>()) {}
GgufWriter::~GgufWriter() = default;
GgufWriter::GgufWriter(GgufWriter&&) noexcept = default;
GgufWriter& GgufWriter::operator=(GgufWriter&&) noexcept = default;

Result<void> GgufWriter::set(std::string key, GgufValue value) {
    MULLAMA_TRY(check_name("key", key, kKeyBytesMax, impl_->keys));
    if (key == kAlignmentKey) {
        MULLAMA_TRY(check_alignment(value));
        impl_->alignment = std::get<std::uint32_t>(value);
    }
    impl_->keys.insert(key);
    impl_->metadata.push_back({std::move(key), std::move(value)});
    return {};
}

Result<void> GgufWriter::add_tensor(
    std::string name,
    GgufTensorType type,
    std::vector<std::int64_t> shape,
    std::vector<std::byte> bytes
) {
    return impl_->add({{std::move(name), type, std::move(shape)}, std::move(bytes), nullptr});
}

Result<void> GgufWriter::add_tensor(
    std::string name, GgufTensorType type, std::vector<std::int64_t> shape, Fill fill
) {
    if (!fill) {
        return fail(
            ErrorCode::kInvalidArgument, "tensor {}: no function to fill it", in_quotes(name)
        );
    }
    return impl_->add({{std::move(name), type, std::move(shape)}, {}, std::move(fill)});
}

Result<void> GgufWriter::write(const std::filesystem::path& path) const {
    auto file = AtomicFile::create(path);
    if (!file) return std::move(file).error();
    MULLAMA_TRY(impl_->write([&](std::span<const std::byte> bytes) { return file->write(bytes); }));
    return file->commit();
}

Result<std::vector<std::byte>> GgufWriter::to_bytes() const {
    Bytes out;
    MULLAMA_TRY(impl_->write([&](std::span<const std::byte> bytes) -> Result<void> {
        append(out, bytes);
        return {};
    }));
    return out;
}

}  // namespace mullama
