#include "base/error.h"
#include "gguf/byte_source.h"
#include "gguf/gguf_value.h"
#include "gguf/header_parser.h"
#include "gguf/name_text.h"
#include <mullama/gguf.h>

#include <algorithm>
#include <utility>

namespace mullama {
namespace {

// An integer of any of the stored types.
struct Integer {
    bool negative = false;
    std::int64_t below_zero = 0;
    std::uint64_t value = 0;
};

std::optional<Integer> integer_in(const GgufValue& value) {
    return std::visit(
        []<typename T>(const T& stored) -> std::optional<Integer> {
            if constexpr (!std::is_integral_v<T> || std::is_same_v<T, bool>) {
                return std::nullopt;
            } else if constexpr (std::is_signed_v<T>) {
                if (stored < 0) return Integer{true, stored, 0};
                return Integer{false, 0, static_cast<std::uint64_t>(stored)};
            } else {
                return Integer{false, 0, stored};
            }
        },
        value
    );
}

std::optional<double> float_in(const GgufValue& value) {
    if (const auto* single = std::get_if<float>(&value)) return *single;
    if (const auto* exact = std::get_if<double>(&value)) return *exact;
    return std::nullopt;
}

// `value` as a T where it is stored as another type and can be converted without loss of range.
template <typename T>
std::optional<T> converted(const GgufValue& value) {
    if constexpr (std::is_floating_point_v<T>) {
        if (const auto number = float_in(value)) return static_cast<T>(*number);
    } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
        const auto number = integer_in(value);
        if (number && number->negative && std::in_range<T>(number->below_zero)) {
            return static_cast<T>(number->below_zero);
        }
        if (number && !number->negative && std::in_range<T>(number->value)) {
            return static_cast<T>(number->value);
        }
    }
    return std::nullopt;
}

Error not_as(std::string_view key, const GgufValue& value, const GgufValue& wanted) {
    std::string because = fmt::format("is stored as {}", describe_type(value));
    if (const auto number = integer_in(value); number && integer_in(wanted)) {
        because = number->negative ? fmt::format("{} is out of range", number->below_zero)
                                   : fmt::format("{} is out of range", number->value);
    }
    return fail(
        ErrorCode::kInvalidArgument,
        "key {} is wanted as {}, but {}",
        in_quotes(key),
        describe_type(wanted),
        because
    );
}

Error in_file(const std::filesystem::path& path, Error error) {
    error.message = fmt::format("{}: {}", path.string(), error.message);
    return error;
}

}  // namespace

struct GgufFile::Impl {
    std::filesystem::path path;
    ByteSource source;
    GgufHeader header;
};

GgufFile::GgufFile(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

Result<GgufFile> GgufFile::open(const std::filesystem::path& path) {
    auto source = ByteSource::open(path);
    if (!source) return in_file(path, std::move(source).error());
    auto header = parse_header(*source);
    if (!header) return in_file(path, std::move(header).error());
    return GgufFile(std::make_shared<const Impl>(Impl{path, std::move(*source), std::move(*header)})
    );
}

Result<GgufFile> GgufFile::parse(std::span<const std::byte> bytes) {
    ByteSource source(bytes);
    auto header = parse_header(source);
    if (!header) return std::move(header).error();
    return GgufFile(std::make_shared<const Impl>(Impl{{}, std::move(source), std::move(*header)}));
}

const std::filesystem::path& GgufFile::path() const {
    return impl_->path;
}
std::uint32_t GgufFile::version() const {
    return impl_->header.version;
}
std::uint64_t GgufFile::size_bytes() const {
    return impl_->source.size_bytes();
}
std::uint32_t GgufFile::alignment() const {
    return impl_->header.alignment;
}
std::uint64_t GgufFile::data_offset() const {
    return impl_->header.data_offset;
}
std::span<const GgufEntry> GgufFile::metadata() const {
    return impl_->header.metadata;
}
std::span<const GgufTensor> GgufFile::tensors() const {
    return impl_->header.tensors;
}

const GgufValue* GgufFile::find(std::string_view key) const {
    const auto place = impl_->header.keys.find(key);
    return place ? &impl_->header.metadata[*place].value : nullptr;
}

const GgufTensor* GgufFile::find_tensor(std::string_view name) const {
    const auto place = impl_->header.tensor_names.find(name);
    return place ? &impl_->header.tensors[*place] : nullptr;
}

template <typename T>
Result<T> GgufFile::get(std::string_view key) const {
    const GgufValue* value = find(key);
    if (value == nullptr) {
        return fail(ErrorCode::kNotFound, "the GGUF file has no key {}", in_quotes(key));
    }
    if (const T* exact = std::get_if<T>(value)) return *exact;
    if (auto other = converted<T>(*value)) return std::move(*other);
    return not_as(key, *value, T{});
}

template Result<std::uint8_t> GgufFile::get(std::string_view) const;
template Result<std::int8_t> GgufFile::get(std::string_view) const;
template Result<std::uint16_t> GgufFile::get(std::string_view) const;
template Result<std::int16_t> GgufFile::get(std::string_view) const;
template Result<std::uint32_t> GgufFile::get(std::string_view) const;
template Result<std::int32_t> GgufFile::get(std::string_view) const;
template Result<float> GgufFile::get(std::string_view) const;
template Result<bool> GgufFile::get(std::string_view) const;
template Result<std::string> GgufFile::get(std::string_view) const;
template Result<std::uint64_t> GgufFile::get(std::string_view) const;
template Result<std::int64_t> GgufFile::get(std::string_view) const;
template Result<double> GgufFile::get(std::string_view) const;
template Result<std::vector<std::uint8_t>> GgufFile::get(std::string_view) const;
template Result<std::vector<std::int8_t>> GgufFile::get(std::string_view) const;
template Result<std::vector<std::uint16_t>> GgufFile::get(std::string_view) const;
template Result<std::vector<std::int16_t>> GgufFile::get(std::string_view) const;
template Result<std::vector<std::uint32_t>> GgufFile::get(std::string_view) const;
template Result<std::vector<std::int32_t>> GgufFile::get(std::string_view) const;
template Result<std::vector<float>> GgufFile::get(std::string_view) const;
template Result<std::vector<bool>> GgufFile::get(std::string_view) const;
template Result<std::vector<std::string>> GgufFile::get(std::string_view) const;
template Result<std::vector<std::uint64_t>> GgufFile::get(std::string_view) const;
template Result<std::vector<std::int64_t>> GgufFile::get(std::string_view) const;
template Result<std::vector<double>> GgufFile::get(std::string_view) const;

Result<void> GgufFile::read_tensor(const GgufTensor& tensor, std::span<std::byte> out) const {
    const std::uint64_t data_bytes = size_bytes() - std::min(size_bytes(), data_offset());
    if (tensor.offset > data_bytes || tensor.size_bytes > data_bytes - tensor.offset) {
        return fail(
            ErrorCode::kInvalidArgument, "tensor {} lies outside this file", in_quotes(tensor.name)
        );
    }
    if (out.size() != tensor.size_bytes) {
        return fail(
            ErrorCode::kInvalidArgument,
            "tensor {} has {} bytes, the buffer for it {}",
            in_quotes(tensor.name),
            tensor.size_bytes,
            out.size()
        );
    }
    auto done = impl_->source.read(data_offset() + tensor.offset, out);
    if (!done) return in_file(path(), std::move(done).error());
    return {};
}

Result<std::vector<std::byte>> GgufFile::read_tensor(const GgufTensor& tensor) const {
    if (tensor.size_bytes > size_bytes()) {
        return fail(
            ErrorCode::kInvalidArgument, "tensor {} lies outside this file", in_quotes(tensor.name)
        );
    }
    std::vector<std::byte> bytes(tensor.size_bytes);
    MULLAMA_TRY(read_tensor(tensor, bytes));
    return bytes;
}

std::optional<GgufSplit> GgufFile::split() const {
    const auto number = get<std::uint16_t>("split.no");
    const auto count = get<std::uint16_t>("split.count");
    if (!number || !count || *count < 2) return std::nullopt;
    return GgufSplit{*number, *count};
}

std::filesystem::path gguf_split_path(
    const std::filesystem::path& prefix, std::uint16_t number, std::uint16_t count
) {
    std::filesystem::path path = prefix;
    path += fmt::format("-{:05}-of-{:05}.gguf", number + 1, count);
    return path;
}

}  // namespace mullama
