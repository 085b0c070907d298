#pragma once

#include <string>
#include <string_view>

namespace mullama::store {

/// `text` with A to Z in lower case: model names differ by more than that.
std::string lower(std::string_view text);

/// `name` with the tag "latest" where it has none.
std::string with_tag(std::string_view name);

}  // namespace mullama::store
