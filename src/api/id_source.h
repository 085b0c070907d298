#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace mullama::api {

/// Makes names for answers, calls and the like: "call_" and eight letters and digits.
/// Threads: thread-compatible.
class IdSource {
  public:
    /// The same seed gives the same names.
    explicit IdSource(std::uint64_t seed) : random_(seed) {}

    /// A new name: `prefix` and `length` letters and digits.
    std::string next(std::string_view prefix, std::size_t length);

  private:
    std::mt19937_64 random_;
};

}  // namespace mullama::api
