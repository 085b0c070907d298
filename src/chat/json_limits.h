#pragma once

#include <mullama/result.h>

#include <string_view>

namespace mullama {

/// Holds JSON from outside to kSchemaBytesMax and kSchemaDepthMax, before a parser that recurses
/// sees it. `what` begins the message.
/// Errors: kInvalidArgument: larger or deeper.
Result<void> check_json_limits(std::string_view json, std::string_view what);

}  // namespace mullama
