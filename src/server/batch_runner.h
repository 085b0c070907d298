#pragma once

#include "server/batch_store.h"
#include "server/file_store.h"
#include "server/http_response.h"
#include <mullama/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace mullama::server {

/// How batches are run.
struct BatchRunnerOptions {
    /// Lines that are under way at the same time, >= 1.
    std::size_t parallel = 4;
    /// The largest answer to a line, in bytes; a line with a larger one fails.
    std::size_t answer_bytes_max = 64 * 1024 * 1024;
    /// How long lines wait where the server is too busy for one (503), and how often one is tried.
    std::chrono::milliseconds retry_after{2000};
    int attempts_max = 60;
    /// For names.
    std::uint64_t seed = 0;
};

/// Runs batches in the background, one after the other, on a thread of its own. Each line is a
/// request to a handler, as if a client had sent it.
/// Threads: thread-safe.
class BatchRunner {
  public:
    /// The stores outlive the runner, and so does what `handler` uses.
    BatchRunner(
        BatchStore& batches, FileStore& files, Handler handler, const BatchRunnerOptions& options
    );
    /// Stops at once and joins. Lines under way are dropped: whoever resumes their batch runs them
    /// again.
    ~BatchRunner();
    BatchRunner(const BatchRunner&) = delete;
    BatchRunner& operator=(const BatchRunner&) = delete;

    /// Goes on with all batches that have not ended; once, before the first submit().
    void resume();

    /// Runs a batch of the store after those that wait already.
    void submit(std::string id);

    /// Ends a batch with what is answered. `done` is called with it as it is then.
    /// Errors:  kNotFound. kInvalidArgument: it has ended.
    /// Threads: `done` runs on the runner's thread, and must not block.
    void cancel(std::string id, std::function<void(Result<api::openai::Batch>)> done);

  private:
    class Impl;

    std::unique_ptr<Impl> impl_;
};

}  // namespace mullama::server
