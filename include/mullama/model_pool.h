#pragma once

#include <mullama/executor.h>
#include <mullama/result.h>
#include <mullama/runtime.h>

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace mullama {

/// How long a model stays loaded after its last request; below 0 = for ever.
using KeepAlive = std::chrono::nanoseconds;

/// How a pool keeps models.
struct PoolOptions {
    /// Models in memory at a time, >= 1. For one more, the idle one that was used longest ago goes.
    std::int32_t models_max = 3;
    /// Memory for all models together, in bytes, as estimate_memory() sees it. For one more, idle
    /// ones go; where that is not enough, the new one answers one request at a time. 0 = nine
    /// tenths of the machine's, beyond which a model is tried all the same, alone.
    std::uint64_t memory_bytes_max = 0;
    /// Where a request does not say.
    KeepAlive keep_alive = std::chrono::minutes(5);
    /// A load that makes no progress for so long is given up; <= 0 = never.
    std::chrono::nanoseconds stall_max = std::chrono::minutes(5);
    /// Told, in a sentence each, what the pool does: loads, what it had to cut down, frees.
    /// Called on any thread, one call at a time; must not call the pool.
    std::function<void(const std::string&)> on_event = {};
};

/// Which model a request wants, and how.
struct ModelRequest {
    /// What the model is known by: requests of one name share it.
    std::string name = {};
    /// Its GGUF file.
    std::filesystem::path file = {};
    /// How to load it. A loaded one serves a request with a smaller context too; for a larger one,
    /// other threads, another draft model or an adapter that it has not, its context is made anew
    /// as soon as it is idle, with what others have asked for where there is memory for that; for
    /// other devices it is loaded anew.
    LoadOptions load = {};
    /// How long to keep it afterwards; unset = as before, or PoolOptions::keep_alive where it is
    /// loaded for this.
    std::optional<KeepAlive> keep_alive = {};
};

/// A model in a pool, for people to see.
struct PooledModel {
    /// As in ModelRequest.
    std::string name = {};
    /// Bytes that it takes, as estimated before it was loaded.
    std::uint64_t size_bytes = 0;
    /// Requests that it answers at a time.
    std::int32_t parallel = 0;
    /// Tokens of context of each request.
    std::int32_t context_length = 0;
    /// Requests that use it now.
    std::int32_t leases = 0;
    /// How long it will stay after its last request ends, or has left; nothing = for ever.
    std::optional<std::chrono::nanoseconds> expires_in = {};
};

/// The engine of a model in a pool.
struct PooledEngine {
    /// As in ModelRequest.
    std::string name = {};
    /// What it is.
    EngineInfo info = {};
    /// What it does, as of its last step.
    EngineStats stats = {};
};

struct PoolState;
struct PoolSlot;

/// The right to use a pooled model: it is not unloaded while one lives. Destroying it starts the
/// model's keep-alive time.
/// Threads: thread-compatible; it may end on any thread, and outlive the pool.
class ModelLease {
  public:
    /// Made by pools.
    ModelLease(
        std::shared_ptr<PoolState> pool, PoolSlot& slot, LoadedModel model, std::int64_t waited_ns
    );
    /// Takes over what the other holds; the other can then only be destroyed or assigned to.
    ModelLease(ModelLease&&) noexcept;
    /// As above; the lease that was here ends.
    ModelLease& operator=(ModelLease&&) noexcept;
    ~ModelLease();

    /// The model.
    const LoadedModel& operator*() const { return *model_; }
    /// As above.
    const LoadedModel* operator->() const { return &*model_; }

    /// How long the request waited for it, loading included, in nanoseconds.
    std::int64_t waited_ns() const { return waited_ns_; }

  private:
    std::shared_ptr<PoolState> pool_;  // null once moved from
    PoolSlot* slot_;
    std::optional<LoadedModel> model_;
    std::int64_t waited_ns_;
};

/// Models in memory, loaded on demand and kept for a while.
///
/// Requests of one model that is being loaded wait for that load together, and each of them is told
/// where it fails; the next request then tries again. Models load side by side, each on a thread of
/// its own, and never hold up the answers of others.
/// Threads: thread-safe.
class ModelPool {
  public:
    class PendingLease;

    /// Errors are the requests': a pool itself cannot fail.
    explicit ModelPool(const PoolOptions& options = {});
    ModelPool(const ModelPool&) = delete;
    ModelPool& operator=(const ModelPool&) = delete;
    /// Requests that wait end with kUnavailable; a load under way is cancelled. Models whose lease
    /// is still out stay until it ends.
    ~ModelPool();

    /// A lease on a model, loaded if it is not. Blocks until it is.
    /// Errors:  those of LoadedModel::load(); kExhausted: more than PoolOptions::memory_bytes_max;
    ///          kTimeout: the load stalled, see PoolOptions::stall_max; kUnavailable: the pool is
    ///          going down.
    Result<ModelLease> acquire(ModelRequest request);

    /// `co_await` gives what acquire() would. Where it has to wait, the coroutine goes on on
    /// `executor`; destroying it while it waits withdraws the request.
    PendingLease acquire_async(ModelRequest request, Executor& executor);

    /// Ends a model's keep-alive time: it is freed with its last lease. False where it is neither
    /// loaded nor being loaded.
    bool unload(const std::string& name);

    /// What is loaded now, that which stays longest first.
    std::vector<PooledModel> models() const;

    /// The engines of the models that are loaded now, by name; those that only embed have none.
    std::vector<PooledEngine> engines() const;

  private:
    std::shared_ptr<PoolState> state_;
    std::thread house_keeper_;
};

/// What ModelPool::acquire_async() gives: await it in the same expression.
class [[nodiscard]] ModelPool::PendingLease {
  public:
    struct Wait;

    /// Made by ModelPool::acquire_async().
    PendingLease(std::shared_ptr<Wait> wait, Executor& executor);
    PendingLease(const PendingLease&) = delete;
    PendingLease& operator=(const PendingLease&) = delete;
    ~PendingLease();

    /// For co_await.
    bool await_ready() const;
    /// For co_await.
    bool await_suspend(std::coroutine_handle<> coroutine);
    /// For co_await: the lease.
    Result<ModelLease> await_resume();

  private:
    std::shared_ptr<Wait> wait_;
    Executor* executor_;
};

}  // namespace mullama
