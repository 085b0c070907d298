#include "gguf/gguf_value.h"

#include <fmt/format.h>

namespace mullama {

GgufValueType element_type_of(const GgufValue& value) {
    return std::visit(
        []<typename T>(const T&) {
            if constexpr (kIsArray<T>) {
                return value_type_of<typename T::value_type>();
            } else {
                return value_type_of<T>();
            }
        },
        value
    );
}

GgufValueType type_of(const GgufValue& value) {
    const bool array = std::visit([]<typename T>(const T&) { return kIsArray<T>; }, value);
    return array ? GgufValueType::kArray : element_type_of(value);
}

std::string_view to_string(GgufValueType type) {
    switch (type) {
        case GgufValueType::kUint8:
            return "u8";
        case GgufValueType::kInt8:
            return "i8";
        case GgufValueType::kUint16:
            return "u16";
        case GgufValueType::kInt16:
            return "i16";
        case GgufValueType::kUint32:
            return "u32";
        case GgufValueType::kInt32:
            return "i32";
        case GgufValueType::kFloat32:
            return "f32";
        case GgufValueType::kBool:
            return "bool";
        case GgufValueType::kString:
            return "str";
        case GgufValueType::kArray:
            return "arr";
        case GgufValueType::kUint64:
            return "u64";
        case GgufValueType::kInt64:
            return "i64";
        case GgufValueType::kFloat64:
            return "f64";
    }
    return "unknown";
}

std::string describe_type(const GgufValue& value) {
    const std::string_view element = to_string(element_type_of(value));
    if (type_of(value) != GgufValueType::kArray) return std::string(element);
    return fmt::format("arr[{}]", element);
}

}  // namespace mullama
