#include "cli/image_paths.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>

namespace mullama::cli {
namespace {

// Cuts the next word off `text`; a space behind '\' does not end it, and the '\' is dropped.
std::string take_word(std::string_view& text) {
    std::string word;
    std::size_t i = 0;
    for (; i < text.size(); ++i) {
        char c = text[i];
        if (c == '\\' && i + 1 < text.size()) {
            word += text[++i];
        } else if (std::isspace(static_cast<unsigned char>(c)) != 0) {
            break;
        } else {
            word += c;
        }
    }
    text.remove_prefix(std::min(i + 1, text.size()));
    return word;
}

// Without the quotes and punctuation that a sentence puts around a path.
std::string_view trimmed(std::string_view word) {
    constexpr std::string_view kAround = "\"'`()[]<>,;:!?";
    std::size_t first = word.find_first_not_of(kAround);
    if (first == std::string_view::npos) return {};
    word.remove_prefix(first);
    std::size_t last = word.find_last_not_of("\"'`()[]<>,;:!?.");
    return word.substr(0, last + 1);
}

bool names_an_image(std::string_view word) {
    constexpr std::array<std::string_view, 4> kExtensions = {".jpg", ".jpeg", ".png", ".webp"};
    std::string lower(word);
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    return word.find('/') != std::string_view::npos &&
           std::ranges::any_of(kExtensions, [&](std::string_view extension) {
               return lower.ends_with(extension);
           });
}

}  // namespace

std::optional<std::string> find_image_path(std::string_view prompt) {
    while (!prompt.empty()) {
        std::string word = take_word(prompt);
        std::string path(trimmed(word));
        std::error_code failed;
        if (names_an_image(path) && std::filesystem::is_regular_file(path, failed)) return path;
    }
    return std::nullopt;
}

}  // namespace mullama::cli
