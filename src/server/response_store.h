#pragma once

#include "base/guarded.h"
#include "server/record_folder.h"
#include <mullama/result.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace mullama::server {

/// How much is kept. Where it is more, the oldest go.
struct ResponseLimits {
    std::size_t count_max = 1000;
    std::int64_t bytes_max = std::int64_t{512} * 1024 * 1024;
};

/// Responses that clients may come back to, on disk, one JSON file each. They outlive the server.
/// Threads: thread-safe. No lock is held while the disk works.
class ResponseStore {
  public:
    /// Keeps them in `folder`, which need not exist, and finds what is there. A folder without a
    /// path keeps nothing beyond the server's end.
    explicit ResponseStore(std::filesystem::path folder, ResponseLimits limits = {});
    /// Flushes.
    ~ResponseStore() { flush(); }
    ResponseStore(const ResponseStore&) = delete;
    ResponseStore& operator=(const ResponseStore&) = delete;

    /// From now on `id` is found. It is on the disk after the next flush(). Without effect where
    /// `id` is no name of a response, or the text is larger than all that may be kept.
    void keep(const std::string& id, std::string text);

    /// Brings the disk up to what is kept. A response that cannot be written is not kept.
    /// Blocks on the disk.
    void flush();

    /// Errors: kNotFound: there is none, or not any more. kIo.
    /// Blocks on the disk.
    Result<std::string> find(const std::string& id) const;

    /// The file goes with the next flush().
    /// Errors: kNotFound.
    Result<void> remove(const std::string& id);

  private:
    struct Record {
        std::uint64_t age = 0;
        std::int64_t size_bytes = 0;
        std::shared_ptr<const std::string> unwritten = {};  // until it is on the disk
    };
    struct State {
        std::map<std::string, Record, std::less<>> records;
        std::map<std::uint64_t, std::string> by_age;
        std::int64_t size_bytes = 0;
        std::uint64_t next_age = 0;
        std::deque<std::string> unwritten;
        std::deque<std::string> gone;  // their files are still there

        void add(const std::string& id, Record record);
        bool erase(const std::string& id);
    };

    void shrink(State& state) const;
    void write(const std::string& id);

    const RecordFolder folder_;
    const ResponseLimits limits_;
    Guarded<State> state_;
};

}  // namespace mullama::server
