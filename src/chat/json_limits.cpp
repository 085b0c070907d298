#include "chat/json_limits.h"

#include "base/error.h"
#include <mullama/answer_format.h>

#include <algorithm>
#include <cstddef>

namespace mullama {
namespace {

// The deepest nesting of brackets outside of strings.
std::size_t depth_of(std::string_view json) {
    std::size_t depth = 0;
    std::size_t deepest = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (in_string) {
            if (c == '\\') ++i;
            if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            deepest = std::max(deepest, ++depth);
        } else if ((c == '}' || c == ']') && depth > 0) {
            --depth;
        }
    }
    return deepest;
}

}  // namespace

Result<void> check_json_limits(std::string_view json, std::string_view what) {
    if (json.size() > kSchemaBytesMax) {
        return fail(
            ErrorCode::kInvalidArgument,
            "{} has {} bytes, the most are {}",
            what,
            json.size(),
            kSchemaBytesMax
        );
    }
    const std::size_t depth = depth_of(json);
    if (depth <= kSchemaDepthMax) return {};
    return fail(
        ErrorCode::kInvalidArgument,
        "{} is nested {} deep, the most is {}",
        what,
        depth,
        kSchemaDepthMax
    );
}

}  // namespace mullama
