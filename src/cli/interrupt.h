#pragma once

#include <mullama/result.h>

namespace mullama::cli {

/// While one lives, Ctrl-C (SIGINT) sets a flag in place of ending the program.
/// Threads: one at a time in a process; pressed() on any thread.
class Interrupt {
  public:
    Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;
    ~Interrupt();

    /// Whether Ctrl-C was pressed since the start or the last clear().
    bool pressed() const;
    /// Errors: kCancelled: pressed().
    Result<void> check() const;
    void clear();
};

}  // namespace mullama::cli
