#include "server/record_folder.h"

#include "base/error.h"
#include "store/partial_file.h"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>
#include <span>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace mullama::server {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEnding = ".json";
constexpr std::string_view kPartial = ".partial";
constexpr std::size_t kIdLengthMax = 64;

bool is_id_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

}  // namespace

bool is_record_id(std::string_view id, std::string_view prefix) {
    if (!id.starts_with(prefix)) return false;
    const std::string_view rest = id.substr(prefix.size());
    return !rest.empty() && rest.size() <= kIdLengthMax && std::ranges::all_of(rest, is_id_letter);
}

RecordFolder::RecordFolder(fs::path folder, std::string prefix)
    : folder_(std::move(folder)), prefix_(std::move(prefix)) {}

std::vector<RecordFolder::Entry> RecordFolder::list() const {
    struct Found {
        fs::file_time_type modified;
        Entry entry;
    };
    std::vector<Found> found;
    std::error_code failed;
    for (fs::directory_iterator file(folder_, failed), end; !failed && file != end;
         file.increment(failed)) {
        std::error_code ignored;
        if (file->path().extension() == kPartial) fs::remove(file->path(), ignored);
        if (file->path().extension() != kEnding) continue;
        std::string id = file->path().stem().string();
        if (!is_record_id(id, prefix_) || !file->is_regular_file(ignored)) continue;
        const auto size = static_cast<std::int64_t>(file->file_size(ignored));
        found.push_back({file->last_write_time(ignored), {std::move(id), size}});
    }
    std::ranges::sort(found, [](const Found& left, const Found& right) {
        return std::tie(left.modified, left.entry.id) < std::tie(right.modified, right.entry.id);
    });
    std::vector<Entry> entries;
    for (Found& each : found) entries.push_back(std::move(each.entry));
    return entries;
}

Result<void> RecordFolder::create() const {
    if (folder_.empty()) {
        return fail(ErrorCode::kUnavailable, "this server has no folder to keep anything in");
    }
    std::error_code failed;
    const bool is_new = fs::create_directories(folder_, failed);
    if (failed) {
        return fail(
            ErrorCode::kIo,
            "cannot make the folder {} ({}): check its permissions",
            folder_.string(),
            failed.message()
        );
    }
    // What clients have said is for the server's user only.
    if (is_new) fs::permissions(folder_, fs::perms::owner_all, failed);
    return {};
}

Result<void> RecordFolder::write(const std::string& id, std::string_view text) const {
    MULLAMA_TRY(create());
    return write_file(beside(id, kEnding), text);
}

Result<std::string> RecordFolder::read(const std::string& id) const {
    if (folder_.empty()) return fail(ErrorCode::kNotFound, "there is no record '{}'", id);
    return read_file(beside(id, kEnding));
}

void RecordFolder::remove(const std::string& id) const {
    std::error_code ignored;
    if (!folder_.empty()) fs::remove(beside(id, kEnding), ignored);
}

fs::path RecordFolder::beside(const std::string& id, std::string_view ending) const {
    return folder_ / (id + std::string(ending));
}

Result<std::string> read_file(const fs::path& path) {
    std::error_code failed;
    if (!fs::exists(path, failed)) {
        return fail(ErrorCode::kNotFound, "there is no file {}", path.string());
    }
    std::ifstream file(path, std::ios::binary);
    std::string text(std::istreambuf_iterator<char>(file), {});
    if (!file || file.bad()) {
        return fail(ErrorCode::kIo, "cannot read {}: check the file's permissions", path.string());
    }
    return text;
}

Result<void> write_file(const fs::path& path, std::string_view bytes) {
    static std::atomic<std::uint64_t> attempts = 0;
    fs::path partial = path;
    partial += fmt::format(".{}{}", attempts++, kPartial);
    Result<store::PartialFile> file = store::PartialFile::create(partial);
    if (!file) return std::move(file).error();
    Result<void> done = file->write(std::as_bytes(std::span(bytes)));
    if (done) done = file->commit(path);
    std::error_code ignored;
    if (!done) fs::remove(partial, ignored);
    return done;
}

}  // namespace mullama::server
