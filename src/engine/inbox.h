#pragma once

#include "base/guarded.h"
#include "engine/sequence.h"
#include <mullama/engine.h>
#include <mullama/result.h>

#include <cstddef>
#include <memory>
#include <optional>

namespace mullama {

/// Where other threads meet the engine thread: requests on their way in, statistics on their way
/// out.
/// Threads: thread-safe.
class Inbox {
  public:
    /// `requests_max` bounds the requests that are on their way, waiting and running.
    explicit Inbox(std::size_t requests_max) : requests_max_(requests_max) {}

    /// Errors:  kExhausted: `requests_max` reached. What close() was given.
    Result<void> put(std::unique_ptr<Sequence> sequence);

    EngineStats stats() const;

    // The engine thread's side.

    /// Moves what has come to the end of `waiting`.
    void take(Sequences& waiting);

    /// Sets what stats() tells, with the requests that were taken.
    void publish(const EngineStats& stats);

    /// From now on put() gives `error`.
    void close(Error error);

  private:
    struct State {
        Sequences arrived;
        std::size_t taken = 0;  // and not ended
        std::optional<Error> closed;
        EngineStats stats;
    };

    const std::size_t requests_max_;
    Guarded<State> state_;
};

}  // namespace mullama
