#pragma once

#include <mullama/executor.h>

#include <condition_variable>
#include <coroutine>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace mullama::server {

/// Threads for what would hold up the sockets: templates, tokenizing, embedding.
/// Threads: thread-safe. Jobs that have not begun when it ends are dropped.
class WorkThreads final : public Executor {
  public:
    explicit WorkThreads(int threads);
    ~WorkThreads() override;
    WorkThreads(const WorkThreads&) = delete;
    WorkThreads& operator=(const WorkThreads&) = delete;

    void post(std::function<void()> job) override;

  private:
    void work(const std::stop_token& stop);

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<std::function<void()>> jobs_;
    std::vector<std::jthread> threads_;
};

/// `co_await` runs a function on other threads and gives its value; the coroutine goes on on its
/// own executor. Where the coroutine is destroyed meanwhile, the function ends and its value is
/// dropped: it must own what it uses.
template <typename Function>
class [[nodiscard]] Offload {
    using Value = std::invoke_result_t<Function&>;

    struct State {
        Function function;
        std::optional<Value> value = {};
        std::mutex mutex = {};
        bool withdrawn = false;  // under `mutex`
    };

  public:
    Offload(Executor& work, Executor& home, Function function)
        : work_(&work), home_(&home), state_(std::make_shared<State>(std::move(function))) {}
    Offload(const Offload&) = delete;
    Offload& operator=(const Offload&) = delete;
    ~Offload() {
        const std::lock_guard lock(state_->mutex);
        state_->withdrawn = true;
    }

    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> coroutine) {
        work_->post([state = state_, home = home_, coroutine] {
            Value value = state->function();
            const std::lock_guard lock(state->mutex);
            // The executor lives as long as the coroutine that runs on it.
            if (state->withdrawn) return;
            state->value.emplace(std::move(value));
            home->post([state, coroutine] { resume(*state, coroutine); });
        });
    }
    Value await_resume() { return std::move(*state_->value); }

  private:
    // On the coroutine's executor, where it would be destroyed too.
    static void resume(State& state, std::coroutine_handle<> coroutine) {
        {
            const std::lock_guard lock(state.mutex);
            if (state.withdrawn) return;
        }
        coroutine.resume();
    }

    Executor* work_;
    Executor* home_;
    std::shared_ptr<State> state_;
};

}  // namespace mullama::server
