#include "base/error.h"
#include "gguf/atomic_file.h"
#include "llama/state_format.h"
#include <mullama/state.h>

#include <fstream>
#include <system_error>

namespace mullama {
namespace {

namespace fs = std::filesystem;

Error with_path(const fs::path& path, const Error& error) {
    return fail(error.code, "{}: {}", path.string(), error.message);
}

Result<std::vector<std::byte>> read_all(const fs::path& path) {
    std::error_code failed;
    const auto status = fs::status(path, failed);
    if (!fs::exists(status)) return fail(ErrorCode::kNotFound, "no file {}", path.string());
    if (!fs::is_regular_file(status)) {
        return fail(ErrorCode::kInvalidArgument, "{} is no regular file", path.string());
    }
    const auto size = fs::file_size(path, failed);
    std::ifstream file(path, std::ios::binary);
    if (failed || !file) {
        return fail(ErrorCode::kIo, "{} cannot be opened for reading", path.string());
    }
    std::vector<std::byte> bytes(static_cast<std::size_t>(size));
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (file.gcount() == static_cast<std::streamsize>(bytes.size())) return bytes;
    return fail(ErrorCode::kIo, "{} cannot be read whole", path.string());
}

}  // namespace

Result<void> write_state(const fs::path& path, std::span<const std::byte> state) {
    if (const auto parsed = parse_state(state); !parsed) return with_path(path, parsed.error());
    auto file = AtomicFile::create(path);
    if (!file) return std::move(file).error();
    MULLAMA_TRY(file->write(state));
    return file->commit();
}

Result<std::vector<std::byte>> read_state(const fs::path& path) {
    auto bytes = read_all(path);
    if (!bytes) return bytes;
    if (const auto parsed = parse_state(*bytes); !parsed) return with_path(path, parsed.error());
    return bytes;
}

}  // namespace mullama
