#pragma once

#include "base/clock.h"
#include "base/guarded.h"

#include <optional>
#include <utility>

namespace mullama {

/// What the engine thread sleeps on: whoever has news for it rings.
/// Threads: ring() on any thread, wait() on the engine thread.
class Bell {
  public:
    void ring() {
        *rung_.lock() = true;
        rung_.notify_all();
    }

    /// Blocks until it has been rung since the last wait, or `deadline` has passed. Gives whether
    /// it has been rung.
    bool wait(std::optional<Clock::TimePoint> deadline) {
        const auto is_rung = [](bool rung) { return rung; };
        auto rung = deadline ? rung_.lock_when_until(*deadline, is_rung) : rung_.lock_when(is_rung);
        return std::exchange(*rung, false);
    }

  private:
    Guarded<bool> rung_{false};
};

}  // namespace mullama
