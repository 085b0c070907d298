#include "llama/model_values.h"

#include "base/error.h"

#include <algorithm>
#include <limits>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace mullama {
namespace {

template <typename T>
constexpr bool is_array = false;
template <typename T>
constexpr bool is_array<std::vector<T>> = true;

// The integers in a value: one of a scalar, all of an array; nothing where it holds no integers.
std::optional<std::vector<std::int64_t>> integers(const GgufValue& value) {
    return std::visit(
        []<typename T>(const T& held) -> std::optional<std::vector<std::int64_t>> {
            const auto clamp = [](auto number) {
                constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
                return std::cmp_greater(number, most) ? most : static_cast<std::int64_t>(number);
            };
            if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
                return std::vector{clamp(held)};
            } else if constexpr (is_array<T>) {
                using Element = typename T::value_type;
                if constexpr (std::is_integral_v<Element> && !std::is_same_v<Element, bool>) {
                    std::vector<std::int64_t> all(held.size());
                    std::transform(held.begin(), held.end(), all.begin(), clamp);
                    return all;
                }
            }
            return std::nullopt;
        },
        value
    );
}

}  // namespace

ModelValues::ModelValues(const GgufFile& file, std::span<const MetadataOverride> overrides)
    : file_(file), overrides_(overrides), prefix_(architecture_of(file) + ".") {}

std::string_view ModelValues::architecture() const {
    return std::string_view(prefix_).substr(0, prefix_.size() - 1);
}

std::optional<std::int64_t> ModelValues::integer(std::string_view key) const {
    const std::string whole = prefix_ + std::string(key);
    for (const MetadataOverride& replaced : overrides_) {
        if (replaced.key != whole) continue;
        if (const auto* value = std::get_if<std::int64_t>(&replaced.value)) return *value;
    }
    const GgufValue* value = file_.find(whole);
    if (value == nullptr || type_of(*value) == GgufValueType::kArray) return std::nullopt;
    const auto held = integers(*value);
    return held ? std::optional(held->front()) : std::nullopt;
}

std::optional<double> ModelValues::real(std::string_view key) const {
    const std::string whole = prefix_ + std::string(key);
    for (const MetadataOverride& replaced : overrides_) {
        if (replaced.key != whole) continue;
        if (const auto* value = std::get_if<double>(&replaced.value)) return *value;
    }
    const auto value = file_.get<double>(whole);
    return value ? std::optional(*value) : std::nullopt;
}

std::optional<std::int64_t> ModelValues::for_layer(std::string_view key, std::int64_t layer) const {
    if (const auto scalar = integer(key)) return scalar;
    const GgufValue* value = file_.find(prefix_ + std::string(key));
    const auto held = value == nullptr ? std::nullopt : integers(*value);
    if (!held || std::cmp_greater_equal(layer, held->size())) return std::nullopt;
    return (*held)[static_cast<std::size_t>(layer)];
}

Result<void> ModelValues::check(
    std::string_view key, std::int64_t low, std::int64_t high, Need need
) const {
    const auto value = integer(key);
    if (!value && need == Need::kOptional) return {};
    if (!value) {
        return fail(ErrorCode::kCorrupt, "the file lacks the number \"{}{}\"", prefix_, key);
    }
    if (*value >= low && *value <= high) return {};
    return fail(
        ErrorCode::kCorrupt, "\"{}{}\" is {}, allowed are {} to {}", prefix_, key, *value, low, high
    );
}

Result<void> ModelValues::check_layers(std::string_view key, std::int64_t layers, std::int64_t high)
    const {
    if (integer(key)) return check(key, 0, high);
    const GgufValue* value = file_.find(prefix_ + std::string(key));
    if (value == nullptr) return {};
    const auto held = integers(*value);
    if (!held || std::cmp_less(held->size(), layers)) {
        return fail(
            ErrorCode::kCorrupt,
            "\"{}{}\" is neither a number nor a list of one for each of {} layers",
            prefix_,
            key,
            layers
        );
    }
    for (const std::int64_t each : *held) {
        if (each >= 0 && each <= high) continue;
        return fail(
            ErrorCode::kCorrupt, "\"{}{}\" holds {}, allowed are 0 to {}", prefix_, key, each, high
        );
    }
    return {};
}

std::string architecture_of(const GgufFile& file) {
    const GgufValue* value = file.find("general.architecture");
    const auto* name = value == nullptr ? nullptr : std::get_if<std::string>(value);
    return name == nullptr ? std::string() : *name;
}

}  // namespace mullama
