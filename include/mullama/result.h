#pragma once

#include <cassert>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace mullama {

/// What kind of failure an Error is. Ten kinds are all there are; each door maps them to its own
/// codes (exit status, HTTP status) in one table.
enum class ErrorCode {
    kInvalidArgument,  ///< The caller asked for something that cannot be.
    kNotFound,         ///< A file, model or name does not exist.
    kUnsupported,      ///< Well formed, but this model or build cannot do it.
    kExhausted,        ///< Out of memory, KV cells, queue places or another bounded thing.
    kCancelled,        ///< The caller asked to stop.
    kTimeout,          ///< A deadline passed.
    kUnavailable,      ///< Not now: loading, shutting down, no network.
    kCorrupt,          ///< Bytes from outside are not what they claim to be.
    kIo,               ///< The operating system refused to read or write.
    kInternal,         ///< A bug here or in the engine.
};

/// The code's name as users see it, for example "invalid argument".
std::string_view to_string(ErrorCode code);

/// Why something failed: the kind, and one sentence that names the value at fault and the cure.
struct Error {
    ErrorCode code = ErrorCode::kInternal;  ///< The kind.
    std::string message;                    ///< The sentence, for people.

    friend bool operator==(const Error&, const Error&) = default;
};

template <typename T>
class Result;

/// Whether Result<T> may be made from a U that is neither a T, an Error nor a Result<T>.
template <typename U, typename T>
concept ResultValue = std::is_convertible_v<U, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
                      !std::is_same_v<std::remove_cvref_t<U>, Error> &&
                      !std::is_same_v<std::remove_cvref_t<U>, Result<T>>;

/// A value or the Error that stands in its place. The member names are those of std::expected.
/// Threads: as thread-compatible as T.
template <typename T>
class [[nodiscard]] Result {
  public:
    using value_type = T;  ///< What it holds.

    /// Holds a value.
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    /// Holds an error.
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    /// Makes a Result from anything that converts to T, as `return {}` and `return ptr` need it.
    template <typename U>
        requires ResultValue<U, T>
    Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}

    /// Whether it holds a value.
    bool has_value() const { return state_.index() == 0; }
    /// As has_value().
    explicit operator bool() const { return has_value(); }

    /// The value. Calling it on an error is a bug and asserts.
    T& value() & {
        assert(has_value());
        return *std::get_if<0>(&state_);
    }
    /// As above.
    const T& value() const& {
        assert(has_value());
        return *std::get_if<0>(&state_);
    }
    /// As above.
    T&& value() && {
        assert(has_value());
        return std::move(*std::get_if<0>(&state_));
    }

    /// As value().
    T& operator*() & { return value(); }
    /// As value().
    const T& operator*() const& { return value(); }
    /// As value().
    T&& operator*() && { return std::move(*this).value(); }
    /// As value().
    T* operator->() { return &value(); }
    /// As value().
    const T* operator->() const { return &value(); }

    /// The error. Calling it on a value is a bug and asserts.
    Error& error() & {
        assert(!has_value());
        return *std::get_if<1>(&state_);
    }
    /// As above.
    const Error& error() const& {
        assert(!has_value());
        return *std::get_if<1>(&state_);
    }
    /// As above.
    Error&& error() && {
        assert(!has_value());
        return std::move(*std::get_if<1>(&state_));
    }

    /// The value, or `fallback` where there is an error.
    template <typename U>
    T value_or(U&& fallback) const& {
        return has_value() ? value() : static_cast<T>(std::forward<U>(fallback));
    }

  private:
    std::variant<T, Error> state_;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
  public:
    using value_type = void;  ///< It holds nothing but success.

    Result() = default;
    /// Holds an error.
    Result(Error error) : error_(std::move(error)), failed_(true) {}

    /// Whether it is a success.
    bool has_value() const { return !failed_; }
    /// As has_value().
    explicit operator bool() const { return has_value(); }
    /// Calling it on an error is a bug and asserts.
    void value() const { assert(has_value()); }

    /// The error. Calling it on a success is a bug and asserts.
    const Error& error() const& {
        assert(failed_);
        return error_;
    }
    /// As above.
    Error&& error() && {
        assert(failed_);
        return std::move(error_);
    }

  private:
    Error error_;
    bool failed_ = false;
};

}  // namespace mullama
