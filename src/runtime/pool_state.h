#pragma once

#include "base/clock.h"
#include <mullama/model_pool.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace mullama {

/// One request that waits for its lease.
/// Threads: thread-safe.
struct ModelPool::PendingLease::Wait {
    explicit Wait(ModelRequest wanted, Clock::TimePoint now)
        : request(std::move(wanted)), since(now) {}

    const ModelRequest request;
    const Clock::TimePoint since;

    /// Hands over the lease, or why there is none, and wakes who waits.
    void deliver(Result<ModelLease> lease);
    /// Nobody waits any more.
    void withdraw();
    bool withdrawn() const;
    bool delivered() const;
    /// Blocks until it is delivered.
    Result<ModelLease> take();
    /// Resumes `coroutine` on `executor` once delivered; false where it is already.
    bool resume_when_delivered(
        std::coroutine_handle<> coroutine, Executor& executor, const std::shared_ptr<Wait>& self
    );

  private:
    void resume();

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<Result<ModelLease>> lease_;
    std::function<void()> wake_;
    std::coroutine_handle<> coroutine_;
    bool withdrawn_ = false;
};

using WaitPtr = std::shared_ptr<ModelPool::PendingLease::Wait>;

/// A model's place in a pool.
struct PoolSlot {
    std::string name;
    std::optional<LoadedModel> model = {};
    LoadOptions loaded_with = {};
    bool loading = false;
    std::thread loader = {};  // while `loading`
    std::int32_t leases = 0;
    KeepAlive keep_alive = {};
    Clock::TimePoint used_at = {};  // when its last lease ended
    std::deque<WaitPtr> waiting = {};

    bool idle() const { return leases == 0 && !loading && waiting.empty(); }
    /// When its keep-alive time ends; nothing while it is used or where it stays for ever.
    std::optional<Clock::TimePoint> expires_at() const;
};

/// What a pool and its leases share. All of it is under `mutex`; models are freed, and those who
/// wait are told, without it.
struct PoolState : std::enable_shared_from_this<PoolState> {
    explicit PoolState(const PoolOptions& pool_options) : options(pool_options) {}

    SteadyClock clock;

    void enqueue(WaitPtr wait);
    void release(PoolSlot& slot);
    bool unload(const std::string& name);
    std::vector<PooledModel> models() const;
    /// Frees what has expired, until close() and the end of all loads.
    void keep_house();
    /// Refuses all who wait and cancels loads; keep_house() then ends.
    void close();

  private:
    /// What to do once the lock is free.
    struct Later {
        std::vector<std::function<void()>> deliveries;
        std::vector<LoadedModel> freed;

        void run();
    };

    void settle_all(Later& later);
    void settle(PoolSlot& slot, Later& later);
    void grant(PoolSlot& slot, const WaitPtr& wait, Later& later);
    bool make_room(const PoolSlot& wanted, Later& later);
    void free_model(PoolSlot& slot, Later& later);
    void start_load(PoolSlot& slot);
    void load(PoolSlot& slot, const std::filesystem::path& file, LoadOptions load_options);
    void end_load(PoolSlot& slot, Result<LoadedModel> model, const LoadOptions& load_options);
    void drop_expired(Clock::TimePoint now, Later& later);
    std::optional<Clock::TimePoint> next_expiry() const;

    const PoolOptions options;
    mutable std::mutex mutex;
    std::condition_variable changed;
    std::map<std::string, std::unique_ptr<PoolSlot>> slots;
    std::size_t loaders = 0;  // threads not joined yet
    std::vector<std::thread> ended_loaders;
    std::atomic<bool> closing = false;
};

}  // namespace mullama
