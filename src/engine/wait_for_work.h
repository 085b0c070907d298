#pragma once

#include "base/clock.h"
#include "engine/bell.h"

#include <optional>

namespace mullama {

/// Waits as bell.wait(), on a thread that computes: where nothing comes for a moment it gives back
/// the threads that compute with it, see end_compute_threads(). `has_threads` tells whether it may
/// have any.
void wait_for_work(Bell& bell, std::optional<Clock::TimePoint> deadline, bool& has_threads);

}  // namespace mullama
