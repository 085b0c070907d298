#pragma once

#include "server/handover.h"
#include <mullama/executor.h>

#include <condition_variable>
#include <coroutine>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
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

  public:
    Offload(Executor& work, Executor& home, Function function)
        : work_(&work), function_(std::make_shared<Function>(std::move(function))), value_(home) {}

    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> coroutine) {
        value_.await_suspend(coroutine);
        work_->post([function = function_, send = value_.sender()] { send((*function)()); });
    }
    Value await_resume() { return value_.await_resume(); }

  private:
    Executor* work_;
    std::shared_ptr<Function> function_;
    Handover<Value> value_;
};

}  // namespace mullama::server
