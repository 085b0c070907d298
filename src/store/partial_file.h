#pragma once

#include "base/sha256.h"
#include "store/unique_fd.h"
#include <mullama/result.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace mullama::store {

/// Moves a file to `target`, in one step for everybody else, and makes its new name durable.
/// Errors: kIo.
Result<void> move_into_place(
    const std::filesystem::path& from, const std::filesystem::path& target
);

/// A file that is complete or not there: written beside its place, moved into it when its size and
/// digest are right.
/// Threads: thread-compatible.
class PartialFile {
  public:
    /// Starts a file at `path`, replacing an earlier attempt.
    /// Errors: kIo.
    static Result<PartialFile> create(const std::filesystem::path& path);

    /// Errors: kIo: the disk is full, or refuses.
    Result<void> write(std::span<const std::byte> bytes);

    std::int64_t size_bytes() const { return size_bytes_; }

    /// The digest of what was written, as 64 lower-case hexadecimal digits.
    std::string sha256() const { return digest_.hex(); }

    /// Makes the bytes durable and moves the file to `target`, in one step for everybody else.
    /// Errors: kIo.
    Result<void> commit(const std::filesystem::path& target);

  private:
    PartialFile(std::filesystem::path path, UniqueFd fd)
        : path_(std::move(path)), fd_(std::move(fd)) {}

    std::filesystem::path path_;
    UniqueFd fd_;
    Sha256 digest_;
    std::int64_t size_bytes_ = 0;
};

}  // namespace mullama::store
