#include "store/file_lock.h"

#include "base/error.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>

namespace mullama::store {

Result<FileLock> FileLock::acquire(
    const std::filesystem::path& path, const std::function<void()>& on_wait
) {
    UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (fd && flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return FileLock(std::move(fd));
    if (fd && errno == EWOULDBLOCK) {
        on_wait();
        int locked = 0;
        while ((locked = flock(fd.get(), LOCK_EX)) != 0 && errno == EINTR) {
        }
        if (locked == 0) return FileLock(std::move(fd));
    }
    return fail(ErrorCode::kIo, "cannot lock {}: {}", path.string(), std::strerror(errno));
}

Result<FileLock> FileLock::try_acquire(const std::filesystem::path& path) {
    UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (fd && flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return FileLock(std::move(fd));
    if (fd && errno == EWOULDBLOCK) {
        return fail(ErrorCode::kUnavailable, "{} is locked by somebody else", path.string());
    }
    return fail(ErrorCode::kIo, "cannot lock {}: {}", path.string(), std::strerror(errno));
}

}  // namespace mullama::store
