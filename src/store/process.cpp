#include "store/process.h"

#include "base/error.h"
#include "store/unique_fd.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

extern char** environ;

namespace mullama::store {
namespace {

constexpr std::size_t kCapturedBytesMax = 8192;
constexpr std::size_t kReadBytes = std::size_t{1} << 18;

/// Where a child's stdout and stderr go: descriptors of this process, or -1 for nowhere.
struct Outputs {
    int out = -1;
    int err = -1;
};

class SpawnSettings {
  public:
    explicit SpawnSettings(Outputs outputs) {
        posix_spawn_file_actions_init(&actions_);
        posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        direct(STDOUT_FILENO, outputs.out);
        direct(STDERR_FILENO, outputs.err);
        // A child starts with the signals as a shell would give them: this program may block some.
        sigset_t none;
        sigset_t all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_init(&attributes_);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    SpawnSettings(const SpawnSettings&) = delete;
    SpawnSettings& operator=(const SpawnSettings&) = delete;
    ~SpawnSettings() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }

    const posix_spawn_file_actions_t* actions() const { return &actions_; }
    const posix_spawnattr_t* attributes() const { return &attributes_; }

  private:
    void direct(int target, int fd) {
        if (fd < 0) {
            posix_spawn_file_actions_addopen(&actions_, target, "/dev/null", O_WRONLY, 0);
        } else {
            posix_spawn_file_actions_adddup2(&actions_, fd, target);
        }
    }

    posix_spawn_file_actions_t actions_;
    posix_spawnattr_t attributes_;
};

bool is_overridden(std::string_view variable, const std::vector<std::string>& added) {
    std::string_view name = variable.substr(0, variable.find('=') + 1);
    for (const std::string& own : added) {
        if (own.starts_with(name)) return true;
    }
    return false;
}

Result<pid_t> spawn(const Command& command, Outputs outputs) {
    std::vector<char*> arguments;
    for (const std::string& argument : command.arguments) {
        arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    arguments.push_back(nullptr);
    std::vector<char*> environment;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        if (!is_overridden(*variable, command.environment)) environment.push_back(*variable);
    }
    for (const std::string& variable : command.environment) {
        environment.push_back(const_cast<char*>(variable.c_str()));
    }
    environment.push_back(nullptr);

    SpawnSettings settings(outputs);
    pid_t pid = 0;
    int failed = posix_spawnp(
        &pid,
        arguments[0],
        settings.actions(),
        settings.attributes(),
        arguments.data(),
        environment.data()
    );
    if (failed == ENOENT) {
        return fail(ErrorCode::kNotFound, "{} is not installed", command.arguments[0]);
    }
    if (failed != 0) {
        return fail(
            ErrorCode::kIo, "{} cannot be started: {}", command.arguments[0], std::strerror(failed)
        );
    }
    return pid;
}

int wait_for(pid_t pid) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct Pipe {
    UniqueFd reader;
    UniqueFd writer;
};

Result<Pipe> make_pipe() {
    std::array<int, 2> ends;
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        return fail(ErrorCode::kIo, "no pipe to a child process: {}", std::strerror(errno));
    }
    return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Result<void> drain(int fd, const ByteSink& sink) {
    std::vector<std::byte> buffer(kReadBytes);
    while (true) {
        ssize_t count = read(fd, buffer.data(), buffer.size());
        if (count == 0) return {};
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            return fail(ErrorCode::kIo, "reading from a child process: {}", std::strerror(errno));
        }
        MULLAMA_TRY(sink(std::span(buffer).first(static_cast<std::size_t>(count))));
    }
}

Result<int> run_piped(const Command& command, bool with_errors, const ByteSink& sink) {
    Result<Pipe> pipe = make_pipe();
    if (!pipe) return pipe.error();
    int writer = pipe->writer.get();
    Result<pid_t> pid = spawn(command, {.out = writer, .err = with_errors ? writer : -1});
    if (!pid) return pid.error();
    pipe->writer.close();
    Result<void> drained = drain(pipe->reader.get(), sink);
    if (!drained) kill(*pid, SIGKILL);
    int status = wait_for(*pid);
    if (!drained) return drained.error();
    return status;
}

}  // namespace

Result<int> run_visibly(const Command& command) {
    Result<pid_t> pid = spawn(command, {.out = STDERR_FILENO, .err = STDERR_FILENO});
    if (!pid) return pid.error();
    return wait_for(*pid);
}

Result<Captured> run_captured(const Command& command) {
    Captured captured;
    Result<int> status = run_piped(command, true, [&](std::span<const std::byte> bytes) {
        captured.output.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        if (captured.output.size() > kCapturedBytesMax) {
            captured.output.erase(0, captured.output.size() - kCapturedBytesMax);
        }
        return Result<void>();
    });
    if (!status) return status.error();
    captured.status = *status;
    return captured;
}

Result<int> run_into(const Command& command, const ByteSink& sink) {
    return run_piped(command, false, sink);
}

}  // namespace mullama::store
