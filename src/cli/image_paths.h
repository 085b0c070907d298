#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mullama::cli {

/// The first image file that a prompt names by a path with a '/' in it, as Ollama recognises them:
/// jpg, jpeg, png or webp in any case, spaces escaped by '\'. Only a file that exists counts.
std::optional<std::string> find_image_path(std::string_view prompt);

}  // namespace mullama::cli
