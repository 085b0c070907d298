#pragma once

#include <mullama/result.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace mullama::api {

namespace json = boost::json;

/// The deepest nesting of a request's body, in brackets.
inline constexpr std::size_t kJsonDepthMax = 128;

/// Reads a whole text. Keys keep their order; of two equal ones the last counts.
/// Errors: kInvalidArgument: not JSON, not UTF-8, or nested deeper than kJsonDepthMax; the message
///         says where.
Result<json::value> parse_json(std::string_view text);

/// Reads a request's body, which has to be an object. Bytes that are no UTF-8 are read as U+FFFD,
/// and so is an escape such as "\ud83d" that is half a character.
/// Errors: kInvalidArgument: as parse_json(); empty ("missing request body"); not an object.
Result<json::object> parse_body(std::string_view body);

/// The text of a value.
std::string to_text(const json::value& value);

/// Takes fields out of one object into plain variables. A field that is absent or null leaves its
/// variable as it is, one of another type is an error in the words of Go's encoding/json, which
/// Ollama's clients know. The first error counts; after it nothing is read any more.
///
///     Fields fields(object, "ChatRequest");
///     fields.read("model", call.model);
///     fields.read("stream", call.stream);
///     MULLAMA_TRY(fields.result());
///
/// Threads: thread-compatible. The object is borrowed.
class Fields {
  public:
    /// `where` begins the path in messages, for example "ChatRequest" or "ChatRequest.messages".
    Fields(const json::object& object, std::string where)
        : object_(object), where_(std::move(where)) {}

    void read(std::string_view name, std::string& into);
    void read(std::string_view name, bool& into);
    void read(std::string_view name, std::int32_t& into);
    void read(std::string_view name, std::int64_t& into);
    void read(std::string_view name, double& into);
    void read(std::string_view name, float& into);
    void read(std::string_view name, std::vector<std::string>& into);
    template <typename T>
    void read(std::string_view name, std::optional<T>& into) {
        if (find(name) == nullptr) return;
        T value{};
        read(name, value);
        if (!error_) into = std::move(value);
    }

    /// The field's value as it is; null where it is absent or null.
    const json::value* find(std::string_view name) const;
    /// The field's value where it is an object or array; null where it is absent, null or, which is
    /// an error, something else.
    const json::object* object(std::string_view name);
    const json::array* array(std::string_view name);
    /// An array whose elements are objects, all of them.
    std::vector<const json::object*> objects(std::string_view name);

    /// Notes an error of the caller's, unless there is one already.
    void fail_with(Error error);
    /// Notes that `value` is not of Go's type `type`.
    void fail_type(std::string_view name, const json::value& value, std::string_view type);

    /// The first error, or success.
    Result<void> result() const;
    bool failed() const { return error_.has_value(); }
    /// The path of a field, for nested Fields.
    std::string path(std::string_view name) const { return where_ + "." + std::string(name); }

  private:
    template <typename T>
    void read_integer(std::string_view name, T& into, std::string_view type);
    const json::value* wanted(std::string_view name) const;

    const json::object& object_;
    std::string where_;
    std::optional<Error> error_;
};

}  // namespace mullama::api
