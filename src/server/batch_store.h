#pragma once

#include "api/openai/batches.h"
#include "base/guarded.h"
#include "server/record_folder.h"
#include "store/file_lock.h"
#include <mullama/result.h>

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace mullama::server {

/// How many batches are kept. Where there are more, the oldest that have ended go.
struct BatchLimits {
    std::size_t count_max = 1000;
};

/// Batches on disk, with the answers of those that run. They outlive the server. Of several servers
/// with the same folder the first has its batches.
/// Threads: thread-safe; a batch is changed by one thread at a time. No lock is held while the disk
///          works.
class BatchStore {
  public:
    /// Keeps them in `folder`, which is made, and finds what is there. A folder without a path
    /// takes none.
    explicit BatchStore(std::filesystem::path folder, BatchLimits limits = {});

    /// Adds one under its id. Blocks on the disk.
    /// Errors: kExhausted: there are too many that have not ended. kUnavailable: another server has
    ///         the folder, or it has no path. kIo.
    Result<void> add(const api::openai::Batch& batch);

    /// Puts one in the place of what is known of it; on the disk too when it returns.
    /// Errors: kIo: it counts until the server ends.
    Result<void> put(const api::openai::Batch& batch);
    /// The same without the disk, for what can be counted again.
    void show(const api::openai::Batch& batch);

    /// Errors: kNotFound.
    Result<api::openai::Batch> find(const std::string& id) const;
    /// Oldest first.
    std::vector<api::openai::Batch> list() const;

    /// Where the lines of answers are kept while it runs: those that went well, and the others.
    std::filesystem::path outputs(const std::string& id) const;
    std::filesystem::path errors(const std::string& id) const;

  private:
    Result<store::FileLock> take_folder() const;
    Result<void> make_room();

    const RecordFolder folder_;
    const BatchLimits limits_;
    const Result<store::FileLock> lock_;
    Guarded<std::map<std::string, api::openai::Batch>> batches_;
};

}  // namespace mullama::server
