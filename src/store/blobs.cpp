#include "store/blobs.h"

#include "base/error.h"
#include "base/sha256.h"
#include "store/partial_file.h"
#include "store/unique_fd.h"
#include "store/wheel.h"

#include <fstream>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

namespace mullama::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPieceBytes = 1 << 20;

Result<void> make_folder(const fs::path& folder) {
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (!failed) return {};
    return fail(
        ErrorCode::kIo,
        "cannot make {} ({}): check the permissions of the folder above it",
        folder.string(),
        failed.message()
    );
}

bool has_size(const fs::path& file, std::int64_t size_bytes) {
    std::error_code failed;
    return fs::file_size(file, failed) == static_cast<std::uintmax_t>(size_bytes) && !failed;
}

/// Lets `target` share the blocks of `file`; false where the file system cannot.
bool reflink(const fs::path& file, const fs::path& target) {
    const UniqueFd source(open(file.c_str(), O_RDONLY | O_CLOEXEC));
    const UniqueFd copy(open(target.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    return source && copy && ioctl(copy.get(), FICLONE, source.get()) == 0 &&
           fsync(copy.get()) == 0;
}

}  // namespace

fs::path Blobs::path(std::string_view digest) const {
    return folder_ / ("sha256-" + std::string(digest.substr(digest.find(':') + 1)));
}

// "-partial" is the ending that Ollama clears away when it starts.
fs::path Blobs::partial(std::string_view name) const {
    return folder_ / (std::string(name) + "-partial");
}

Result<void> Blobs::write(const fs::path& target, std::string_view text) const {
    MULLAMA_TRY(make_folder(folder_));
    MULLAMA_TRY(make_folder(target.parent_path()));
    Result<PartialFile> file = PartialFile::create(partial("sha256-text"));
    if (!file) return std::move(file).error();
    MULLAMA_TRY(file->write(std::as_bytes(std::span(text))));
    return file->commit(target);
}

Result<AddedBlob> Blobs::add(std::string media_type, std::string_view text) const {
    const std::string digest = sha256_hex(text);
    Layer layer{std::move(media_type), "sha256:" + digest, static_cast<std::int64_t>(text.size())};
    const bool is_new = sha256_of(path(layer.digest)).value_or("") != digest;
    if (is_new) MULLAMA_TRY(write(path(layer.digest), text));
    return AddedBlob{std::move(layer), is_new};
}

Result<AddedBlob> Blobs::add_file(std::string media_type, const fs::path& file) const {
    Result<std::string> digest = digest_of(file);
    if (!digest) return std::move(digest).error();
    std::error_code failed;
    const auto size_bytes = static_cast<std::int64_t>(fs::file_size(file, failed));
    if (failed) {
        return fail(ErrorCode::kIo, "{} cannot be read ({})", file.string(), failed.message());
    }
    Layer layer{std::move(media_type), std::move(digest).value(), size_bytes};
    const bool is_new = !has_size(path(layer.digest), size_bytes);
    if (is_new) {
        MULLAMA_TRY(make_folder(folder_));
        MULLAMA_TRY(share(file, layer));
    }
    return AddedBlob{std::move(layer), is_new};
}

Result<std::string> Blobs::digest_of(const fs::path& file) const {
    constexpr std::string_view kPrefix = "sha256-";
    const std::string name = file.filename().string();
    if (file.parent_path() == folder_ && name.starts_with(kPrefix)) {
        return "sha256:" + name.substr(kPrefix.size());
    }
    Result<std::string> digest = sha256_of(file);
    if (!digest) return digest;
    return "sha256:" + *digest;
}

Result<void> Blobs::share(const fs::path& file, const Layer& layer) const {
    const fs::path beside = partial(path(layer.digest).filename().string());
    std::error_code failed;
    fs::remove(beside, failed);
    if (!reflink(file, beside)) {
        fs::remove(beside, failed);
        fs::create_hard_link(fs::canonical(file, failed), beside, failed);
        if (failed) return copy(file, layer);
    }
    return move_into_place(beside, path(layer.digest));
}

Result<void> Blobs::copy(const fs::path& file, const Layer& layer) const {
    Result<PartialFile> out = PartialFile::create(partial(path(layer.digest).filename().string()));
    if (!out) return std::move(out).error();
    std::ifstream in(file, std::ios::binary);
    std::vector<char> piece(kPieceBytes);
    while (in) {
        in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
        const auto count = static_cast<std::size_t>(in.gcount());
        MULLAMA_TRY(out->write(std::as_bytes(std::span(piece).first(count))));
    }
    if (in.bad()) return fail(ErrorCode::kIo, "{} cannot be read", file.string());
    if ("sha256:" + out->sha256() != layer.digest) {
        return fail(ErrorCode::kCorrupt, "{} changed while it was copied", file.string());
    }
    return out->commit(path(layer.digest));
}

}  // namespace mullama::store
