#pragma once

#include <mullama/result.h>
#include <mullama/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace mullama::cli {

/// A prompt, and the image files that it named.
struct ImagePrompt {
    std::string text;  ///< Without the paths.
    std::vector<std::string> paths;
};

/// Takes image files out of a prompt that names them by paths with a '/' in them, as Ollama
/// recognises them: jpg, jpeg or png in any case, spaces escaped by '\'. Only files that exist
/// count. Ollama's webp is left where it is: no model here reads it.
ImagePrompt take_image_paths(std::string_view prompt);

/// A prompt as the user's turn, the images that it names attached.
/// Errors: kIo: one of them cannot be read.
Result<Message> user_message(std::string_view prompt);

}  // namespace mullama::cli
