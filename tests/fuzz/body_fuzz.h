#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mullama::test {

/// A reader of request bodies, and what to start fuzzing it from.
struct BodyTarget {
    std::string name;  ///< "openai_chat".
    /// Reads a body, and holds what comes of it against what every call or error keeps to. Aborts
    /// where that does not hold, as a fuzzer wants it.
    /// Returns: whether the body was accepted.
    bool (*try_body)(std::string_view body);
    std::vector<std::string> good;    ///< Bodies that it must accept.
    std::vector<std::string> broken;  ///< Bodies that it must refuse.
};

/// Every reader of request bodies.
const std::vector<BodyTarget>& body_targets();

/// The one of that name; null where there is none.
const BodyTarget* find_body_target(std::string_view name);

}  // namespace mullama::test
