#include "runtime/pool_state.h"

#include <utility>

namespace mullama {

using Wait = ModelPool::PendingLease::Wait;

void Wait::deliver(Result<ModelLease> lease) {
    std::function<void()> wake;
    {
        const std::lock_guard lock(mutex_);
        // Nobody takes it: it ends here, outside the pool's lock.
        if (withdrawn_) return;
        lease_ = std::move(lease);
        wake = std::exchange(wake_, nullptr);
    }
    changed_.notify_all();
    if (wake) wake();
}

void Wait::withdraw() {
    std::optional<Result<ModelLease>> unused;
    std::function<void()> wake;
    const std::lock_guard lock(mutex_);
    withdrawn_ = true;
    std::swap(unused, lease_);
    std::swap(wake, wake_);
}

bool Wait::withdrawn() const {
    const std::lock_guard lock(mutex_);
    return withdrawn_;
}

bool Wait::delivered() const {
    const std::lock_guard lock(mutex_);
    return lease_.has_value();
}

Result<ModelLease> Wait::take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return lease_.has_value(); });
    Result<ModelLease> lease = std::move(*lease_);
    lease_.reset();
    return lease;
}

bool Wait::resume_when_delivered(
    std::coroutine_handle<> coroutine, Executor& executor, const std::shared_ptr<Wait>& self
) {
    const std::lock_guard lock(mutex_);
    if (lease_) return false;
    coroutine_ = coroutine;
    wake_ = [&executor, self] { executor.post([self] { self->resume(); }); };
    return true;
}

// On the executor, where the coroutine would be destroyed too: it cannot vanish meanwhile.
void Wait::resume() {
    std::coroutine_handle<> coroutine;
    {
        const std::lock_guard lock(mutex_);
        if (withdrawn_) return;
        coroutine = coroutine_;
    }
    coroutine.resume();
}

ModelPool::PendingLease::PendingLease(std::shared_ptr<Wait> wait, Executor& executor)
    : wait_(std::move(wait)), executor_(&executor) {}

ModelPool::PendingLease::~PendingLease() {
    wait_->withdraw();
}

bool ModelPool::PendingLease::await_ready() const {
    return wait_->delivered();
}

bool ModelPool::PendingLease::await_suspend(std::coroutine_handle<> coroutine) {
    return wait_->resume_when_delivered(coroutine, *executor_, wait_);
}

Result<ModelLease> ModelPool::PendingLease::await_resume() {
    return wait_->take();
}

}  // namespace mullama
