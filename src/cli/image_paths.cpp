#include "cli/image_paths.h"

#include "base/error.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

namespace mullama::cli {
namespace {

bool is_space(char c) {
    return std::isspace(static_cast<unsigned char>(c)) != 0;
}

// The length of the word that `text` begins with; a space behind '\' does not end it.
std::size_t word_length(std::string_view text) {
    std::size_t i = 0;
    while (i < text.size() && !is_space(text[i])) i += text[i] == '\\' ? 2 : 1;
    return std::min(i, text.size());
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

std::string unescaped(std::string_view word) {
    std::string text;
    for (std::size_t i = 0; i < word.size(); ++i) {
        if (word[i] == '\\' && i + 1 < word.size()) ++i;
        text += word[i];
    }
    return text;
}

bool names_an_image(std::string_view word) {
    constexpr std::array<std::string_view, 3> kExtensions = {".jpg", ".jpeg", ".png"};
    std::string lower(word);
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    return word.find('/') != std::string_view::npos &&
           std::ranges::any_of(kExtensions, [&](std::string_view extension) {
               return lower.ends_with(extension);
           });
}

Result<std::string> read_image(const std::string& path) {
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    if (in) return bytes;
    return fail(ErrorCode::kIo, "'{}' cannot be read: {}", path, std::strerror(errno));
}

}  // namespace

ImagePrompt take_image_paths(std::string_view prompt) {
    ImagePrompt taken;
    while (!prompt.empty()) {
        std::string_view word = prompt.substr(0, word_length(prompt));
        std::string_view inner = trimmed(word);
        std::string path = unescaped(inner);
        std::error_code failed;
        if (names_an_image(path) && std::filesystem::is_regular_file(path, failed)) {
            taken.text += word.substr(0, static_cast<std::size_t>(inner.data() - word.data()));
            taken.text +=
                word.substr(static_cast<std::size_t>(inner.data() - word.data()) + inner.size());
            taken.paths.push_back(std::move(path));
        } else {
            taken.text += word;
        }
        prompt.remove_prefix(word.size());
        const std::size_t gap = std::min<std::size_t>(prompt.size(), 1);
        taken.text += prompt.substr(0, gap);
        prompt.remove_prefix(gap);
    }
    return taken;
}

Result<Message> user_message(std::string_view prompt) {
    ImagePrompt taken = take_image_paths(prompt);
    Message message{"user", taken.paths.empty() ? std::string(prompt) : std::move(taken.text)};
    for (const std::string& path : taken.paths) {
        Result<std::string> image = read_image(path);
        if (!image) return image.error();
        message.images.push_back(std::move(image).value());
    }
    return message;
}

}  // namespace mullama::cli
