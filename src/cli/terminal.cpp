#include "cli/terminal.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace mullama::cli {
namespace {

constexpr std::array<std::string_view, 10> kFrames = {
    "⠋",
    "⠙",
    "⠹",
    "⠸",
    "⠼",
    "⠴",
    "⠦",
    "⠧",
    "⠇",
    "⠏",
};
constexpr std::chrono::milliseconds kFrameTime(100);
// What is done sooner needs no sign.
constexpr std::chrono::milliseconds kDelay(150);

}  // namespace

bool is_terminal(int fd) {
    return isatty(fd) == 1;
}

bool is_smart_terminal(int fd) {
    const char* term = std::getenv("TERM");
    return is_terminal(fd) && term != nullptr && std::strcmp(term, "dumb") != 0;
}

bool has_reader(int fd) {
    pollfd poll_fd{fd, POLLOUT, 0};
    return poll(&poll_fd, 1, 0) < 0 || (poll_fd.revents & (POLLERR | POLLHUP)) == 0;
}

int terminal_columns(int fd) {
    winsize size = {};
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string dim(std::string_view text) {
    return fmt::format("\x1b[2m{}\x1b[0m", text);
}

Spinner::Spinner()
    : enabled_(is_smart_terminal(STDERR_FILENO)),
      next_(std::chrono::steady_clock::now() + kDelay) {}

void Spinner::turn(std::string_view text) {
    auto now = std::chrono::steady_clock::now();
    if (!enabled_ || now < next_) return;
    next_ = now + kFrameTime;
    std::string line = fmt::format("{}{}{}", kFrames[frame_], text.empty() ? "" : " ", text);
    // The cursor is hidden while the line is there: it would jump about.
    fmt::print(stderr, "\x1b[?25l\r{}\x1b[K", dim(line));
    std::fflush(stderr);
    frame_ = (frame_ + 1) % kFrames.size();
    shown_ = true;
}

void Spinner::clear() {
    if (!shown_) return;
    fmt::print(stderr, "\r\x1b[K\x1b[?25h");
    std::fflush(stderr);
    shown_ = false;
}

}  // namespace mullama::cli
