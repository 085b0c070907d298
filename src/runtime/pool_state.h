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
    std::optional<LoadedModel> replaced = {};  // goes before the one on its weights comes
    std::optional<Model> weights = {};
    LoadOptions loaded_with = {};  // as asked for
    bool draft_failed = false;     // the draft model of these cannot be used
    std::int32_t parallel = 0;     // as it could be had
    std::uint64_t bytes = 0;       // estimated, while loading or loaded
    bool loading = false;
    std::thread loader = {};              // while `loading`
    Clock::TimePoint progressed_at = {};  // the load, last
    bool stalled = false;                 // the load: nobody waits for it
    std::int32_t leases = 0;
    KeepAlive keep_alive = {};
    Clock::TimePoint used_at = {};  // when its last lease ended
    std::deque<WaitPtr> waiting = {};

    bool serves(const LoadOptions& wanted) const;
    bool idle() const { return leases == 0 && !loading && waiting.empty(); }
    /// When its keep-alive time ends; nothing while it is used or where it stays for ever.
    std::optional<Clock::TimePoint> expires_at() const;
};

/// What a pool and its leases share. All of it is under `mutex`; models are freed, and those who
/// wait are told, without it.
struct PoolState : std::enable_shared_from_this<PoolState> {
    explicit PoolState(const PoolOptions& pool_options);

    SteadyClock clock;

    void enqueue(WaitPtr wait);
    void release(PoolSlot& slot);
    bool unload(const std::string& name);
    std::vector<PooledModel> models() const;
    std::vector<PooledEngine> engines() const;
    /// Frees what has expired, until close() and the end of all loads.
    void keep_house();
    /// Refuses all who wait and cancels loads; keep_house() then ends.
    void close();

  private:
    /// What to do once the lock is free.
    struct Later {
        std::vector<std::function<void()>> deliveries;
        std::vector<std::string> events;

        void run(PoolState& pool);
    };

    void settle_all(Later& later);
    void settle(PoolSlot& slot, Later& later);
    void grant(PoolSlot& slot, const WaitPtr& wait, Later& later);
    LoadOptions wanted_load(const PoolSlot& slot) const;
    void refuse_all(PoolSlot& slot, const Error& error, Later& later);
    bool refuse_impossible(PoolSlot& slot, LoadOptions load_options, Later& later);
    bool has_memory(const PoolSlot& slot, const LoadOptions& load_options, Later& later);
    bool make_room(PoolSlot& slot, LoadOptions& load_options, Later& later);
    bool drop_idle(const PoolSlot& wanted, Later& later);
    std::uint64_t others_bytes(const PoolSlot& slot) const;
    std::int32_t others_count(const PoolSlot& slot) const;
    void free_model(PoolSlot& slot, Later& later);
    void start_load(PoolSlot& slot, LoadOptions load_options, const LoadOptions& asked);
    void load(PoolSlot& slot, const std::filesystem::path& file, LoadOptions load_options);
    void end_load(PoolSlot& slot, Result<LoadedModel> model, const LoadOptions& load_options);
    bool take_progress(PoolSlot& slot);
    void give_up_stalled(Clock::TimePoint now, Later& later);
    void drop_expired(Clock::TimePoint now, Later& later);
    /// When keep_house() has something to do; nothing = when it is told.
    std::optional<Clock::TimePoint> next_date() const;

    const PoolOptions options;
    const std::uint64_t memory_bytes;  // the budget
    mutable std::mutex mutex;
    std::mutex telling;  // of on_event()
    std::condition_variable changed;
    std::map<std::string, std::unique_ptr<PoolSlot>> slots;
    std::size_t loaders = 0;  // threads not joined yet
    std::vector<std::thread> ended_loaders;
    std::vector<LoadedModel> freed;  // by the house keeper: freeing takes its time
    std::atomic<bool> closing = false;
};

}  // namespace mullama
