#include "server/file_store.h"

#include "api/times.h"
#include "base/error.h"

#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>

namespace mullama::server {
namespace {

namespace fs = std::filesystem;
using api::openai::FileInfo;

constexpr const char* kPrefix = "file-";
constexpr std::string_view kContent = ".data";

Error not_found(const std::string& id) {
    return fail(ErrorCode::kNotFound, "No such File object: {}", id);
}

bool has_expired(const FileInfo& file) {
    return file.expires && *file.expires <= api::unix_seconds(std::chrono::system_clock::now());
}

}  // namespace

FileStore::FileStore(fs::path folder, FileLimits limits)
    : folder_(std::move(folder), kPrefix), limits_(limits) {
    for (const RecordFolder::Entry& entry : folder_.list()) {
        const Result<std::string> text = folder_.read(entry.id);
        Result<FileInfo> file = text ? api::openai::read_file_info(*text) : text.error();
        if (file && file->id == entry.id) files_.lock()->emplace(entry.id, *std::move(file));
    }
    remove_expired();
    remove_strays();
}

// A content without a description is of an upload that a crash cut short.
void FileStore::remove_strays() const {
    std::error_code failed;
    for (fs::directory_iterator file(folder_.path(), failed), end; !failed && file != end;
         file.increment(failed)) {
        std::error_code ignored;
        const std::string id = file->path().stem().string();
        const bool is_content = file->path().extension() == kContent && is_record_id(id, kPrefix);
        if (!is_content || fs::exists(folder_.beside(id, ".json"), ignored)) continue;
        fs::remove(file->path(), ignored);
    }
}

fs::path FileStore::content_path(const std::string& id) const {
    return folder_.beside(id, kContent);
}

Result<void> FileStore::check_room(std::int64_t size_bytes) const {
    const auto files = files_.lock();
    std::int64_t sum = size_bytes;
    for (const auto& [id, file] : *files) sum += file.size_bytes;
    if (files->size() < limits_.count_max && sum <= limits_.bytes_max) return {};
    return fail(
        ErrorCode::kExhausted,
        "there are {} files already, and with this one they have {} bytes; up to {} files and {} "
        "bytes are kept: delete some",
        files->size(),
        sum,
        limits_.count_max,
        limits_.bytes_max
    );
}

Result<FileInfo> FileStore::add(FileInfo file, std::string_view content) {
    remove_expired();
    file.size_bytes = std::ssize(content);
    MULLAMA_TRY(check_room(file.size_bytes));
    MULLAMA_TRY(folder_.create());
    MULLAMA_TRY(write_file(content_path(file.id), content));
    const Result<void> written = folder_.write(file.id, api::openai::format_file(file));
    if (!written) {
        std::error_code ignored;
        fs::remove(content_path(file.id), ignored);
        return written.error();
    }
    files_.lock()->insert_or_assign(file.id, file);
    return file;
}

// The description goes first: a content without one would be lost at the next start, and whoever
// was stopped here still has it.
Result<FileInfo> FileStore::adopt(FileInfo file, const fs::path& from) {
    std::error_code failed;
    file.size_bytes = static_cast<std::int64_t>(fs::file_size(from, failed));
    if (!failed) {
        MULLAMA_TRY(folder_.write(file.id, api::openai::format_file(file)));
        fs::rename(from, content_path(file.id), failed);
        if (failed) folder_.remove(file.id);
    }
    if (failed) {
        return fail(
            ErrorCode::kIo,
            "cannot move {} to {} ({}): check the folders' permissions",
            from.string(),
            folder_.path().string(),
            failed.message()
        );
    }
    files_.lock()->insert_or_assign(file.id, file);
    return file;
}

Result<FileInfo> FileStore::find(const std::string& id) const {
    const auto files = files_.lock();
    const auto found = files->find(id);
    if (found == files->end() || has_expired(found->second)) return not_found(id);
    return found->second;
}

std::vector<FileInfo> FileStore::list() const {
    std::vector<FileInfo> all;
    {
        const auto files = files_.lock();
        for (const auto& [id, file] : *files) {
            if (!has_expired(file)) all.push_back(file);
        }
    }
    std::ranges::sort(all, [](const FileInfo& left, const FileInfo& right) {
        return std::tie(left.created, left.id) < std::tie(right.created, right.id);
    });
    return all;
}

Result<fs::path> FileStore::content(const std::string& id) const {
    const Result<FileInfo> file = find(id);
    if (!file) return file.error();
    return content_path(id);
}

Result<void> FileStore::remove(const std::string& id) {
    if (files_.lock()->erase(id) == 0) return not_found(id);
    folder_.remove(id);
    std::error_code ignored;
    fs::remove(content_path(id), ignored);
    return {};
}

void FileStore::remove_expired() {
    std::vector<std::string> expired;
    {
        const auto files = files_.lock();
        for (const auto& [id, file] : *files) {
            if (has_expired(file)) expired.push_back(id);
        }
    }
    for (const std::string& id : expired) (void)remove(id);
}

}  // namespace mullama::server
