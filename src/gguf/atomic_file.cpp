#include "gguf/atomic_file.h"

#include "base/error.h"

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace mullama {
namespace {

constexpr int kNameAttemptsMax = 100;

Error refused(const std::filesystem::path& path, std::string_view what, int error) {
    return fail(
        ErrorCode::kIo,
        "{}: cannot be {}: {}",
        path.string(),
        what,
        std::generic_category().message(error)
    );
}

// A name of its own for each call of each process.
std::filesystem::path temporary_name(const std::filesystem::path& path) {
    static std::atomic<std::uint64_t> calls = 0;
    std::filesystem::path name = path;
    name += fmt::format(".{}-{}.tmp", ::getpid(), calls.fetch_add(1));
    return name;
}

// A rename survives a power cut once the directory is on the disk, too.
void flush_directory(const std::filesystem::path& path) {
    const std::filesystem::path parent = path.has_parent_path() ? path.parent_path() : ".";
    const int descriptor = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return;
    ::fsync(descriptor);
    ::close(descriptor);
}

}  // namespace

Result<AtomicFile> AtomicFile::create(const std::filesystem::path& path) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
        return fail(
            ErrorCode::kInvalidArgument, "{} is a directory: name a file inside it", path.string()
        );
    }
    for (int attempt = 0; attempt < kNameAttemptsMax; ++attempt) {
        auto temporary = temporary_name(path);
        const int descriptor =
            ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor >= 0) return AtomicFile(descriptor, path, std::move(temporary));
        const int error = errno;
        if (error == EEXIST) continue;
        if (error == ENOENT || error == ENOTDIR) {
            return fail(ErrorCode::kNotFound, "{}: its directory does not exist", path.string());
        }
        return refused(path, "created", error);
    }
    return refused(path, "created", EEXIST);
}

AtomicFile::AtomicFile(
    int descriptor, std::filesystem::path path, std::filesystem::path temporary_path
)
    : descriptor_(descriptor), path_(std::move(path)), temporary_path_(std::move(temporary_path)) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept {
    *this = std::move(other);
}

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(path_, other.path_);
    std::swap(temporary_path_, other.temporary_path_);
    return *this;
}

AtomicFile::~AtomicFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!temporary_path_.empty()) ::unlink(temporary_path_.c_str());
}

Result<void> AtomicFile::write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return refused(path_, "written", errno);
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

Result<void> AtomicFile::commit() {
    if (::fsync(descriptor_) != 0) return refused(path_, "flushed to the disk", errno);
    if (::close(std::exchange(descriptor_, -1)) != 0) return refused(path_, "closed", errno);
    if (::rename(temporary_path_.c_str(), path_.c_str()) != 0) {
        return refused(path_, "renamed into place", errno);
    }
    temporary_path_.clear();
    flush_directory(path_);
    return {};
}

}  // namespace mullama
