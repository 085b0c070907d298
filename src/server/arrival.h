#pragma once

#include <coroutine>
#include <memory>
#include <optional>
#include <utility>

namespace mullama::server {

/// A value that a callback brings and one coroutine awaits.
///
///     Arrival<ReadResult> arrival;
///     transport.read_some(deadline, arrival.sender());
///     ReadResult result = co_await arrival;
///
/// The first value counts. Destroying the arrival, as the destruction of a suspended coroutine
/// does, leaves its senders without effect.
/// Threads: one executor only; a sender resumes the coroutine before it returns.
template <typename T>
class Arrival {
    struct State {
        std::optional<T> value;
        std::coroutine_handle<> waiting;
    };

  public:
    /// Brings the value. Copies bring it to the same place.
    class Sender {
      public:
        /// Made by Arrival.
        explicit Sender(std::shared_ptr<State> state) : state_(std::move(state)) {}
        /// Stores the value if it is the first, and resumes who waits for it.
        void operator()(T value) const {
            const std::shared_ptr<State> state = state_;  // resuming may destroy this sender
            if (state->value) return;
            state->value = std::move(value);
            if (const auto waiting = std::exchange(state->waiting, {})) waiting.resume();
        }

      private:
        std::shared_ptr<State> state_;
    };

    Arrival() : state_(std::make_shared<State>()) {}
    Arrival(const Arrival&) = delete;
    Arrival& operator=(const Arrival&) = delete;
    ~Arrival() { state_->waiting = {}; }

    /// What brings the value here.
    Sender sender() const { return Sender(state_); }

    bool await_ready() const noexcept { return state_->value.has_value(); }
    void await_suspend(std::coroutine_handle<> waiting) noexcept { state_->waiting = waiting; }
    T await_resume() { return *std::move(state_->value); }

  private:
    std::shared_ptr<State> state_;
};

}  // namespace mullama::server
