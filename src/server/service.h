#pragma once

#include "base/clock.h"
#include "server/adapter_scales.h"
#include "server/api_keys.h"
#include "server/batch_store.h"
#include "server/file_store.h"
#include "server/metrics.h"
#include "server/model_facts.h"
#include "server/response_store.h"
#include "server/running_responses.h"
#include "server/work_threads.h"
#include "store/catalog.h"
#include <mullama/model_pool.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

namespace mullama::server {

/// What the routes answer from. Outlives every handler.
/// Threads: thread-safe.
struct Service {
    /// `data` is where it keeps what clients come back to; without a path nothing outlives it.
    Service(
        store::Catalog models,
        const PoolOptions& pool_options,
        LoadOptions defaults,
        const std::filesystem::path& data,
        ApiKeys api_keys = {}
    );

    /// A number that no other call has got, to make names from.
    std::uint64_t next_seed();

    const store::Catalog catalog;
    /// Who may ask.
    const ApiKeys keys;
    /// How models are loaded where a request says nothing else.
    const LoadOptions load;
    /// What model files say about themselves.
    ModelFacts facts;
    /// Answers of /v1/responses.
    ResponseStore responses;
    RunningResponses running;
    /// What clients upload, and what is made of it.
    FileStore files;
    BatchStore batches;
    /// Threads for templates, tokenizing and what reads the disk.
    WorkThreads work{2};
    /// The thread for what reads images, which takes seconds and would hold up the others.
    WorkThreads eyes{1};
    ModelPool pool;
    AdapterScales adapter_scales;
    /// What it counts.
    Metrics metrics;
    /// Set once it stops: what is under way ends, nothing new is taken.
    std::atomic<bool> draining = false;

  private:
    std::atomic<std::uint64_t> seed_;
};

}  // namespace mullama::server
