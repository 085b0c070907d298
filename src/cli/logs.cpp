#include "base/error.h"
#include "cli/daemon_start.h"
#include "cli/interrupt.h"
#include "cli/verbs.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace mullama::cli {
namespace {

namespace fs = std::filesystem;

// How long Ctrl-C may go unnoticed.
constexpr int kLookMs = 100;

// Puts `in` where its last `lines` lines begin.
void skip_to_last_lines(std::ifstream& in, std::int32_t lines) {
    if (lines < 0) return;
    std::int64_t total = 0;
    for (std::string line; std::getline(in, line);) ++total;
    in.clear();
    in.seekg(0);
    std::string line;
    for (std::int64_t skip = total - lines; skip > 0; --skip) std::getline(in, line);
}

void copy_rest(std::ifstream& in) {
    std::array<char, 1 << 16> buffer{};
    while (in.read(buffer.data(), buffer.size()), in.gcount() > 0) {
        std::cout.write(buffer.data(), in.gcount());
    }
    in.clear();
    std::cout.flush();
}

/// Says when a file changes.
class FileWatch {
  public:
    explicit FileWatch(const fs::path& file) : fd_(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
        inotify_add_watch(fd_, file.c_str(), IN_MODIFY | IN_MOVE_SELF | IN_DELETE_SELF);
    }
    FileWatch(const FileWatch&) = delete;
    FileWatch& operator=(const FileWatch&) = delete;
    ~FileWatch() { close(fd_); }

    /// Waits a while for the next change; false where there was none.
    bool wait() {
        pollfd event{.fd = fd_, .events = POLLIN, .revents = 0};
        if (poll(&event, 1, kLookMs) <= 0) return false;
        std::array<char, 4096> events{};
        return read(fd_, events.data(), events.size()) > 0;
    }

  private:
    int fd_;
};

// Until Ctrl-C, or until a new server has begun a new log.
void follow(std::ifstream& in, const fs::path& file) {
    const Interrupt interrupt;
    FileWatch watch(file);
    copy_rest(in);
    while (std::cout && !interrupt.pressed()) {
        if (watch.wait()) copy_rest(in);
    }
}

}  // namespace

ExitCode logs(const LogsArguments& arguments) {
    const Result<fs::path> file = daemon_log_file();
    if (!file) return report(file.error());
    std::ifstream in(*file);
    if (!in) {
        return report(fail(
            ErrorCode::kNotFound,
            "there is no log: {} is written by a server that `mullama run` started in the "
            "background; one that `mullama serve` runs writes to its own stderr",
            file->string()
        ));
    }
    skip_to_last_lines(in, arguments.lines);
    if (arguments.follow) {
        follow(in, *file);
    } else {
        copy_rest(in);
    }
    return ExitCode::kSuccess;
}

}  // namespace mullama::cli
