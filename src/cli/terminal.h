#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace mullama::cli {

/// Whether a descriptor (STDIN_FILENO, ...) is a terminal.
bool is_terminal(int fd);

/// Whether it is one that understands cursor movements and colours.
bool is_smart_terminal(int fd);

/// Whether what is written to a descriptor can still be read: false for a pipe whose other end is
/// closed and a terminal that is gone.
bool has_reader(int fd);

/// Columns of the terminal at a descriptor; 80 where it does not say.
int terminal_columns(int fd);

/// `text` in a weak colour for a terminal.
std::string dim(std::string_view text);

/// A line on stderr that shows that something is going on; nothing at all where stderr is no
/// terminal.
/// Threads: thread-compatible.
class Spinner {
  public:
    Spinner();
    Spinner(const Spinner&) = delete;
    Spinner& operator=(const Spinner&) = delete;
    ~Spinner() { clear(); }

    /// Shows `text` behind a sign that turns; a few times a second at most, so call it often.
    void turn(std::string_view text);

    /// Takes the line away.
    void clear();

  private:
    bool enabled_;
    bool shown_ = false;
    std::size_t frame_ = 0;
    std::chrono::steady_clock::time_point next_;
};

}  // namespace mullama::cli
