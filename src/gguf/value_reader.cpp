#include "gguf/value_reader.h"

#include "base/error.h"
#include "gguf/gguf_value.h"

#include <algorithm>

namespace mullama {
namespace {

Result<GgufValue> bad_type(const ByteCursor& cursor, std::string_view what, std::uint32_t number) {
    return cursor.corrupt(
        "{} has type {}, known types are 0 to {}",
        what,
        number,
        static_cast<std::uint32_t>(GgufValueType::kFloat64)
    );
}

Result<bool> to_bool(const ByteCursor& cursor, std::uint8_t byte) {
    if (byte > 1) return cursor.corrupt("a bool is stored as {}, only 0 and 1 are allowed", byte);
    return byte == 1;
}

template <typename T>
Result<GgufValue> read_scalar(ByteCursor& cursor) {
    T value{};
    MULLAMA_TRY(cursor.read(value, "its value"));
    return GgufValue(std::move(value));
}

template <>
Result<GgufValue> read_scalar<bool>(ByteCursor& cursor) {
    std::uint8_t byte = 0;
    MULLAMA_TRY(cursor.read(byte, "its value"));
    const auto value = to_bool(cursor, byte);
    if (!value) return value.error();
    return GgufValue(*value);
}

template <typename T>
Result<GgufValue> read_elements(ByteCursor& cursor, std::uint64_t count) {
    MULLAMA_TRY(cursor.expect_room(count, sizeof(T), "array elements"));
    std::vector<T> values(count);
    MULLAMA_TRY(cursor.read_bytes(std::as_writable_bytes(std::span(values)), "its array"));
    return GgufValue(std::move(values));
}

template <>
Result<GgufValue> read_elements<bool>(ByteCursor& cursor, std::uint64_t count) {
    MULLAMA_TRY(cursor.expect_room(count, 1, "array elements"));
    std::vector<std::uint8_t> bytes(count);
    MULLAMA_TRY(cursor.read_bytes(std::as_writable_bytes(std::span(bytes)), "its array"));
    const auto wrong = std::find_if(bytes.begin(), bytes.end(), [](auto byte) { return byte > 1; });
    if (wrong != bytes.end()) return to_bool(cursor, *wrong).error();
    return GgufValue(std::vector<bool>(bytes.begin(), bytes.end()));
}

template <>
Result<GgufValue> read_elements<std::string>(ByteCursor& cursor, std::uint64_t count) {
    MULLAMA_TRY(cursor.expect_room(count, sizeof(std::uint64_t), "strings"));
    std::vector<std::string> values(count);
    for (std::string& value : values) MULLAMA_TRY(cursor.read(value, "a string of its array"));
    return GgufValue(std::move(values));
}

// Calls `visit.template operator()<T>()` with the C++ type that `type` stores; not for kArray.
template <typename Visit>
Result<GgufValue> with_type(GgufValueType type, const Visit& visit) {
    switch (type) {
        case GgufValueType::kUint8:
            return visit.template operator()<std::uint8_t>();
        case GgufValueType::kInt8:
            return visit.template operator()<std::int8_t>();
        case GgufValueType::kUint16:
            return visit.template operator()<std::uint16_t>();
        case GgufValueType::kInt16:
            return visit.template operator()<std::int16_t>();
        case GgufValueType::kUint32:
            return visit.template operator()<std::uint32_t>();
        case GgufValueType::kInt32:
            return visit.template operator()<std::int32_t>();
        case GgufValueType::kFloat32:
            return visit.template operator()<float>();
        case GgufValueType::kBool:
            return visit.template operator()<bool>();
        case GgufValueType::kString:
            return visit.template operator()<std::string>();
        case GgufValueType::kUint64:
            return visit.template operator()<std::uint64_t>();
        case GgufValueType::kInt64:
            return visit.template operator()<std::int64_t>();
        case GgufValueType::kFloat64:
            return visit.template operator()<double>();
        case GgufValueType::kArray:
            break;
    }
    return fail(ErrorCode::kInternal, "an array was read as a single value");
}

Result<GgufValue> read_array(ByteCursor& cursor) {
    std::uint32_t number = 0;
    std::uint64_t count = 0;
    MULLAMA_TRY(cursor.read(number, "the type of its elements"));
    const auto type = static_cast<GgufValueType>(number);
    if (type > GgufValueType::kFloat64) return bad_type(cursor, "its array", number);
    if (type == GgufValueType::kArray) return cursor.corrupt("an array of arrays is not allowed");
    MULLAMA_TRY(cursor.read(count, "the number of its elements"));
    return with_type(type, [&]<typename T>() { return read_elements<T>(cursor, count); });
}

}  // namespace

Result<GgufValue> read_value(ByteCursor& cursor) {
    std::uint32_t number = 0;
    MULLAMA_TRY(cursor.read(number, "the type of its value"));
    const auto type = static_cast<GgufValueType>(number);
    if (type > GgufValueType::kFloat64) return bad_type(cursor, "its value", number);
    if (type == GgufValueType::kArray) return read_array(cursor);
    return with_type(type, [&]<typename T>() { return read_scalar<T>(cursor); });
}

}  // namespace mullama
