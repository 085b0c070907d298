#pragma once

#include <mullama/result.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mullama::server {

/// Whether `id` is `prefix` and 1 to 64 letters, digits, '-' and '_' after it: what can be the name
/// of a file and nothing else.
bool is_record_id(std::string_view id, std::string_view prefix);

/// A folder with one JSON file for each record, complete or not there. A folder without a path
/// keeps nothing.
/// Threads: thread-safe, for different records.
class RecordFolder {
  public:
    struct Entry {
        std::string id = {};
        std::int64_t size_bytes = 0;
    };

    /// Records have names that is_record_id() knows with `prefix`. Creates nothing.
    RecordFolder(std::filesystem::path folder, std::string prefix);

    /// The records, oldest first. What a crash has left half-written is taken away.
    std::vector<Entry> list() const;

    /// Errors: kUnavailable: the folder has no path. kIo.
    Result<void> write(const std::string& id, std::string_view text) const;
    /// Errors: kNotFound; kIo.
    Result<std::string> read(const std::string& id) const;
    /// Where there is none, nothing happens.
    void remove(const std::string& id) const;

    const std::filesystem::path& path() const { return folder_; }
    /// Where a file that goes with a record lies; `ending` begins with '.' and is not ".json".
    std::filesystem::path beside(const std::string& id, std::string_view ending) const;

    /// Makes the folder, for its owner only.
    /// Errors: kUnavailable: it has no path. kIo.
    Result<void> create() const;

  private:
    std::filesystem::path folder_;
    std::string prefix_;
};

/// The bytes of a file.
/// Errors: kNotFound; kIo.
Result<std::string> read_file(const std::filesystem::path& path);

/// Puts `bytes` in a file that is complete or not there.
/// Errors: kIo.
Result<void> write_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace mullama::server
