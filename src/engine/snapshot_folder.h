#pragma once

#include "engine/prefix_tree.h"
#include <mullama/result.h>
#include <mullama/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace mullama {

/// A piece of a text that was computed.
struct Snapshot {
    std::vector<Token> tokens = {};  ///< Of the text, up to where the piece ends.
    std::int32_t begin = 0;          ///< Where the piece begins.
    SharedState state = {};          ///< Null where only the rest is known.
};

/// The number that a snapshot's file is named by: made of all that it holds but the state.
using SnapshotId = std::uint64_t;
SnapshotId snapshot_id(std::span<const Token> tokens, std::int32_t begin);

/// A snapshot's file.
struct SnapshotFile {
    SnapshotId id = 0;
    std::size_t bytes = 0;

    friend bool operator==(const SnapshotFile&, const SnapshotFile&) = default;
};

/// How long a snapshot's file is.
std::size_t snapshot_bytes(std::size_t tokens, std::size_t state_bytes);

/// Snapshots as files, one for each, in a folder for what computes alike. A file appears complete
/// or not at all; what is damaged or from elsewhere counts as not there.
/// Threads: thread-safe.
class SnapshotFolder {
  public:
    struct Entry {
        SnapshotFile file = {};
        Snapshot snapshot = {};  ///< Without its state.
    };

    /// A folder below `root` for snapshots that are good for a decoder with this state_key().
    /// Makes it, for its owner only, and takes away what a crash left half written.
    /// Errors:  kIo: it cannot be made.
    static Result<SnapshotFolder> open(const std::filesystem::path& root, std::uint64_t key);

    /// What there is, by when it was used, the oldest first.
    std::vector<Entry> list() const;

    /// Errors:  kIo: the disk is full, or refuses.
    Result<void> write(const Snapshot& snapshot) const;

    /// A snapshot, which counts as used.
    /// Errors:  kNotFound: no such file. kCorrupt: it is damaged. kIo.
    Result<Snapshot> read(SnapshotId id) const;

    /// Where there is none, nothing happens.
    void remove(SnapshotId id) const;

  private:
    SnapshotFolder(std::filesystem::path folder, std::uint64_t key)
        : folder_(std::move(folder)), key_(key) {}

    std::filesystem::path path_of(SnapshotId id) const;

    std::filesystem::path folder_;
    std::uint64_t key_;
};

/// Removes those snapshots of all folders below `root` that were used least recently, until there
/// are at most `bytes_max` bytes.
void trim_snapshots(const std::filesystem::path& root, std::size_t bytes_max);

}  // namespace mullama
