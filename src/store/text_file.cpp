#include "store/text_file.h"

#include "base/error.h"

#include <cstdint>
#include <fstream>
#include <iterator>
#include <system_error>

namespace mullama::store {
namespace {

/// Manifests and texts are small; a larger file is something else.
constexpr std::uintmax_t kTextBytesMax = 4 * 1024 * 1024;

}  // namespace

Result<std::string> read_text(const std::filesystem::path& file) {
    std::error_code failed;
    const std::uintmax_t size = std::filesystem::file_size(file, failed);
    if (failed) {
        return fail(ErrorCode::kNotFound, "{} is missing ({})", file.string(), failed.message());
    }
    if (size > kTextBytesMax) {
        return fail(ErrorCode::kCorrupt, "{} is too large to be what it claims", file.string());
    }
    std::ifstream in(file, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (in.bad() || text.size() != size) {
        return fail(ErrorCode::kIo, "{} cannot be read", file.string());
    }
    return text;
}

}  // namespace mullama::store
