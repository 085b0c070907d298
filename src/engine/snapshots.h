#pragma once

#include "base/guarded.h"
#include "engine/prefix_tree.h"
#include "engine/snapshot_folder.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <thread>
#include <variant>
#include <vector>

namespace mullama {

/// Beginnings of texts on the disk, where they outlive the engine. A thread of its own reads and
/// writes, so that nobody waits for the disk but who asks for something that lies there.
/// Threads: engine thread only, but for the constructor and the destructor.
class Snapshots {
  public:
    /// What is on its way from the disk.
    using Ticket = std::uint64_t;

    /// What waits to be written takes no more memory than this; what else comes is not written.
    static constexpr std::size_t kWaitingBytesMax = std::size_t{256} << 20;

    /// Keeps at most `bytes_max` in the folder. Calls `on_read` on its own thread when a ticket
    /// will be done with the next take_read(). With `whole`, only whole pieces are of use.
    Snapshots(
        SnapshotFolder folder, std::size_t bytes_max, bool whole, std::function<void()> on_read
    );
    /// Waits until all that was kept is on the disk.
    ~Snapshots();

    /// How many of a text's tokens are there.
    std::int32_t find(std::span<const Token> tokens) { return index_.find(tokens, whole_).tokens; }

    /// How many of them one that is there begins with, whether or not they are of use.
    std::int32_t known(std::span<const Token> tokens) {
        return index_.find(tokens, /*whole=*/false).tokens;
    }

    /// Starts reading what find() finds, from the token `from` on, up to `bytes_max`.
    Ticket fetch(std::span<const Token> tokens, std::int32_t from, std::size_t bytes_max);
    /// Whether take_read() has given all that there is of it.
    bool is_done(Ticket ticket) const { return taken_ >= ticket; }
    /// What has been read, those that others go on from first.
    std::vector<Snapshot> take_read();

    /// Writes the pieces that `tokens` begins with, if they are not there.
    void keep(std::span<const Token> tokens, const PrefixTree<SharedState>::Match& pieces);

    /// How many bytes are there, or on their way.
    std::size_t bytes() const { return index_.bytes(); }

  private:
    struct Fetch {
        Ticket ticket = 0;
        std::vector<SnapshotFile> files = {};
    };
    struct Removal {
        SnapshotFile file = {};
    };
    using Write = SnapshotFolder::Entry;
    using Job = std::variant<std::monostate, Fetch, Removal, Write>;  // in order of urgency

    struct State {
        std::deque<Fetch> fetches = {};
        std::deque<Removal> removals = {};
        std::deque<Write> writes = {};
        std::size_t write_bytes = 0;
        std::vector<Snapshot> read = {};
        std::vector<SnapshotFile> lost = {};  // could not be read
        Ticket done = 0;
        bool failed = false;  // to write
        bool stopping = false;

        bool is_idle() const { return fetches.empty() && removals.empty() && writes.empty(); }
    };

    void load_index();
    void remove(const SnapshotFile& file);

    // On its own thread.
    void work();
    Job next();
    void run(const Fetch& fetch);
    void run(const Write& write);
    std::optional<Snapshot> read(const SnapshotFile& file);

    const SnapshotFolder folder_;
    const bool whole_;
    const std::function<void()> on_read_;
    Guarded<State> state_;
    PrefixTree<SnapshotFile> index_;
    Ticket last_ticket_ = 0;
    Ticket taken_ = 0;
    std::jthread thread_;
};

}  // namespace mullama
