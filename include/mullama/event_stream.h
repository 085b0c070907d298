#pragma once

#include <mullama/executor.h>
#include <mullama/types.h>

#include <chrono>
#include <coroutine>
#include <functional>
#include <memory>
#include <optional>

namespace mullama {

class Stream;

/// The events of one request, from its engine. The last event carries Event::finish, and nothing
/// comes after it.
///
/// Destroying the stream cancels the request: it leaves the queue, or its sequence is freed at the
/// engine's next step. A stream that is not read fills up; its request then pauses, and ends with
/// kTimeout where nobody reads for EngineOptions::stall_timeout_ms. A stream outlives its engine:
/// what was there can be read, and then it ends with kUnavailable.
///
/// There is one reader, and three ways to read:
///   - blocking: next(), next_for(), try_next() and collect(), in any mix;
///   - `co_await next_async(executor)`, which mixes with the blocking calls as long as no await is
///     pending;
///   - on_event(executor, callback), after which the callback reads alone.
/// Threads: thread-compatible: one thread at a time. Callbacks and coroutines run on their
///          executor, never on the engine's thread. Destroying a stream waits for its callback
///          where that is running on another thread; afterwards it does not run any more. While a
///          coroutine awaits a stream, destroy the coroutine first.
class EventStream {
  public:
    class NextEvent;

    /// Made by engines.
    explicit EventStream(std::shared_ptr<Stream> stream);
    /// Takes over what the other holds; the other can then only be destroyed or assigned to.
    EventStream(EventStream&&) noexcept;
    /// As above; the stream that was here is cancelled.
    EventStream& operator=(EventStream&&) noexcept;
    ~EventStream();

    /// The next event. Blocks until there is one; nothing after the last.
    std::optional<Event> next();

    /// The next event if it is there already.
    std::optional<Event> try_next();

    /// The next event; nothing where none comes within `timeout`, and after the last.
    std::optional<Event> next_for(std::chrono::milliseconds timeout);

    /// Whether the last event has been read.
    bool ended() const;

    /// Reads the rest and joins it. Blocks until the request has ended. Text and tokens that were
    /// read before are not in it; `finish` is there even where it had been read.
    Completion collect();

    /// Calls `callback` on `executor` with each event, those that are there already first, one at
    /// a time and in order. Call it once. The callback is destroyed after the last event or with
    /// the stream, and may destroy the stream.
    void on_event(Executor& executor, std::function<void(Event)> callback);

    /// `co_await` gives what next() would. The coroutine goes on at once where an event is there,
    /// else later on `executor`.
    NextEvent next_async(Executor& executor);

  private:
    std::shared_ptr<Stream> stream_;
};

/// What EventStream::next_async() gives: await it in the same expression.
class [[nodiscard]] EventStream::NextEvent {
  public:
    /// Made by EventStream::next_async().
    NextEvent(std::shared_ptr<Stream> stream, Executor& executor);
    NextEvent(const NextEvent&) = delete;
    NextEvent& operator=(const NextEvent&) = delete;
    ~NextEvent();

    /// For co_await.
    bool await_ready() const;
    /// For co_await.
    bool await_suspend(std::coroutine_handle<> coroutine);
    /// For co_await: the next event, nothing after the last.
    std::optional<Event> await_resume();

  private:
    std::shared_ptr<Stream> stream_;
    Executor* executor_;
    bool awaits_ = false;
};

}  // namespace mullama
