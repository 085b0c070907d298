#pragma once

#include <mullama/gguf.h>

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

namespace mullama {

/// The GgufValueType that stores a T: one of the twelve scalar types.
template <typename T>
constexpr GgufValueType value_type_of() {
    if constexpr (std::is_same_v<T, std::uint8_t>) return GgufValueType::kUint8;
    if constexpr (std::is_same_v<T, std::int8_t>) return GgufValueType::kInt8;
    if constexpr (std::is_same_v<T, std::uint16_t>) return GgufValueType::kUint16;
    if constexpr (std::is_same_v<T, std::int16_t>) return GgufValueType::kInt16;
    if constexpr (std::is_same_v<T, std::uint32_t>) return GgufValueType::kUint32;
    if constexpr (std::is_same_v<T, std::int32_t>) return GgufValueType::kInt32;
    if constexpr (std::is_same_v<T, float>) return GgufValueType::kFloat32;
    if constexpr (std::is_same_v<T, bool>) return GgufValueType::kBool;
    if constexpr (std::is_same_v<T, std::string>) return GgufValueType::kString;
    if constexpr (std::is_same_v<T, std::uint64_t>) return GgufValueType::kUint64;
    if constexpr (std::is_same_v<T, std::int64_t>) return GgufValueType::kInt64;
    if constexpr (std::is_same_v<T, double>) return GgufValueType::kFloat64;
}

template <typename T>
inline constexpr bool kIsArray = false;
template <typename T>
inline constexpr bool kIsArray<std::vector<T>> = true;

/// A type as a message shows it: "u32", or "arr[u32]" for an array.
std::string describe_type(const GgufValue& value);

}  // namespace mullama
