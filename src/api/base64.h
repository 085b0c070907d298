#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mullama::api {

/// Source: RFC 4648, section 4.
std::string encode_base64(std::string_view bytes);

/// Nothing where the text is not base64. Line breaks and a missing end ("==") do no harm.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace mullama::api
