#include "gguf/byte_source.h"

#include "base/error.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace mullama {
namespace {

std::string system_message(int error) {
    return std::generic_category().message(error);
}

}  // namespace

Result<ByteSource> ByteSource::open(const std::filesystem::path& path) {
    // Non-blocking, so that a pipe without a writer is refused below instead of waited for.
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        const int error = errno;
        if (error == ENOENT || error == ENOTDIR) return fail(ErrorCode::kNotFound, "no such file");
        return fail(ErrorCode::kIo, "cannot be opened: {}", system_message(error));
    }
    ByteSource source(descriptor, 0);
    struct stat status{};
    if (::fstat(descriptor, &status) != 0) {
        return fail(ErrorCode::kIo, "cannot be examined: {}", system_message(errno));
    }
    if (S_ISDIR(status.st_mode)) {
        return fail(ErrorCode::kInvalidArgument, "is a directory: name the .gguf file inside it");
    }
    if (!S_ISREG(status.st_mode)) return fail(ErrorCode::kInvalidArgument, "is not a regular file");
    source.size_bytes_ = static_cast<std::uint64_t>(status.st_size);
    return source;
}

ByteSource::~ByteSource() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> ByteSource::read(std::uint64_t offset, std::span<std::byte> out) const {
    assert(offset <= size_bytes_ && out.size() <= size_bytes_ - offset);
    if (descriptor_ < 0) {
        std::copy_n(memory_.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
        return {};
    }
    while (!out.empty()) {
        const ssize_t count =
            ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            return fail(
                ErrorCode::kIo, "cannot be read at byte {}: {}", offset, system_message(errno)
            );
        }
        if (count == 0) {
            return fail(
                ErrorCode::kIo,
                "ends at byte {} and had {} bytes when it was opened: it was cut meanwhile",
                offset,
                size_bytes_
            );
        }
        offset += static_cast<std::uint64_t>(count);
        out = out.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

}  // namespace mullama
