#include "engine/thread_pace.h"

#include <algorithm>
#include <span>

namespace mullama {

namespace {

constexpr double kUsual = 1.25;    // of the fastest step: what is above it is lost
constexpr double kHeldUp = 3.0;    // no step counts as longer, for one says little
constexpr double kLostMax = 4.0;   // fastest steps: a reason to try fewer threads
constexpr double kFaster = 0.95;   // than before, for a trial to pay
constexpr double kHopeless = 1.5;  // a first step this much slower ends a trial
constexpr double kGrowth = 1.002;  // of a step with the context that it reads
constexpr int kPatienceMax = 512;
constexpr ThreadPace::Duration kWaitMin{1.0};
constexpr ThreadPace::Duration kWaitUsual{4.0};
constexpr ThreadPace::Duration kWaitMax{30.0};
constexpr double kLossShare = 20.0;  // a trial's loss is spread over so many times itself

}  // namespace

void ThreadPace::Run::add(Duration duration) {
    latest[static_cast<std::size_t>(steps % kWindow)] = duration;
    ++steps;
}

ThreadPace::Duration ThreadPace::Run::mean() const {
    const int count = std::min(steps, kWindow);
    Duration sum{};
    Duration slowest{};
    for (const Duration duration : std::span(latest).first(static_cast<std::size_t>(count))) {
        sum += duration;
        slowest = std::max(slowest, duration);
    }
    return count > 1 ? (sum - slowest) / (count - 1) : sum;
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
    if (before_ != 0) return judge(duration);
    Duration& fastest = fastest_[static_cast<std::size_t>(tokens)];
    fastest = fastest.count() == 0.0 ? duration : std::min(fastest * kGrowth, duration);
    lost_ = std::max(lost_ + std::min(duration / fastest, kHeldUp) - kUsual, 0.0);
    patience_ = std::max(patience_ - 1, 0);
    if (run_.steps >= kTrial) watch();
}

void ThreadPace::watch() {
    if (now_ < max_ && since_trial_ >= wait_more_) return try_on(std::min(now_ * 2, max_));
    const bool reason = lost_ >= kLostMax && patience_ == 0;
    const bool due = now_ == max_ && since_trial_ >= wait_fewer_;
    if (now_ > 1 && (reason || due)) try_on(now_ / 2);
}

void ThreadPace::try_on(std::int32_t threads) {
    before_ = now_;
    now_ = threads;
    against_ = run_.mean();
    trial_time_ = {};
    lost_ = 0.0;
    run_ = {.tokens = run_.tokens};
}

// Two steps can show that it does not pay. That it does, only as many as before can, of which some
// were held up; meanwhile it is at work.
void ThreadPace::judge(Duration duration) {
    trial_time_ += duration;
    const Duration longest = against_ * (run_.steps == 1 ? kHopeless : kFaster);
    if (run_.mean() > longest) return give_up();
    if (run_.steps < kTrial) return;
    const bool can_halve = now_ < before_ && now_ > 1;
    if (run_.steps < kWindow && !can_halve) return;
    before_ = 0;
    fastest_ = {};
    since_trial_ = {};
    patience_next_ = kTrial;
    wait_more_ = kWaitMin;
    if (can_halve) try_on(now_ / 2);
}

// What was slow is how it is now; the next trial comes later.
void ThreadPace::give_up() {
    if (now_ < before_) {
        fastest_[static_cast<std::size_t>(run_.tokens)] = against_;
        patience_ = patience_next_;
        patience_next_ = std::min(patience_next_ * 2, kPatienceMax);
        wait_fewer_ = std::min(wait_fewer_ * 2.0, kWaitMax);
    } else {
        const Duration loss = trial_time_ - against_ * run_.steps;
        const Duration usual = std::min(wait_more_ * 2.0, kWaitUsual);
        wait_more_ = std::min(std::max(usual, loss * kLossShare), kWaitMax);
    }
    now_ = before_;
    before_ = 0;
    since_trial_ = {};
    run_ = {.tokens = run_.tokens};
}

}  // namespace mullama
