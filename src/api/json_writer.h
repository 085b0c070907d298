#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace mullama::api {

/// Writes JSON from front to back, keys in the order they are given:
///
///     JsonWriter out;
///     out.begin_object().field("model", name).key("choices").begin_array();
///     ...
///     out.end_array().end_object();
///     send(out.take());
///
/// Bytes that are not UTF-8 become U+FFFD; numbers that JSON lacks become null. What any reader of
/// lines takes for the end of one is escaped: U+0085, U+2028 and U+2029 too, at which httpx splits.
/// Threads: thread-compatible.
class JsonWriter {
  public:
    JsonWriter& begin_object() { return open('{'); }
    JsonWriter& end_object() { return close('}'); }
    JsonWriter& begin_array() { return open('['); }
    JsonWriter& end_array() { return close(']'); }
    JsonWriter& key(std::string_view name);

    JsonWriter& value(std::string_view text);
    JsonWriter& value(const char* text) { return value(std::string_view(text)); }
    JsonWriter& value(bool flag) { return raw(flag ? "true" : "false"); }
    JsonWriter& value(double number);
    JsonWriter& value(float number);
    template <typename T>
        requires std::is_integral_v<T>
    JsonWriter& value(T number) {
        return raw(std::to_string(number));
    }
    JsonWriter& null() { return raw("null"); }
    /// A value that is JSON already.
    JsonWriter& raw(std::string_view json);

    template <typename T>
    JsonWriter& field(std::string_view name, const T& content) {
        return key(name).value(content);
    }
    JsonWriter& raw_field(std::string_view name, std::string_view json) {
        return key(name).raw(json);
    }

    /// What has been written.
    std::string take() { return std::move(text_); }
    const std::string& text() const { return text_; }

  private:
    JsonWriter& open(char bracket);
    JsonWriter& close(char bracket);
    void separate();
    template <typename T>
    JsonWriter& real(T number);

    std::string text_;
    bool needs_comma_ = false;
};

/// Writes the bytes of a text as a list of numbers.
void write_bytes(JsonWriter& out, std::string_view text);

/// Whether a text is UTF-8 throughout.
bool is_utf8(std::string_view text);

/// Valid JSON without white space between its values and with its line breaks escaped.
std::string one_line(std::string_view json);

/// Appends `text` as a JSON string, quotes included.
void append_json_string(std::string& to, std::string_view text);

}  // namespace mullama::api
