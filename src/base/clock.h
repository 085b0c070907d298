#pragma once

#include <chrono>

namespace mullama {

/// Where decisions about time get the time from, so that tests can set it.
/// Threads: Thread-safe.
class Clock {
  public:
    using TimePoint = std::chrono::steady_clock::time_point;

    virtual ~Clock() = default;
    virtual TimePoint now() const = 0;
};

/// The system's monotonic clock.
class SteadyClock final : public Clock {
  public:
    TimePoint now() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace mullama
