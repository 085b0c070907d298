#include "engine/snapshot_folder.h"

#include "base/error.h"
#include "base/xxh64.h"
#include "gguf/atomic_file.h"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>

namespace mullama {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEnding = ".snapshot";
constexpr std::string_view kTemporary = ".tmp";
constexpr std::array<char, 8> kMagic = {'M', 'U', 'L', 'P', 'I', 'E', 'C', 'E'};
constexpr std::uint32_t kVersion = 1;
constexpr std::chrono::hours kWritingMax{1};  // what is older and not complete was left by a crash

static_assert(std::endian::native == std::endian::little);

/// How a file begins; the tokens follow, then the state.
struct Head {
    std::array<char, 8> magic = kMagic;
    std::uint32_t version = kVersion;
    std::int32_t begin = 0;
    std::uint64_t key = 0;
    std::uint64_t token_count = 0;
    std::uint64_t state_bytes = 0;
    std::uint64_t state_hash = 0;
};
static_assert(sizeof(Head) == 48);

template <typename Element>
bool read_into(std::istream& file, std::span<Element> elements) {
    const auto size = static_cast<std::streamsize>(elements.size_bytes());
    file.read(reinterpret_cast<char*>(elements.data()), size);
    return file.gcount() == size;
}

// The head and the tokens of a file of `bytes` bytes, where these can be right.
std::optional<std::pair<Head, Snapshot>> read_beginning(
    std::istream& file, std::uint64_t bytes, std::uint64_t key
) {
    Head head;
    if (!read_into(file, std::span(&head, 1))) return std::nullopt;
    if (head.magic != kMagic || head.version != kVersion || head.key != key) return std::nullopt;
    if (head.token_count > bytes / sizeof(Token) || head.state_bytes > bytes) return std::nullopt;
    const auto count = static_cast<std::size_t>(head.token_count);
    if (snapshot_bytes(count, static_cast<std::size_t>(head.state_bytes)) != bytes) {
        return std::nullopt;
    }
    if (head.begin < 0 || static_cast<std::size_t>(head.begin) >= count) return std::nullopt;
    Snapshot snapshot{.begin = head.begin};
    snapshot.tokens.resize(count);
    if (!read_into(file, std::span(snapshot.tokens))) return std::nullopt;
    return std::pair(head, std::move(snapshot));
}

struct FoundFile {
    fs::path path = {};
    std::uint64_t bytes = 0;
    fs::file_time_type used = {};
};

// The files below `folder` whose names end like that, the one used least recently first.
std::vector<FoundFile> files_of(const fs::path& folder, std::string_view ending) {
    std::vector<FoundFile> files;
    std::error_code failed;
    for (fs::recursive_directory_iterator file(folder, failed), end; !failed && file != end;
         file.increment(failed)) {
        if (file->path().extension() != ending) continue;
        std::error_code gone;
        FoundFile found{.path = file->path()};
        if (!file->is_regular_file(gone) || gone) continue;
        found.bytes = file->file_size(gone);
        if (!gone) found.used = file->last_write_time(gone);
        if (!gone) files.push_back(std::move(found));
    }
    std::ranges::sort(files, {}, [](const FoundFile& file) {
        return std::tie(file.used, file.path);
    });
    return files;
}

Error damaged(const fs::path& path) {
    return fail(ErrorCode::kCorrupt, "{} is damaged", path.string());
}

}  // namespace

SnapshotId snapshot_id(std::span<const Token> tokens, std::int32_t begin) {
    Xxh64 hash;
    hash.update(static_cast<std::uint64_t>(begin));
    hash.update(std::as_bytes(tokens));
    return hash.value();
}

std::size_t snapshot_bytes(std::size_t tokens, std::size_t state_bytes) {
    return sizeof(Head) + tokens * sizeof(Token) + state_bytes;
}

Result<SnapshotFolder> SnapshotFolder::open(const fs::path& root, std::uint64_t key) {
    fs::path folder = root / fmt::format("{:016x}", key);
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (!failed) {
        // They hold what users have said.
        fs::permissions(root, fs::perms::owner_all, failed);
    }
    if (failed) {
        return fail(
            ErrorCode::kIo,
            "the folder {} for snapshots cannot be made: {}",
            folder.string(),
            failed.message()
        );
    }
    for (const FoundFile& file : files_of(folder, kTemporary)) {
        if (fs::file_time_type::clock::now() - file.used < kWritingMax) continue;
        std::error_code ignored;
        fs::remove(file.path, ignored);
    }
    return SnapshotFolder(std::move(folder), key);
}

fs::path SnapshotFolder::path_of(SnapshotId id) const {
    return folder_ / fmt::format("{:016x}{}", id, kEnding);
}

std::vector<SnapshotFolder::Entry> SnapshotFolder::list() const {
    std::vector<Entry> entries;
    for (const FoundFile& found : files_of(folder_, kEnding)) {
        std::ifstream file(found.path, std::ios::binary);
        auto beginning = read_beginning(file, found.bytes, key_);
        if (!beginning) continue;
        Snapshot& snapshot = beginning->second;
        const SnapshotId id = snapshot_id(snapshot.tokens, snapshot.begin);
        if (found.path != path_of(id)) continue;
        entries.push_back({{id, static_cast<std::size_t>(found.bytes)}, std::move(snapshot)});
    }
    return entries;
}

Result<void> SnapshotFolder::write(const Snapshot& snapshot) const {
    const std::span<const std::byte> state = *snapshot.state;
    Head head;
    head.begin = snapshot.begin;
    head.key = key_;
    head.token_count = snapshot.tokens.size();
    head.state_bytes = state.size();
    head.state_hash = xxh64(state);
    auto file = AtomicFile::create(path_of(snapshot_id(snapshot.tokens, snapshot.begin)));
    if (!file) return std::move(file).error();
    MULLAMA_TRY(file->write(std::as_bytes(std::span(&head, 1))));
    MULLAMA_TRY(file->write(std::as_bytes(std::span(snapshot.tokens))));
    MULLAMA_TRY(file->write(state));
    return file->commit();
}

Result<Snapshot> SnapshotFolder::read(SnapshotId id) const {
    const fs::path path = path_of(id);
    std::ifstream file(path, std::ios::binary);
    std::error_code failed;
    const std::uint64_t bytes = fs::file_size(path, failed);
    if (!file || failed) return fail(ErrorCode::kNotFound, "no snapshot {}", path.string());
    auto beginning = read_beginning(file, bytes, key_);
    if (!beginning) return damaged(path);
    auto& [head, snapshot] = *beginning;
    auto state =
        std::make_shared<std::vector<std::byte>>(static_cast<std::size_t>(head.state_bytes));
    if (!read_into(file, std::span(*state))) return damaged(path);
    const bool is_named_right = snapshot_id(snapshot.tokens, snapshot.begin) == id;
    if (!is_named_right || xxh64(*state) != head.state_hash) return damaged(path);
    snapshot.state = std::move(state);
    fs::last_write_time(path, fs::file_time_type::clock::now(), failed);
    return std::move(snapshot);
}

void SnapshotFolder::remove(SnapshotId id) const {
    std::error_code ignored;
    fs::remove(path_of(id), ignored);
}

void trim_snapshots(const fs::path& root, std::size_t bytes_max) {
    const auto files = files_of(root, kEnding);
    std::uint64_t bytes = 0;
    for (const FoundFile& file : files) bytes += file.bytes;
    for (const FoundFile& file : files) {
        if (bytes <= bytes_max) return;
        std::error_code ignored;
        fs::remove(file.path, ignored);
        bytes -= file.bytes;
    }
}

}  // namespace mullama
