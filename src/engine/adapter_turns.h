#pragma once

#include "base/clock.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace mullama {

/// Whose turn it is where requests use a model's adapters differently: one step computes for one
/// set of scales only. To change it costs time, so a set keeps its turn for a while.
/// Threads: thread-compatible.
class AdapterTurns {
  public:
    using Scales = std::vector<float>;

    /// How long a set keeps its turn while others wait: whichever comes first.
    static constexpr std::int64_t kSteps = 8;
    static constexpr std::chrono::milliseconds kTime{100};

    /// The set of the next step. `wanted` are the sets that somebody can go on with, at least one;
    /// one may be there several times. A set that is not wanted loses its place.
    const Scales& next(
        std::span<const Scales* const> wanted, std::int64_t steps_done, Clock::TimePoint now
    );

  private:
    struct Turn {
        Scales scales;
        std::optional<Clock::TimePoint> since = std::nullopt;  // unset while it waits
        std::int64_t first_step = 0;
    };

    std::vector<Turn> turns_;  // in order; the first one has it
};

}  // namespace mullama
