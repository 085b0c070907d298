#pragma once

#include <mullama/event_stream.h>
#include <mullama/executor.h>

#include <coroutine>
#include <memory>
#include <mutex>
#include <optional>

namespace mullama::server {

/// Asks an answer to end where it is, from outside of its coroutine.
/// Threads: ask() and asked() on any; the rest on the executor of the answer.
class Interrupt : public std::enable_shared_from_this<Interrupt> {
  public:
    /// Asks; whoever waits for the answer's next event goes on without one.
    void ask();
    /// Whether that was asked.
    bool asked() const;

    /// Resumes `coroutine` on `executor` when asked to. Gives false, and does nothing, where that
    /// was asked already.
    bool bind(Executor& executor, std::coroutine_handle<> coroutine);
    /// Takes that back.
    void unbind();

  private:
    void resume();

    mutable std::mutex mutex_;
    // Under `mutex_`.
    bool asked_ = false;
    Executor* home_ = nullptr;
    std::coroutine_handle<> waiting_;
};

/// `co_await` gives a stream's next event, or nothing where the answer is interrupted before. Name
/// it before the co_await.
class [[nodiscard]] NextOrInterrupt {
  public:
    /// `interrupt` may be null, and outlives this.
    NextOrInterrupt(EventStream& events, Interrupt* interrupt, Executor& executor)
        : next_(events.next_async(executor)), interrupt_(interrupt), executor_(executor) {}
    NextOrInterrupt(const NextOrInterrupt&) = delete;
    NextOrInterrupt& operator=(const NextOrInterrupt&) = delete;
    ~NextOrInterrupt() {
        if (interrupt_ != nullptr) interrupt_->unbind();
    }

    bool await_ready() const { return is_interrupted() || next_.await_ready(); }
    bool await_suspend(std::coroutine_handle<> coroutine) {
        if (interrupt_ != nullptr && !interrupt_->bind(executor_, coroutine)) return false;
        return next_.await_suspend(coroutine);
    }
    std::optional<Event> await_resume() {
        if (is_interrupted()) return std::nullopt;
        return next_.await_resume();
    }

  private:
    bool is_interrupted() const { return interrupt_ != nullptr && interrupt_->asked(); }

    EventStream::NextEvent next_;
    Interrupt* interrupt_;
    Executor& executor_;
};

}  // namespace mullama::server
