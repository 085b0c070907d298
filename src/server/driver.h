#pragma once

#include <mullama/executor.h>
#include <mullama/task.h>

#include <coroutine>
#include <exception>
#include <functional>
#include <utility>

namespace mullama::server {

/// Runs a task that no coroutine awaits. Destroying the driver destroys the task where it is
/// suspended.
/// Threads: one executor only.
class Driver {
  public:
    struct promise_type {
        Driver get_return_object() noexcept {
            return Driver(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        std::suspend_always final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept { std::terminate(); }  // nothing throws
    };

    /// How a task ended.
    enum class End { kReturned, kThrew };

    /// Holds `task`, not begun. When it has ended, `on_end` is posted to `executor`, which outlives
    /// the driver; there the driver may be destroyed.
    static Driver make(Task<void> task, Executor& executor, std::function<void(End)> on_end) {
        co_await task.end();
        End end = End::kReturned;
        try {
            task.take();
        } catch (...) {
            end = End::kThrew;
        }
        std::function<void()> tell = [on_end, end] { on_end(end); };
        executor.post(std::move(tell));
    }

    Driver(Driver&& other) noexcept : coroutine_(std::exchange(other.coroutine_, {})) {}
    Driver& operator=(Driver&& other) noexcept {
        Driver moved(std::move(other));
        std::swap(coroutine_, moved.coroutine_);
        return *this;
    }
    ~Driver() {
        if (coroutine_) coroutine_.destroy();
    }

    /// Begins the task; once.
    void start() { coroutine_.resume(); }

  private:
    explicit Driver(std::coroutine_handle<promise_type> coroutine) : coroutine_(coroutine) {}

    std::coroutine_handle<promise_type> coroutine_;
};

}  // namespace mullama::server
