#pragma once

#include "api/openai/files.h"
#include "base/guarded.h"
#include "server/record_folder.h"
#include <mullama/result.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mullama::server {

/// How much clients may upload. Beyond, they have to delete something first.
struct FileLimits {
    std::size_t count_max = 10'000;
    std::int64_t bytes_max = std::int64_t{16} * 1024 * 1024 * 1024;
};

/// Files that clients upload, and those that batches make, on disk: a description and a content
/// each. They outlive the server. Files that have expired are gone.
/// Threads: thread-safe; all block on the disk. No lock is held meanwhile.
class FileStore {
  public:
    /// Keeps them in `folder`, which need not exist, and finds what is there. A folder without a
    /// path takes none.
    explicit FileStore(std::filesystem::path folder, FileLimits limits = {});

    /// Adds an upload under `file.id`; gives it with its size.
    /// Errors: kExhausted: there are too many, or they are too large. kUnavailable, kIo.
    Result<api::openai::FileInfo> add(api::openai::FileInfo file, std::string_view content);

    /// Moves a file of the server's own to the others; replaces one of the same id. The limits are
    /// not for it.
    /// Errors: kIo.
    Result<api::openai::FileInfo> adopt(
        api::openai::FileInfo file, const std::filesystem::path& from
    );

    /// Errors: kNotFound.
    Result<api::openai::FileInfo> find(const std::string& id) const;
    /// Oldest first.
    std::vector<api::openai::FileInfo> list() const;
    /// Where its content is.
    /// Errors: kNotFound.
    Result<std::filesystem::path> content(const std::string& id) const;
    /// Errors: kNotFound.
    Result<void> remove(const std::string& id);

  private:
    std::filesystem::path content_path(const std::string& id) const;
    Result<void> check_room(std::int64_t size_bytes) const;
    void remove_expired();
    void remove_strays() const;

    const RecordFolder folder_;
    const FileLimits limits_;
    Guarded<std::map<std::string, api::openai::FileInfo>> files_;
};

}  // namespace mullama::server
