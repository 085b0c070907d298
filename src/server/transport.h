#pragma once

#include <mullama/executor.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace mullama::server {

/// How reading or writing ended.
enum class IoStatus {
    kDone,      ///< Bytes were read, or all were written.
    kClosed,    ///< The peer or this side has closed.
    kTimedOut,  ///< The deadline passed, or the peer took nothing for too long.
};

/// What a read gave.
struct ReadResult {
    IoStatus status = IoStatus::kClosed;
    std::string_view bytes = {};  ///< Valid until the next read.
};

/// The bytes of one connection, whatever carries them: the one place where a socket, and some day
/// TLS over it, is hidden.
///
/// One read and one write may be under way at the same time. Callbacks are called on the executor
/// and never before the call that took them returns. What is under way keeps the transport alive.
/// Threads: on its executor only.
class Transport {
  public:
    using TimePoint = std::chrono::steady_clock::time_point;

    virtual ~Transport() = default;

    /// Where all of it happens; outlives the transport.
    virtual Executor& executor() = 0;

    /// Reads what comes next, at least one byte.
    virtual void read_some(TimePoint deadline, std::function<void(ReadResult)> done) = 0;

    /// Reads what is there now: kDone with no bytes where nothing is there.
    virtual ReadResult read_now() = 0;

    /// Calls `ready` once when something can be read or the peer has gone.
    virtual void wait_readable(std::function<void()> ready) = 0;

    /// Calls `broken` once when the connection is broken, without looking at what can be read.
    virtual void wait_broken(std::function<void()> broken) = 0;

    /// Writes all of `bytes`; kTimedOut when the peer takes nothing for `stall_time`.
    virtual void write(
        std::string bytes, std::chrono::milliseconds stall_time, std::function<void(IoStatus)> done
    ) = 0;

    /// A call that is due at some time. Destroying it takes the call back.
    class Timer {
      public:
        virtual ~Timer() = default;
    };

    /// Calls `job` once at `when`, unless the timer is gone by then.
    virtual std::unique_ptr<Timer> call_at(TimePoint when, std::function<void()> job) = 0;

    /// Tells the peer that nothing more comes.
    virtual void shutdown_send() = 0;

    /// Closes; what is under way ends with kClosed.
    virtual void close() = 0;
};

}  // namespace mullama::server
