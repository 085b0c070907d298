#include "engine/snapshots.h"

#include <algorithm>
#include <ranges>
#include <utility>

namespace mullama {

Snapshots::Snapshots(
    SnapshotFolder folder, std::size_t bytes_max, bool whole, std::function<void()> on_read
)
    : folder_(std::move(folder)),
      whole_(whole),
      on_read_(std::move(on_read)),
      index_(bytes_max, [this](const SnapshotFile& file) { remove(file); }) {
    load_index();
    thread_ = std::jthread([this] { work(); });
}

Snapshots::~Snapshots() {
    state_.lock()->stopping = true;
    state_.notify_all();
}

void Snapshots::load_index() {
    auto entries = folder_.list();
    std::vector<const SnapshotFolder::Entry*> short_first;
    for (const auto& entry : entries) short_first.push_back(&entry);
    std::ranges::stable_sort(short_first, {}, [](const auto* entry) {
        return entry->snapshot.tokens.size();
    });
    for (const auto* entry : short_first) {
        const auto& [file, snapshot] = *entry;
        if (!index_.add(snapshot.tokens, snapshot.begin, file, file.bytes)) remove(file);
    }
    for (const auto& entry : entries) index_.find(entry.snapshot.tokens, /*whole=*/true);
}

Snapshots::Ticket Snapshots::fetch(
    std::span<const Token> tokens, std::int32_t from, std::size_t bytes_max
) {
    Fetch fetch{.ticket = ++last_ticket_};
    std::size_t bytes = 0;
    for (const auto& part : index_.find(tokens, whole_).parts) {
        if (part.end <= from) continue;
        bytes += part.state.bytes;
        if (bytes > bytes_max) break;
        fetch.files.push_back(part.state);
    }
    state_.lock()->fetches.push_back(std::move(fetch));
    state_.notify_all();
    return last_ticket_;
}

std::vector<Snapshot> Snapshots::take_read() {
    std::vector<SnapshotFile> lost;
    std::vector<Snapshot> read;
    {
        const auto state = state_.lock();
        lost.swap(state->lost);
        read.swap(state->read);
        taken_ = state->done;
    }
    for (const SnapshotFile& file : lost) index_.cut(file);
    return read;
}

void Snapshots::keep(std::span<const Token> tokens, const PrefixTree<SharedState>::Match& pieces) {
    const std::int32_t there = index_.find(tokens, /*whole=*/true).tokens;
    for (const auto& [begin, end, saved] : pieces.parts) {
        if (end <= there) continue;
        const auto until = tokens.first(static_cast<std::size_t>(end));
        const SnapshotFile file{
            snapshot_id(until, begin), snapshot_bytes(until.size(), saved->size())
        };
        {
            const auto state = state_.lock();
            if (state->failed || state->write_bytes + file.bytes > kWaitingBytesMax) return;
        }
        if (!index_.add(until, begin, file, file.bytes)) return;
        const auto state = state_.lock();
        state->writes.push_back({file, {{until.begin(), until.end()}, begin, saved}});
        state->write_bytes += file.bytes;
    }
    state_.notify_all();
}

void Snapshots::remove(const SnapshotFile& file) {
    {
        const auto state = state_.lock();
        const auto waits = [&](const Write& write) { return write.file == file; };
        const auto waiting = std::ranges::find_if(state->writes, waits);
        if (waiting != state->writes.end()) {
            state->write_bytes -= file.bytes;
            state->writes.erase(waiting);
        }
        state->removals.push_back({file});
    }
    state_.notify_all();
}

void Snapshots::work() {
    for (;;) {
        const Job job = next();
        if (const auto* fetch = std::get_if<Fetch>(&job)) {
            run(*fetch);
        } else if (const auto* removal = std::get_if<Removal>(&job)) {
            folder_.remove(removal->file.id);
        } else if (const auto* write = std::get_if<Write>(&job)) {
            run(*write);
        } else {
            return;
        }
    }
}

Snapshots::Job Snapshots::next() {
    const auto take = [](auto& jobs) {
        Job job = std::move(jobs.front());
        jobs.pop_front();
        return job;
    };
    const auto state = state_.lock_when([](const State& s) { return s.stopping || !s.is_idle(); });
    if (!state->fetches.empty()) return take(state->fetches);
    if (!state->removals.empty()) return take(state->removals);
    if (state->writes.empty()) return {};
    state->write_bytes -= state->writes.front().file.bytes;
    return take(state->writes);
}

void Snapshots::run(const Fetch& fetch) {
    for (const SnapshotFile& file : fetch.files) {
        auto snapshot = read(file);
        const auto state = state_.lock();
        if (!snapshot) {
            state->lost.push_back(file);
            break;
        }
        state->read.push_back(*std::move(snapshot));
    }
    state_.lock()->done = fetch.ticket;
    on_read_();
}

// What has not been written yet is taken as it is.
std::optional<Snapshot> Snapshots::read(const SnapshotFile& file) {
    {
        const auto state = state_.lock();
        for (const Write& write : state->writes) {
            if (write.file == file) return write.snapshot;
        }
    }
    auto snapshot = folder_.read(file.id);
    if (!snapshot) return std::nullopt;
    return *std::move(snapshot);
}

// A disk that refuses once is asked no more.
void Snapshots::run(const Write& write) {
    if (folder_.write(write.snapshot)) return;
    const auto state = state_.lock();
    state->failed = true;
    state->lost.push_back(write.file);
    for (const Write& other : state->writes) state->lost.push_back(other.file);
    state->writes.clear();
    state->write_bytes = 0;
}

}  // namespace mullama
