#include "store/partial_file.h"

#include "base/error.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>

namespace mullama::store {
namespace {

Error refused(const std::filesystem::path& path, int reason) {
    return fail(
        ErrorCode::kIo,
        "cannot write {} ({}): make room and check the folder's permissions",
        path.string(),
        std::strerror(reason)
    );
}

}  // namespace

Result<void> move_into_place(
    const std::filesystem::path& from, const std::filesystem::path& target
) {
    if (std::rename(from.c_str(), target.c_str()) != 0) return refused(target, errno);
    // The new name is durable once its folder is.
    UniqueFd folder(open(target.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder || fsync(folder.get()) != 0) return refused(target, errno);
    return {};
}

Result<PartialFile> PartialFile::create(const std::filesystem::path& path) {
    UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!fd) return refused(path, errno);
    return PartialFile(path, std::move(fd));
}

Result<void> PartialFile::write(std::span<const std::byte> bytes) {
    digest_.update(bytes);
    size_bytes_ += static_cast<std::int64_t>(bytes.size());
    while (!bytes.empty()) {
        ssize_t count = ::write(fd_.get(), bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return refused(path_, errno);
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

Result<void> PartialFile::commit(const std::filesystem::path& target) {
    if (fsync(fd_.get()) != 0) return refused(path_, errno);
    fd_.close();
    return move_into_place(path_, target);
}

}  // namespace mullama::store
