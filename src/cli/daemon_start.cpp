#include "cli/daemon_start.h"

#include "base/error.h"
#include "cli/interrupt.h"
#include "cli/terminal.h"
#include "store/paths.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace mullama::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kStartTime{20};
constexpr std::chrono::seconds kStopTime{60};
constexpr std::chrono::milliseconds kLook{50};

/// A process, named so that it cannot be taken for a later one of the same number.
class Process {
  public:
    explicit Process(pid_t id) : fd_(static_cast<int>(syscall(SYS_pidfd_open, id, 0))) {}
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() {
        if (fd_ >= 0) close(fd_);
    }

    bool exists() const { return fd_ >= 0; }
    void terminate() const { syscall(SYS_pidfd_send_signal, fd_, SIGTERM, nullptr, 0); }
    bool ends_within(std::chrono::milliseconds time) const {
        pollfd ended{.fd = fd_, .events = POLLIN, .revents = 0};
        return poll(&ended, 1, static_cast<int>(time.count())) > 0;
    }

  private:
    int fd_;
};

Result<fs::path> process_file() {
    Result<fs::path> log = daemon_log_file();
    if (!log) return log;
    return log->parent_path() / "server.pid";
}

// The number may be another program's by now.
bool is_server(pid_t id) {
    std::ifstream in(fmt::format("/proc/{}/cmdline", id), std::ios::binary);
    std::string program;
    std::string verb;
    std::getline(in, program, '\0');
    std::getline(in, verb, '\0');
    return fs::path(program).filename() == fs::path("mullama") && verb == "serve";
}

/// The last line of a log: why a server has ended.
std::string last_line(const fs::path& file) {
    std::ifstream in(file);
    std::string line;
    std::string last;
    while (std::getline(in, line)) {
        if (!line.empty()) last = line;
    }
    return last;
}

Result<int> open_log(const fs::path& file) {
    std::error_code failed;
    fs::create_directories(file.parent_path(), failed);
    // That of the server before stays for whoever asks why it ended.
    fs::rename(file, file.parent_path() / "server-1.log", failed);
    const int log = open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log >= 0) return log;
    return fail(
        ErrorCode::kIo, "the log {} cannot be written: {}", file.string(), std::strerror(errno)
    );
}

// Between fork() and exec() nothing but system calls.
[[noreturn]] void become_server(const char* program, int log) {
    setsid();
    const int nothing = open("/dev/null", O_RDONLY);
    dup2(nothing, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    // Pipes of the caller's would otherwise stay open as long as the server runs.
    close_range(STDERR_FILENO + 1, ~0U, 0);
    const std::array<const char*, 3> arguments = {program, "serve", nullptr};
    execv(program, const_cast<char* const*>(arguments.data()));
    _exit(127);
}

Result<pid_t> start_server(const fs::path& log_file) {
    std::error_code failed;
    const fs::path program = fs::read_symlink("/proc/self/exe", failed);
    if (failed) return fail(ErrorCode::kIo, "this program does not find itself to start a server");
    const Result<int> log = open_log(log_file);
    if (!log) return log.error();
    const pid_t child = fork();
    if (child == 0) become_server(program.c_str(), *log);
    close(*log);
    if (child < 0) return fail(ErrorCode::kIo, "cannot start a server: {}", std::strerror(errno));
    const Result<fs::path> id_file = process_file();
    if (id_file) std::ofstream(*id_file) << child << "\n";
    return child;
}

/// Why nobody answers; success where somebody does, whatever it says.
Result<void> find_server(DaemonClient& client) {
    const Result<std::string> version = client.get("/api/version");
    if (version || version.error().code != ErrorCode::kUnavailable) return {};
    return version.error();
}

Result<void> wait_for(DaemonClient& client, pid_t child, const fs::path& log_file) {
    const Interrupt interrupt;
    Spinner spinner;
    const auto end = std::chrono::steady_clock::now() + kStartTime;
    while (!find_server(client)) {
        spinner.turn("starting the server");
        const bool ended = waitpid(child, nullptr, WNOHANG) == child;
        // Another one may have been quicker.
        if (ended && !find_server(client)) {
            return fail(
                ErrorCode::kUnavailable, "the server did not start: {}", last_line(log_file)
            );
        }
        if (std::chrono::steady_clock::now() > end) {
            return fail(
                ErrorCode::kUnavailable,
                "the server does not answer: its log is {}",
                log_file.string()
            );
        }
        MULLAMA_TRY(interrupt.check());
        std::this_thread::sleep_for(kLook);
    }
    return interrupt.check();
}

}  // namespace

Result<fs::path> daemon_log_file() {
    const Result<store::Paths> paths = store::default_paths();
    if (!paths) return paths.error();
    return paths->home / "logs" / "server.log";
}

Result<void> stop_daemon() {
    const Result<fs::path> id_file = process_file();
    if (!id_file) return id_file.error();
    pid_t id = 0;
    std::ifstream(*id_file) >> id;
    const Process process(id);
    std::error_code failed;
    fs::remove(*id_file, failed);
    if (id <= 0 || !process.exists() || !is_server(id)) return {};
    process.terminate();
    if (process.ends_within(kStopTime)) return {};
    return fail(ErrorCode::kUnavailable, "the server (process {}) does not end", id);
}

Result<DaemonClient> connect_or_start() {
    Result<DaemonClient> client = DaemonClient::from_environment();
    if (!client) return client;
    const Result<void> found = find_server(*client);
    if (found) return client;
    if (!client->address().is_here()) return found.error();
    const Result<fs::path> log_file = daemon_log_file();
    if (!log_file) return log_file.error();
    const Result<pid_t> child = start_server(*log_file);
    if (!child) return child.error();
    MULLAMA_TRY(wait_for(*client, *child, *log_file));
    return client;
}

}  // namespace mullama::cli
