#include "engine/crew.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace mullama {
namespace {

constexpr std::size_t kHelpersMax = 7;

}  // namespace

Crew::~Crew() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    begun_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

void Crew::run(std::size_t count, std::size_t threads, const Part& part) {
    if (count == 0) return;
    const auto begin = std::chrono::steady_clock::now();
    const std::size_t most = std::min(std::min(count, threads) - 1, kHelpersMax);
    const bool alone = count == 1 || threads <= 1 || each_ == Duration(0) ||
                       each_ * static_cast<Duration::rep>(count) < worth_;
    const std::size_t helpers = alone ? 0 : most;
    if (helpers == 0) {
        for (std::size_t i = 0; i < count; ++i) part(i);
    } else {
        share(count, helpers, part);
    }
    // With helpers as if each had been at work all the time, which counts a part as longer.
    const auto spent = (std::chrono::steady_clock::now() - begin) *
                       static_cast<Duration::rep>(helpers + 1) / static_cast<Duration::rep>(count);
    each_ = std::max(spent, Duration(1));
}

// Where the system has no more threads, fewer do.
void Crew::start(std::size_t helpers) {
    try {
        while (threads_.size() < helpers) threads_.emplace_back([this] { help(); });
    } catch (const std::system_error&) {
    }
}

void Crew::share(std::size_t count, std::size_t helpers, const Part& part) {
    start(helpers);
    {
        const std::lock_guard lock(mutex_);
        part_ = &part;
        count_ = count;
        next_ = 0;
        places_ = helpers;
    }
    if (helpers == 1) {
        begun_.notify_one();
    } else {
        begun_.notify_all();
    }
    do_parts();
    std::unique_lock lock(mutex_);
    // Who comes late finds nothing and is not waited for.
    part_ = nullptr;
    ended_.wait(lock, [this] { return helping_ == 0; });
    if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
}

void Crew::help() {
    std::unique_lock lock(mutex_);
    for (;;) {
        begun_.wait(lock, [this] { return stopping_ || (part_ != nullptr && places_ > 0); });
        if (stopping_) return;
        --places_;
        ++helping_;
        lock.unlock();
        do_parts();
        lock.lock();
        if (--helping_ == 0) ended_.notify_one();
    }
}

void Crew::do_parts() {
    std::unique_lock lock(mutex_);
    const Part* const part = part_;
    while (next_ < count_) {
        const std::size_t mine = next_++;
        lock.unlock();
        std::exception_ptr thrown;
        try {
            (*part)(mine);
        } catch (...) {
            thrown = std::current_exception();
        }
        lock.lock();
        if (thrown) thrown_ = thrown;
    }
}

}  // namespace mullama
