#include "api/json.h"

#include "api/json_writer.h"
#include "base/error.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include <boost/json/parse.hpp>
#include <boost/json/stream_parser.hpp>

namespace mullama::api {
namespace {

/// As people write it, and models read it: 0.5 where Boost's serializer has 5E-1. A whole number
/// that was written as a real one stays one.
std::string real_text(double number) {
    std::array<char, 32> digits{};
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    std::string text(digits.data(), end);
    if (text.find_first_of(".en") == std::string::npos) text += ".0";
    return text;
}

// No deeper than what is parsed may be.
void write(JsonWriter& out, const json::value& value) {
    if (const auto* object = value.if_object()) {
        out.begin_object();
        for (const auto& [name, content] : *object) {
            out.key({name.data(), name.size()});
            write(out, content);
        }
        out.end_object();
    } else if (const auto* list = value.if_array()) {
        out.begin_array();
        for (const json::value& element : *list) write(out, element);
        out.end_array();
    } else if (const auto* text = value.if_string()) {
        out.value(std::string_view(text->data(), text->size()));
    } else if (const auto* real = value.if_double()) {
        out.raw(real_text(*real));
    } else if (const auto* whole = value.if_uint64()) {
        out.value(*whole);
    } else if (const auto* number = value.if_int64()) {
        out.value(*number);
    } else if (const bool* flag = value.if_bool()) {
        out.value(*flag);
    } else {
        out.null();
    }
}

std::string_view kind_name(const json::value& value) {
    switch (value.kind()) {
        case json::kind::null:
            return "null";
        case json::kind::bool_:
            return "bool";
        case json::kind::int64:
        case json::kind::uint64:
        case json::kind::double_:
            return "number";
        case json::kind::string:
            return "string";
        case json::kind::array:
            return "array";
        case json::kind::object:
            return "object";
    }
    return "value";
}

/// A number without a fraction, whichever way it is written.
std::optional<std::int64_t> integer_of(const json::value& value) {
    if (const auto* integer = value.if_int64()) return *integer;
    const auto* real = value.if_double();
    constexpr double kExact = 9007199254740992.0;  // 2^53
    if (real == nullptr || std::trunc(*real) != *real || std::abs(*real) > kExact) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(*real);
}

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// Bytes of the UTF-8 character at the front of `text`; 0 where there is none.
std::size_t character_bytes(std::string_view text) {
    for (std::size_t bytes = 1; bytes <= std::min<std::size_t>(text.size(), 4); ++bytes) {
        if (is_utf8(text.substr(0, bytes))) return bytes;
    }
    return 0;
}

/// The number of an escape such as "\ud83d" at the front of `text`.
std::optional<unsigned> escaped_unit(std::string_view text) {
    constexpr std::size_t kBytes = 6;
    if (text.size() < kBytes || !text.starts_with("\\u")) return std::nullopt;
    unsigned unit = 0;
    const char* end = text.data() + kBytes;
    const auto [read, error] = std::from_chars(text.data() + 2, end, unit, 16);
    return read == end ? std::optional(unit) : std::nullopt;
}

/// What stands at the front of a text, be it a character or not.
struct Piece {
    std::size_t bytes;
    bool is_character;
};

Piece piece_at(std::string_view text) {
    if (!text.starts_with('\\')) {
        const std::size_t bytes = character_bytes(text);
        return {std::max<std::size_t>(bytes, 1), bytes > 0};
    }
    const std::optional<unsigned> unit = escaped_unit(text);
    if (!unit) return {text.starts_with("\\\\") ? std::size_t{2} : std::size_t{1}, true};
    const bool is_high = *unit >= 0xD800 && *unit <= 0xDBFF;
    const auto is_low = [](unsigned number) { return number >= 0xDC00 && number <= 0xDFFF; };
    if (!is_high) return {6, !is_low(*unit)};
    const std::optional<unsigned> next = escaped_unit(text.substr(6));
    const bool is_pair = next && is_low(*next);
    return {is_pair ? std::size_t{12} : std::size_t{6}, is_pair};
}

/// A text of JSON in which U+FFFD stands for bytes that are no UTF-8, and for escaped halves of a
/// character beyond U+FFFF without the other half.
std::string with_replacements(std::string_view text) {
    const auto may_be_none = [](char c) {
        return c == '\\' || static_cast<unsigned char>(c) >= 0x80;
    };
    std::string whole;
    while (!text.empty()) {
        const auto plain = std::ranges::find_if(text, may_be_none) - text.begin();
        whole += text.substr(0, static_cast<std::size_t>(plain));
        text.remove_prefix(static_cast<std::size_t>(plain));
        if (text.empty()) break;
        const Piece piece = piece_at(text);
        whole += piece.is_character ? text.substr(0, piece.bytes) : kReplacement;
        text.remove_prefix(piece.bytes);
    }
    return whole;
}

// As Go's decoder, which Ollama's clients know.
Result<json::value> parse_leniently(std::string_view text) {
    Result<json::value> value = parse_json(text);
    if (value) return value;
    const std::string whole = with_replacements(text);
    if (whole == text) return value;
    Result<json::value> again = parse_json(whole);
    if (again) return again;
    return value;
}

}  // namespace

Result<json::value> parse_json(std::string_view text) {
    json::parse_options options;
    options.max_depth = kJsonDepthMax;
    json::stream_parser parser({}, options);
    boost::system::error_code error;
    std::size_t read = parser.write_some(text.data(), text.size(), error);
    if (!error && read < text.size()) error = json::error::extra_data;
    if (!error) parser.finish(error);
    if (!error) return parser.release();
    if (error == json::error::incomplete) {
        return fail(ErrorCode::kInvalidArgument, "unexpected end of JSON input");
    }
    if (error == json::error::too_deep) {
        return fail(
            ErrorCode::kInvalidArgument, "JSON is nested deeper than {} levels", kJsonDepthMax
        );
    }
    return fail(ErrorCode::kInvalidArgument, "invalid JSON at byte {}: {}", read, error.message());
}

Result<json::object> parse_body(std::string_view body) {
    if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        return fail(ErrorCode::kInvalidArgument, "missing request body");
    }
    Result<json::value> value = parse_leniently(body);
    if (!value) return std::move(value).error();
    if (auto* object = value->if_object()) return std::move(*object);
    return fail(
        ErrorCode::kInvalidArgument,
        "json: cannot unmarshal {} into Go value of type object",
        kind_name(*value)
    );
}

std::string to_text(const json::value& value) {
    JsonWriter out;
    write(out, value);
    return out.take();
}

const json::value* Fields::find(std::string_view name) const {
    const json::value* value = object_.if_contains({name.data(), name.size()});
    return value == nullptr || value->is_null() ? nullptr : value;
}

const json::value* Fields::wanted(std::string_view name) const {
    return error_ ? nullptr : find(name);
}

void Fields::read(std::string_view name, std::string& into) {
    const json::value* value = wanted(name);
    if (value == nullptr) return;
    const auto* text = value->if_string();
    if (text == nullptr) return fail_type(name, *value, "string");
    into.assign(text->data(), text->size());
}

void Fields::read(std::string_view name, bool& into) {
    const json::value* value = wanted(name);
    if (value == nullptr) return;
    const auto* flag = value->if_bool();
    if (flag == nullptr) return fail_type(name, *value, "bool");
    into = *flag;
}

template <typename T>
void Fields::read_integer(std::string_view name, T& into, std::string_view type) {
    const json::value* value = wanted(name);
    if (value == nullptr) return;
    const std::optional<std::int64_t> integer = integer_of(*value);
    if (!integer || !std::in_range<T>(*integer)) return fail_type(name, *value, type);
    into = static_cast<T>(*integer);
}

void Fields::read(std::string_view name, std::int32_t& into) {
    read_integer(name, into, "int");
}

void Fields::read(std::string_view name, std::int64_t& into) {
    read_integer(name, into, "int64");
}

void Fields::read(std::string_view name, double& into) {
    const json::value* value = wanted(name);
    if (value == nullptr) return;
    boost::system::error_code error;
    const double number = value->to_number<double>(error);
    if (error) return fail_type(name, *value, "float64");
    into = number;
}

void Fields::read(std::string_view name, float& into) {
    double number = into;
    const json::value* value = wanted(name);
    if (value == nullptr) return;
    if (!value->is_number()) return fail_type(name, *value, "float32");
    read(name, number);
    into = static_cast<float>(number);
    if (!std::isfinite(into)) fail_type(name, *value, "float32");
}

void Fields::read(std::string_view name, std::vector<std::string>& into) {
    const json::value* value = wanted(name);
    if (value == nullptr) return;
    const auto* list = value->if_array();
    if (list == nullptr) return fail_type(name, *value, "[]string");
    std::vector<std::string> texts;
    for (const json::value& element : *list) {
        const auto* text = element.if_string();
        if (text == nullptr) return fail_type(name, element, "string");
        texts.emplace_back(text->data(), text->size());
    }
    into = std::move(texts);
}

const json::object* Fields::object(std::string_view name) {
    const json::value* value = wanted(name);
    if (value == nullptr) return nullptr;
    const auto* object = value->if_object();
    if (object == nullptr) fail_type(name, *value, "map[string]interface {}");
    return object;
}

const json::array* Fields::array(std::string_view name) {
    const json::value* value = wanted(name);
    if (value == nullptr) return nullptr;
    const auto* list = value->if_array();
    if (list == nullptr) fail_type(name, *value, "[]interface {}");
    return list;
}

std::vector<const json::object*> Fields::objects(std::string_view name) {
    std::vector<const json::object*> objects;
    const json::array* list = array(name);
    if (list == nullptr) return objects;
    for (const json::value& element : *list) {
        const auto* object = element.if_object();
        if (object == nullptr) {
            fail_type(name, element, "map[string]interface {}");
            return {};
        }
        objects.push_back(object);
    }
    return objects;
}

void Fields::fail_with(Error error) {
    if (!error_) error_ = std::move(error);
}

void Fields::fail_type(std::string_view name, const json::value& value, std::string_view type) {
    const std::string found = value.is_number() ? fmt::format("number {}", to_text(value))
                                                : std::string(kind_name(value));
    fail_with(fail(
        ErrorCode::kInvalidArgument,
        "json: cannot unmarshal {} into Go struct field {} of type {}",
        found,
        path(name),
        type
    ));
}

Result<void> Fields::result() const {
    if (error_) return *error_;
    return {};
}

}  // namespace mullama::api
