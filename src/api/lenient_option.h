#pragma once

#include "api/json.h"
#include <mullama/result.h>

#include <string_view>

namespace mullama::api {

/// A value of an option as Ollama and llama-server take it: a number out of the option's range as
/// one within it, and samplers under all their names, without those that nobody knows. Other
/// values, and those of other options, stay as they are.
json::value fit_option(std::string_view name, const json::value& value);

/// `text` is how the number was written.
/// Errors: kInvalidArgument: a number that fit_option() would change.
Result<void> check_option_range(std::string_view name, double number, std::string_view text);

}  // namespace mullama::api
