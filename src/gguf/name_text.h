#pragma once

#include <mullama/result.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace mullama {

/// The longest metadata key, in bytes. Source: ggml's docs/gguf.md.
inline constexpr std::size_t kKeyBytesMax = 65535;

/// The longest tensor name, in bytes: GGML_MAX_NAME in ggml.h less its closing zero.
inline constexpr std::size_t kTensorNameBytesMax = 63;

/// Whether `text` is well-formed UTF-8. Source: Unicode 15, table 3-7.
bool is_utf8(std::string_view text);

/// `text` in single quotes for a message: control characters and bytes that are not UTF-8 are
/// escaped, and long text is cut.
std::string in_quotes(std::string_view text);

/// What is wrong with `name` as a key or tensor name of at most `bytes_max`: empty, too long, not
/// UTF-8, or with a zero byte inside, where C code would see it end. Empty if nothing is.
std::string why_bad_name(std::string_view name, std::size_t bytes_max);

}  // namespace mullama
