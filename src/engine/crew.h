#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace mullama {

/// Threads that share the independent parts of a work with their caller. They are started when they
/// are first of use, and sleep between works.
/// Threads: thread-compatible: one caller at a time.
class Crew {
  public:
    using Duration = std::chrono::steady_clock::duration;
    using Part = std::function<void(std::size_t)>;

    /// Works that would take the caller less than `worth` alone are left to it: others have to be
    /// woken on cores where the engine's threads still wait for the next step, which makes that one
    /// slower (on two cores by some 2 % where 1 ms was shared).
    explicit Crew(Duration worth = std::chrono::milliseconds(2)) : worth_(worth) {}
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;
    ~Crew();

    /// Calls part(0) to part(count - 1), each once, on up to `threads` threads, the caller's among
    /// them, and waits for all. What one of them throws comes out of here when none runs any more.
    /// How long they take is known from the work before; the first is the caller's alone.
    void run(std::size_t count, std::size_t threads, const Part& part);

  private:
    void start(std::size_t helpers);
    void share(std::size_t count, std::size_t helpers, const Part& part);
    void help();
    void do_parts();

    const Duration worth_;
    Duration each_{0};  // a part, in the last work
    std::vector<std::thread> threads_;

    std::mutex mutex_;
    std::condition_variable begun_;
    std::condition_variable ended_;
    // All below belongs to mutex_.
    const Part* part_ = nullptr;  // null while there is nothing to begin
    std::size_t count_ = 0;
    std::size_t next_ = 0;     // the first part that nobody has begun
    std::size_t places_ = 0;   // for helpers that have not joined yet
    std::size_t helping_ = 0;  // helpers that have joined and not left
    std::exception_ptr thrown_;
    bool stopping_ = false;
};

}  // namespace mullama
