#include "store/paths.h"

#include "base/error.h"

#include <cstdlib>

namespace mullama::store {

Result<Paths> default_paths() {
    std::filesystem::path home;
    if (const char* own = std::getenv("MULLAMA_HOME"); own != nullptr && *own != '\0') {
        home = own;
    } else if (const char* user = std::getenv("HOME"); user != nullptr && *user != '\0') {
        home = std::filesystem::path(user) / ".mullama";
    } else {
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
    return Paths{absolute.lexically_normal()};
}

}  // namespace mullama::store
