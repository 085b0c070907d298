#pragma once

#include <string_view>

namespace mullama::store {

/// The bytes of src/store/index.json, built into the program.
extern const std::string_view kEmbeddedIndex;

}  // namespace mullama::store
