#pragma once

#include <string>
#include <string_view>

namespace mullama::api::llamacpp {

/// An error's body: {"error":{"code","message","type"}}; `status` is the HTTP status.
std::string format_error(unsigned status, std::string_view message);

}  // namespace mullama::api::llamacpp
