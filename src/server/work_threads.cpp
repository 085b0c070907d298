#include "server/work_threads.h"

namespace mullama::server {

WorkThreads::WorkThreads(int threads) {
    for (int i = 0; i < threads; ++i) {
        threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
    }
}

WorkThreads::~WorkThreads() {
    for (std::jthread& thread : threads_) thread.request_stop();
    threads_.clear();
}

void WorkThreads::post(std::function<void()> job) {
    {
        const std::lock_guard lock(mutex_);
        jobs_.push_back(std::move(job));
    }
    changed_.notify_one();
}

void WorkThreads::work(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return !jobs_.empty(); })) {
        if (stop.stop_requested()) return;
        const std::function<void()> job = std::move(jobs_.front());
        jobs_.pop_front();
        lock.unlock();
        job();
        lock.lock();
    }
}

}  // namespace mullama::server
