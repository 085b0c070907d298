#pragma once

#include <mullama/result.h>

#include <cstddef>
#include <filesystem>
#include <span>

namespace mullama {

/// A file that appears under its name complete or not at all: it is written under a temporary name
/// in the same directory, and commit() flushes and renames it. Without commit() it is removed.
/// Threads: thread-compatible.
class AtomicFile {
  public:
    /// Creates the temporary file for `path`.
    /// Errors: kInvalidArgument: `path` is a directory. kNotFound: its directory does not exist.
    ///         kIo: the system refused.
    static Result<AtomicFile> create(const std::filesystem::path& path);

    AtomicFile(AtomicFile&& other) noexcept;
    AtomicFile& operator=(AtomicFile&& other) noexcept;
    ~AtomicFile();

    /// Appends `bytes`.
    /// Errors: kIo: the system refused, for example because the disk is full.
    Result<void> write(std::span<const std::byte> bytes);

    /// Brings the bytes to the disk, then the file to its name, replacing what was there.
    /// Errors: kIo: the system refused.
    Result<void> commit();

  private:
    AtomicFile(int descriptor, std::filesystem::path path, std::filesystem::path temporary_path);

    int descriptor_ = -1;
    std::filesystem::path path_;
    std::filesystem::path temporary_path_;  // Empty once it needs no removing.
};

}  // namespace mullama
