#include "server/interrupt.h"

#include <utility>

namespace mullama::server {

void Interrupt::ask() {
    const std::lock_guard lock(mutex_);
    if (std::exchange(asked_, true) || !waiting_) return;
    // The executor lives as long as a coroutine is bound to it.
    home_->post([self = shared_from_this()] { self->resume(); });
}

bool Interrupt::asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
}

bool Interrupt::bind(Executor& executor, std::coroutine_handle<> coroutine) {
    const std::lock_guard lock(mutex_);
    if (asked_) return false;
    home_ = &executor;
    waiting_ = coroutine;
    return true;
}

void Interrupt::unbind() {
    const std::lock_guard lock(mutex_);
    waiting_ = {};
}

void Interrupt::resume() {
    std::coroutine_handle<> coroutine;
    {
        const std::lock_guard lock(mutex_);
        coroutine = std::exchange(waiting_, {});
    }
    if (coroutine) coroutine.resume();
}

}  // namespace mullama::server
