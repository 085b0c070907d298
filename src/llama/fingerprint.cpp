#include "llama/fingerprint.h"

#include "base/error.h"
#include "base/xxh64.h"

#include <filesystem>
#include <string>
#include <system_error>
#include <type_traits>
#include <variant>
#include <vector>

namespace mullama {
namespace {

template <typename Number>
    requires std::is_arithmetic_v<Number>
void add(Xxh64& hash, Number number) {
    hash.update(std::as_bytes(std::span(&number, 1)));
}

void add(Xxh64& hash, const std::string& text) {
    hash.update(std::string_view(text));
}

template <typename Element>
void add(Xxh64& hash, const std::vector<Element>& elements) {
    hash.update(static_cast<std::uint64_t>(elements.size()));
    for (const Element& element : elements) add(hash, element);
}

template <typename... Types>
void add(Xxh64& hash, const std::variant<Types...>& value) {
    hash.update(static_cast<std::uint64_t>(value.index()));
    std::visit([&](const auto& held) { add(hash, held); }, value);
}

void add(Xxh64& hash, const GgufFile& file) {
    hash.update(file.size_bytes());
    for (const auto& entry : file.metadata()) {
        add(hash, entry.key);
        add(hash, entry.value);
    }
    for (const auto& tensor : file.tensors()) {
        add(hash, tensor.name);
        hash.update(static_cast<std::uint64_t>(tensor.type));
        add(hash, tensor.shape);
        hash.update(tensor.offset);
    }
}

}  // namespace

std::uint64_t fingerprint(
    std::span<const GgufFile> files, std::span<const MetadataOverride> overrides
) {
    Xxh64 hash;
    for (const auto& file : files) add(hash, file);
    for (const auto& [key, value] : overrides) {
        add(hash, key);
        add(hash, value);
    }
    return hash.value();
}

std::uint64_t files_fingerprint(std::span<const GgufFile> files) {
    Xxh64 hash;
    for (const auto& file : files) {
        std::error_code unknown;
        const auto path = std::filesystem::weakly_canonical(file.path(), unknown);
        add(hash, path.string());
        hash.update(file.size_bytes());
        const auto changed = std::filesystem::last_write_time(file.path(), unknown);
        add(hash, std::int64_t{changed.time_since_epoch().count()});
    }
    return hash.value();
}

Result<std::uint64_t> content_fingerprint(const GgufFile& file) {
    Xxh64 hash;
    add(hash, file);
    for (const auto& tensor : file.tensors()) {
        const auto bytes = file.read_tensor(tensor);
        if (!bytes) return bytes.error();
        hash.update(std::span<const std::byte>(*bytes));
    }
    return hash.value();
}

}  // namespace mullama
