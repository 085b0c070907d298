#pragma once

#include <mullama/result.h>

#include <string>

namespace mullama {

/// Checks that `pattern` is an expression that std::regex takes, as the engine gives it one.
/// Errors: kInvalidArgument with what is wrong.
Result<void> check_trigger_pattern(const std::string& pattern);

}  // namespace mullama
