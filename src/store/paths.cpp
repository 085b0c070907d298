#include "store/paths.h"

#include "base/error.h"

#include <cstdlib>
#include <string_view>

namespace mullama::store {

namespace {

namespace fs = std::filesystem;

fs::path path_from(const char* variable) {
    const char* value = std::getenv(variable);
    return value == nullptr ? fs::path() : fs::path(value);
}

fs::path model_folder() {
    if (fs::path folder = environment_value("OLLAMA_MODELS"); !folder.empty()) return folder;
    if (fs::path folder = path_from("MULLAMA_MODELS"); !folder.empty()) return folder;
    const fs::path user = path_from("HOME");
    const fs::path ollama = user / ".ollama" / "models";
    std::error_code failed;
    return !user.empty() && fs::is_directory(ollama, failed) ? ollama : fs::path();
}

// The quotes go after the spaces: those within them stay.
std::string_view without(std::string_view ends, std::string_view text) {
    const std::size_t begin = text.find_first_not_of(ends);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(ends) - begin + 1);
}

}  // namespace

std::string environment_value(const char* variable) {
    const char* value = std::getenv(variable);
    if (value == nullptr) return {};
    return std::string(without("\"'", without(" \t\r\n\v\f", value)));
}

Result<Paths> default_paths() {
    fs::path home = path_from("MULLAMA_HOME");
    const fs::path user = path_from("HOME");
    if (home.empty() && !user.empty()) home = user / ".mullama";
    if (home.empty()) {
        return fail(
            ErrorCode::kInvalidArgument,
            "neither MULLAMA_HOME nor HOME is set: set MULLAMA_HOME to a folder for models"
        );
    }
    std::error_code failed;
    std::filesystem::path absolute = std::filesystem::absolute(home, failed);
    if (failed) {
        return fail(
            ErrorCode::kIo,
            "the folder {} has no absolute path ({}): set MULLAMA_HOME to another one",
            home.string(),
            failed.message()
        );
    }
    return Paths{absolute.lexically_normal(), model_folder()};
}

}  // namespace mullama::store
