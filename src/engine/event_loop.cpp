#include "base/guarded.h"
#include <mullama/executor.h>

#include <deque>
#include <utility>

namespace mullama {

namespace {

using Job = std::function<void()>;

struct State {
    std::deque<Job> jobs;
    bool stopped = false;

    Job pop() {
        Job job = std::move(jobs.front());
        jobs.pop_front();
        return job;
    }
};

}  // namespace

struct EventLoop::Impl {
    Guarded<State> state;
};

EventLoop::EventLoop() : impl_(std::make_unique<Impl>()) {}

EventLoop::~EventLoop() = default;

// Notifies under the lock: the job may be what the owner waits for to destroy the loop.
void EventLoop::post(Job job) {
    auto state = impl_->state.lock();
    state->jobs.push_back(std::move(job));
    impl_->state.notify_all();
}

void EventLoop::stop() {
    auto state = impl_->state.lock();
    state->stopped = true;
    impl_->state.notify_all();
}

void EventLoop::run() {
    const auto has_news = [](const State& state) { return state.stopped || !state.jobs.empty(); };
    while (true) {
        Job job;
        {
            auto state = impl_->state.lock_when(has_news);
            if (std::exchange(state->stopped, false)) return;
            job = state->pop();
        }
        job();
    }
}

std::size_t EventLoop::poll() {
    const std::size_t count = impl_->state.lock()->jobs.size();
    for (std::size_t i = 0; i < count; ++i) {
        const Job job = impl_->state.lock()->pop();
        job();
    }
    return count;
}

void EventLoop::run_until(const bool& ended) {
    const auto has_jobs = [](const State& state) { return !state.jobs.empty(); };
    while (!ended) {
        const Job job = impl_->state.lock_when(has_jobs)->pop();
        job();
    }
}

}  // namespace mullama
