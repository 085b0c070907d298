#include "server/batch_results.h"

#include "base/error.h"
#include "store/unique_fd.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include <fcntl.h>

namespace mullama::server {
namespace {

namespace fs = std::filesystem;

Error refused(const fs::path& path, std::string_view reason) {
    return fail(
        ErrorCode::kIo,
        "cannot write {} ({}): make room and check the folder's permissions",
        path.string(),
        reason
    );
}

}  // namespace

Result<void> append_line(const fs::path& path, std::string_view line) {
    const store::UniqueFd fd(
        open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR)
    );
    const off_t end = fd ? lseek(fd.get(), 0, SEEK_END) : -1;
    if (end < 0) return refused(path, std::strerror(errno));
    std::string text(line);
    text += '\n';
    std::string_view left = text;
    while (!left.empty()) {
        const ssize_t count = write(fd.get(), left.data(), left.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            const std::string reason = std::strerror(errno);
            [[maybe_unused]] const int cut = ftruncate(fd.get(), end);
            return refused(path, reason);
        }
        left.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

Result<void> read_lines(
    const fs::path& path, const std::function<Result<void>(std::string_view)>& take
) {
    std::error_code failed;
    if (!fs::exists(path, failed)) return {};
    std::uintmax_t whole = 0;
    std::string line;
    std::ifstream file(path, std::ios::binary);
    while (std::getline(file, line) && !file.eof()) {
        MULLAMA_TRY(take(line));
        whole += line.size() + 1;
    }
    file.close();
    if (fs::file_size(path, failed) > whole) fs::resize_file(path, whole, failed);
    if (failed) return refused(path, failed.message());
    return {};
}

}  // namespace mullama::server
