#include "engine/wait_for_work.h"

#include "llama/threads.h"

#include <chrono>

namespace mullama {

namespace {

// Longer than a client takes to ask again.
constexpr std::chrono::milliseconds kMoment{10};

}  // namespace

void wait_for_work(Bell& bell, std::optional<Clock::TimePoint> deadline, bool& has_threads) {
    if (has_threads) {
        const Clock::TimePoint rest = std::chrono::steady_clock::now() + kMoment;
        const bool is_soon = deadline && *deadline <= rest;
        if (bell.wait(is_soon ? *deadline : rest) || is_soon) return;
        end_compute_threads();
        has_threads = false;
    }
    bell.wait(deadline);
}

}  // namespace mullama
