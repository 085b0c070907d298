#pragma once

#include <string>
#include <string_view>

namespace mullama::api::anthropic {

/// An error's body: {"type":"error","error":{"type","message"},"request_id"}; `status` is the HTTP
/// status.
std::string format_error(unsigned status, std::string_view message, std::string_view request_id);

}  // namespace mullama::api::anthropic
