#pragma once

#include <mullama/task.h>

#include <coroutine>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>

namespace mullama {

/// A place where callbacks and coroutines run: a GUI's main loop, a thread pool, an EventLoop.
/// Whatever is bound to an executor (a stream's callback, a coroutine that awaits) must be gone
/// before the executor is.
class Executor {
  public:
    virtual ~Executor() = default;

    /// Arranges for `job` to run later; never runs it before returning, never blocks and does not
    /// throw. One that drops jobs leaves their streams unread.
    /// Threads: any.
    virtual void post(std::function<void()> job) = 0;
};

/// An executor that runs its jobs on the thread that calls run(), in the order they came.
///
///     EventLoop loop;
///     std::string text = loop.run(read_all(stream, loop));
///
/// Threads: post() and stop() on any; run() and poll() on one thread at a time.
class EventLoop final : public Executor {
  public:
    EventLoop();
    ~EventLoop() override;
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    void post(std::function<void()> job) override;

    /// Runs jobs, waiting for more, until stop(). What a job throws leaves run(); the other jobs
    /// stay.
    void run();

    /// Ends run() after the job under way; where none runs, the next run() returns at once.
    void stop();

    /// Runs the jobs that are there now, without waiting. Gives their number.
    std::size_t poll();

    /// Begins `task` and runs jobs until it has ended. Gives its value or throws what it threw.
    template <typename T>
    T run(Task<T> task) {
        bool ended = false;
        drive(task, *this, ended);
        run_until(ended);
        return task.take();
    }

  private:
    /// A coroutine that nobody awaits and that destroys itself.
    struct Driver {
        struct promise_type {
            Driver get_return_object() const noexcept { return {}; }
            std::suspend_never initial_suspend() const noexcept { return {}; }
            std::suspend_never final_suspend() const noexcept { return {}; }
            void return_void() const noexcept {}
            void unhandled_exception() const noexcept { std::terminate(); }  // nothing throws
        };
    };

    // The task may end on a thread of another executor: a job brings the news here.
    template <typename T>
    static Driver drive(Task<T>& task, EventLoop& loop, bool& ended) {
        co_await task.end();
        std::function<void()> tell = [&ended] { ended = true; };
        loop.post(std::move(tell));
    }

    void run_until(const bool& ended);

    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mullama
