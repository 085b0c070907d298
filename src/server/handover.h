#pragma once

#include <mullama/executor.h>

#include <coroutine>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace mullama::server {

/// A value that another thread brings and one coroutine awaits, which goes on on its own executor.
///
///     Handover<Result<Embeddings>> handover(writer.executor());
///     model.embed(request, handover.sender());
///     Result<Embeddings> embeddings = co_await handover;
///
/// Where the coroutine is destroyed before, the value is dropped: what computes it must own what it
/// uses.
/// Threads: senders on any; the rest on the executor only.
template <typename T>
class Handover {
    struct State {
        explicit State(Executor& executor) : home(&executor) {}

        std::mutex mutex;
        // Under `mutex`.
        std::optional<T> value;
        std::coroutine_handle<> waiting;
        bool withdrawn = false;

        Executor* home;
    };

  public:
    /// Brings the value, once.
    class Sender {
      public:
        /// Made by Handover.
        explicit Sender(std::shared_ptr<State> state) : state_(std::move(state)) {}
        void operator()(T value) const {
            const std::lock_guard lock(state_->mutex);
            // The executor lives as long as the coroutine that runs on it.
            if (state_->withdrawn) return;
            state_->value.emplace(std::move(value));
            if (state_->waiting) {
                state_->home->post([state = state_] { resume(*state); });
            }
        }

      private:
        std::shared_ptr<State> state_;
    };

    explicit Handover(Executor& home) : state_(std::make_shared<State>(home)) {}
    Handover(const Handover&) = delete;
    Handover& operator=(const Handover&) = delete;
    ~Handover() {
        const std::lock_guard lock(state_->mutex);
        state_->withdrawn = true;
    }

    /// What brings the value here.
    Sender sender() const { return Sender(state_); }

    bool await_ready() const {
        const std::lock_guard lock(state_->mutex);
        return state_->value.has_value();
    }
    bool await_suspend(std::coroutine_handle<> coroutine) {
        const std::lock_guard lock(state_->mutex);
        if (state_->value) return false;
        state_->waiting = coroutine;
        return true;
    }
    T await_resume() { return std::move(*state_->value); }

  private:
    // On the coroutine's executor, where it would be destroyed too.
    static void resume(State& state) {
        std::coroutine_handle<> coroutine;
        {
            const std::lock_guard lock(state.mutex);
            if (state.withdrawn) return;
            coroutine = std::exchange(state.waiting, {});
        }
        coroutine.resume();
    }

    std::shared_ptr<State> state_;
};

}  // namespace mullama::server
