#pragma once

#include "base/channel.h"
#include "base/guarded.h"
#include <mullama/executor.h>
#include <mullama/types.h>

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <utility>

namespace mullama {

/// What an EventStream and its engine share: the channel between them, and who is to be called when
/// there is something to read.
///
/// The engine fills the channels of a step and then calls wake() once with all of them.
/// Threads: thread-safe; the writer's end is one thread, the reader's another.
class Stream : public std::enable_shared_from_this<Stream> {
  public:
    /// `on_room` is called on the reader's thread, see Channel.
    Stream(std::size_t capacity, std::function<void()> on_room);

    // The engine's end. None of these wakes the reader.

    PushStatus push(Event event) { return channel_.push(std::move(event)); }
    bool has_room() { return channel_.has_room(); }
    void close(Event last) { channel_.close(std::move(last)); }
    bool abandoned() const { return channel_.abandoned(); }

    /// Tells the readers of `streams`, in one go, that there is something to read: wakes blocked
    /// threads, and posts one job to each distinct executor, which runs the callbacks and resumes
    /// the coroutines that are bound to it.
    static void wake(std::span<const std::shared_ptr<Stream>> streams);

    // The reader's end, see EventStream.

    std::optional<Event> next() { return remember(channel_.pop()); }
    std::optional<Event> try_next() { return remember(channel_.try_pop()); }
    std::optional<Event> next_until(std::chrono::steady_clock::time_point deadline) {
        return remember(channel_.pop_until(deadline));
    }
    bool readable() const { return channel_.readable(); }
    bool ended() const { return channel_.ended(); }

    /// How the request ended, once that has been read.
    const std::optional<Finish>& finish() const { return finish_; }

    void listen(Executor& executor, std::function<void(Event)> callback);

    /// Resumes `coroutine` on `executor` when there is something to read. Gives false, and does
    /// nothing, where there is already.
    bool await(Executor& executor, std::coroutine_handle<> coroutine);

    /// Takes back an await() whose coroutine goes away unresumed.
    void forget_await();

    /// Ends the reading for good. Afterwards the executor is not used any more, and the callback is
    /// not running: waits for one that runs on another thread.
    void abandon();

  private:
    using Callback = std::function<void(Event)>;

    struct Binding {
        Executor* executor = nullptr;
        std::shared_ptr<Callback> callback;
        std::coroutine_handle<> awaiting;
        bool scheduled = false;    // a job that looks after this stream is on its way or running
        std::uint64_t ticket = 0;  // of that job; a job with another one is stale
        int posts = 0;             // calls of executor->post() under way on our behalf
        std::thread::id calling = {};  // the thread that runs the callback now
    };
    struct Post {
        Executor* executor;
        std::uint64_t ticket;
    };

    static bool is_bound(const Binding& binding) {
        return binding.callback != nullptr || binding.awaiting;
    }

    std::optional<Post> begin_post();
    void end_post();
    void deliver(std::uint64_t ticket);
    void run_callback(Callback& callback);
    void end_callback(std::uint64_t ticket);
    std::optional<Event> remember(std::optional<Event> event);

    Channel<Event> channel_;
    Guarded<Binding> binding_;
    std::optional<Finish> finish_;  // the reader's
};

}  // namespace mullama
