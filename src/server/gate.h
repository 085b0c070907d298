#pragma once

#include <coroutine>
#include <deque>
#include <utility>

namespace mullama::server {

/// Lets one coroutine in at a time, in the order they come: `co_await gate.enter()` waits for the
/// Pass, whose end lets the next one in.
/// Threads: one executor only. All who wait are destroyed before the gate.
class Gate {
  public:
    /// Held by who is inside.
    class Pass {
      public:
        explicit Pass(Gate& gate) : gate_(&gate) {}
        Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
        Pass& operator=(Pass&&) = delete;
        ~Pass() {
            if (gate_ != nullptr) gate_->leave();
        }

      private:
        Gate* gate_;
    };

    /// What enter() gives.
    struct Enter {
        Gate& gate;

        bool await_ready() const {
            if (gate.taken_) return false;
            gate.taken_ = true;
            return true;
        }
        void await_suspend(std::coroutine_handle<> coroutine) const {
            gate.waiting_.push_back(coroutine);
        }
        Pass await_resume() const { return Pass(gate); }
    };

    Enter enter() { return {*this}; }

  private:
    void leave() {
        if (waiting_.empty()) {
            taken_ = false;
            return;
        }
        const std::coroutine_handle<> next = waiting_.front();
        waiting_.pop_front();
        next.resume();
    }

    bool taken_ = false;
    std::deque<std::coroutine_handle<>> waiting_;
};

}  // namespace mullama::server
