#pragma once

#include "store/unique_fd.h"
#include <mullama/result.h>

#include <filesystem>
#include <functional>

namespace mullama::store {

/// Keeps other processes, and other threads of this one, out until it is destroyed or the process
/// ends.
/// Threads: thread-compatible.
/// Source:  flock(2).
class FileLock {
  public:
    /// Locks `path`, a file made for this purpose and left behind. Where somebody else holds it,
    /// calls `on_wait` once and waits.
    /// Errors: kIo: the file cannot be made or locked.
    static Result<FileLock> acquire(
        const std::filesystem::path& path, const std::function<void()>& on_wait
    );

    /// The same without waiting.
    /// Errors: kUnavailable: somebody else holds it. kIo.
    static Result<FileLock> try_acquire(const std::filesystem::path& path);

  private:
    explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}

    UniqueFd fd_;
};

}  // namespace mullama::store
