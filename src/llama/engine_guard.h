#pragma once

#include <string>

namespace mullama {

/// Starts the engine's backends and routes its log, once per process.
/// Threads: any.
void start_engine();

/// One call into the engine that may fail. While one lives, the error lines that the engine logs on
/// this thread are kept, and an assertion of the engine that fails on this thread throws an
/// exception out of the call instead of ending the process.
///
/// The engine checks files and shapes by assertion; what is known to reach one is refused before,
/// and this catches the rest. It is no cure for assertions on the engine's worker threads.
/// Threads: belongs to the thread that made it. May be nested; the innermost one collects.
class EngineGuard {
  public:
    EngineGuard();
    ~EngineGuard();
    EngineGuard(const EngineGuard&) = delete;
    EngineGuard& operator=(const EngineGuard&) = delete;

    /// What the engine said went wrong, in its words and order; "unknown reason" where it said
    /// nothing.
    std::string reason() const;

    /// Whether the engine's words name a lack of memory.
    bool out_of_memory() const;

    /// Keeps a line; for the log's callback.
    void add_line(std::string line);

  private:
    EngineGuard* outer_;
    std::string lines_;
};

}  // namespace mullama
