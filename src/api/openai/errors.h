#pragma once

#include <string>
#include <string_view>

namespace mullama::api::openai {

/// An error's body: {"error":{"message","type","param","code"}}; `status` is the HTTP status.
std::string format_error(unsigned status, std::string_view message);

}  // namespace mullama::api::openai
