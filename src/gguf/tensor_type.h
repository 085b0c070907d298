#pragma once

#include <mullama/gguf.h>

#include <cstdint>
#include <string_view>

namespace mullama {

/// The most dimensions a tensor may have: GGML_MAX_DIMS in ggml.h.
inline constexpr std::uint32_t kTensorDimensionsMax = 4;

/// What a type's number means to somebody whose file has it and cannot be read: it was removed from
/// ggml, or it is none that this build knows. Empty for a number that is a type.
std::string_view why_no_type(std::uint32_t number);

}  // namespace mullama
