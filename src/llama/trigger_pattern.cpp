#include "llama/trigger_pattern.h"

#include "base/error.h"

// With sanitizers GCC 12 takes members of its own std::regex for uninitialized (GCC bug 105562).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <regex>

namespace mullama {
namespace {

// The compiler of expressions recurses once for each open parenthesis.
constexpr std::size_t kPatternBytesMax = 1024;

}  // namespace

Result<void> check_trigger_pattern(const std::string& pattern) {
    if (pattern.size() > kPatternBytesMax) {
        return fail(
            ErrorCode::kInvalidArgument,
            "a trigger pattern has {} bytes, at most {} are allowed",
            pattern.size(),
            kPatternBytesMax
        );
    }
    try {
        const std::regex compiled(pattern);
        return {};
    } catch (const std::regex_error& error) {
        return fail(
            ErrorCode::kInvalidArgument,
            "trigger pattern '{}' is no ECMAScript expression: {}",
            pattern,
            error.what()
        );
    }
}

}  // namespace mullama

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
