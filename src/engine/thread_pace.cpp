#include "engine/thread_pace.h"

#include <algorithm>

namespace mullama {

namespace {

constexpr double kSlower = 1.5;    // than the fastest: a reason to try fewer threads
constexpr int kSlowWindows = 2;    // so many times, the first of which may be half of each
constexpr double kFaster = 0.95;   // than before, for a trial to pay
constexpr double kHopeless = 1.5;  // a first step this much slower ends a trial
constexpr double kGrowth = 1.002;  // of a step with the context that it reads
constexpr int kPatienceMax = 64;
constexpr ThreadPace::Duration kWaitMin{1.0};
constexpr ThreadPace::Duration kWaitUsual{4.0};
constexpr ThreadPace::Duration kWaitMax{30.0};
constexpr double kLossShare = 20.0;  // a trial's loss is spread over so many times itself

}  // namespace

void ThreadPace::Run::add(Duration duration) {
    ++steps;
    sum += duration;
    slowest = std::max(slowest, duration);
}

void ThreadPace::took(std::int32_t tokens, Duration duration) {
    if (max_ == 1) return;
    since_trial_ += duration;
    if (tokens < 1 || tokens > kTokensMax) return;
    if (tokens != run_.tokens) {
        if (before_ != 0) give_up();
        run_ = {.tokens = tokens};
    }
    run_.add(duration);
    if (before_ != 0) return judge();
    Duration& fastest = fastest_[static_cast<std::size_t>(tokens)];
    fastest = fastest.count() == 0.0 ? duration : std::min(fastest * kGrowth, duration);
    if (run_.steps == kWindow) watch();
}

void ThreadPace::watch() {
    const Duration mean = run_.mean();
    const bool slow = mean > fastest_[static_cast<std::size_t>(run_.tokens)] * kSlower;
    slow_windows_ = slow ? slow_windows_ + 1 : 0;
    patience_ = std::max(patience_ - 1, 0);
    if (now_ < max_ && since_trial_ >= wait_more_) return try_on(std::min(now_ * 2, max_), mean);
    const bool reason = slow_windows_ >= kSlowWindows && patience_ == 0;
    const bool due = now_ == max_ && since_trial_ >= wait_fewer_;
    if (now_ > 1 && (reason || due)) return try_on(now_ / 2, mean);
    run_ = {.tokens = run_.tokens};
}

void ThreadPace::try_on(std::int32_t threads, Duration against) {
    before_ = now_;
    now_ = threads;
    against_ = against;
    slow_windows_ = 0;
    run_ = {.tokens = run_.tokens};
}

void ThreadPace::judge() {
    const bool hopeless = run_.steps == 1 && run_.slowest > against_ * kHopeless;
    if (!hopeless && run_.steps < kTrial) return;
    if (hopeless || run_.mean() > against_ * kFaster) return give_up();
    const bool fewer = now_ < before_;
    const Duration mean = run_.mean();
    before_ = 0;
    fastest_ = {};
    since_trial_ = {};
    patience_next_ = 1;
    wait_more_ = kWaitMin;
    run_ = {.tokens = run_.tokens};
    if (fewer && now_ > 1) try_on(now_ / 2, mean);
}

// What was slow is how it is now; the next trial comes later.
void ThreadPace::give_up() {
    if (now_ < before_) {
        fastest_[static_cast<std::size_t>(run_.tokens)] = against_;
        patience_ = patience_next_;
        patience_next_ = std::min(patience_next_ * 2, kPatienceMax);
        wait_fewer_ = std::min(wait_fewer_ * 2.0, kWaitMax);
    } else {
        const Duration loss = run_.sum - against_ * run_.steps;
        const Duration usual = std::min(wait_more_ * 2.0, kWaitUsual);
        wait_more_ = std::min(std::max(usual, loss * kLossShare), kWaitMax);
    }
    now_ = before_;
    before_ = 0;
    since_trial_ = {};
    run_ = {.tokens = run_.tokens};
}

}  // namespace mullama
