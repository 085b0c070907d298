#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <type_traits>
#include <utility>

namespace mullama {

/// Data that is reached only through its lock, and a condition to wait for a state of it.
///
///     Guarded<std::vector<int>> numbers;
///     numbers.lock()->push_back(7);
///     numbers.notify_all();
///     auto held = numbers.lock_when([](const auto& n) { return !n.empty(); });
///
/// Threads: Thread-safe. Hold a lock for a few lines: never across a decode, I/O or a callback.
template <typename T>
class Guarded {
    template <typename Value>
    class Lock {
      public:
        Value& operator*() const { return *value_; }
        Value* operator->() const { return value_; }

      private:
        friend class Guarded;
        Lock(std::mutex& mutex, Value& value) : held_(mutex), value_(&value) {}

        std::unique_lock<std::mutex> held_;
        Value* value_;
    };

  public:
    template <typename... Args>
        requires std::is_constructible_v<T, Args...>
    explicit Guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

    Guarded(const Guarded&) = delete;
    Guarded& operator=(const Guarded&) = delete;

    /// Access for as long as the result lives.
    Lock<T> lock() { return {mutex_, value_}; }
    Lock<const T> lock() const { return {mutex_, value_}; }

    /// Blocks until `ready(value)` holds, and gives access.
    template <typename Ready>
    Lock<T> lock_when(Ready ready) {
        Lock<T> lock(mutex_, value_);
        changed_.wait(lock.held_, [&] { return ready(std::as_const(value_)); });
        return lock;
    }

    /// Blocks until `ready(value)` holds or `deadline` has passed, and gives access; the caller
    /// looks which of the two it was.
    template <typename Ready>
    Lock<T> lock_when_until(std::chrono::steady_clock::time_point deadline, Ready ready) {
        Lock<T> lock(mutex_, value_);
        changed_.wait_until(lock.held_, deadline, [&] { return ready(std::as_const(value_)); });
        return lock;
    }

    /// Makes those who wait look again. Call it after a change, without holding a lock.
    void notify_all() { changed_.notify_all(); }

  private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    T value_;
};

}  // namespace mullama
