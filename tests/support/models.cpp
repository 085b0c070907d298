#include "tests/support/models.h"

#include "store/resolve.h"

#include <stdexcept>

namespace mullama::test {
namespace {

std::filesystem::path model_file(const char* name) {
    Result<std::filesystem::path> path = store::resolve(name, store::FetchPolicy::kNever);
    if (!path) {
        throw std::runtime_error(path.error().message + ", or scripts/test, which does so");
    }
    return *path;
}

}  // namespace

std::filesystem::path smollm2_path() {
    return model_file("smollm2:135m");
}

std::filesystem::path gemma3_path() {
    return model_file("gemma3:270m");
}

}  // namespace mullama::test
