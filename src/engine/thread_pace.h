#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace mullama {

/// How many threads a step is computed on.
///
/// Threads meet at hundreds of barriers in a step, and wait there for the slowest. Where another
/// program wants a core too, two threads can be slower than one. So when steps take longer than
/// they can, half the threads are tried, and kept while that is faster. From time to time another
/// number is tried for a few steps, for what has changed without a sign.
/// Threads: thread-compatible.
class ThreadPace {
  public:
    using Duration = std::chrono::duration<double>;

    /// The most threads, at least 1.
    explicit ThreadPace(std::int32_t threads_max) : max_(threads_max), now_(threads_max) {}

    /// For the next step.
    std::int32_t threads() const { return now_; }

    /// How long a step of so many tokens took on threads().
    void took(std::int32_t tokens, Duration duration);

  private:
    // Longer steps are prompts, of which each takes its own time.
    static constexpr std::int32_t kTokensMax = 63;
    static constexpr int kWindow = 32;
    static constexpr int kTrial = 4;

    /// Steps of one length in a row.
    struct Run {
        std::int32_t tokens = 0;
        int steps = 0;
        std::array<Duration, kWindow> latest{};

        void add(Duration duration);
        /// Of the latest but the slowest: one that was held up says nothing, several do.
        Duration mean() const;
    };

    void watch();
    void judge(Duration duration);
    void try_on(std::int32_t threads);
    void give_up();

    std::int32_t max_;
    std::int32_t now_;
    Run run_;
    std::array<Duration, kTokensMax + 1> fastest_{};  // by tokens, on now_ threads; 0 = not known

    std::int32_t before_ = 0;  // threads before a trial; 0 = none is under way
    Duration against_{};       // what the trial has to be faster than
    Duration trial_time_{};    // of its steps
    double lost_ = 0.0;        // of late, in steps as fast as the fastest
    int patience_ = 0;         // steps to wait before what is lost is a reason for a trial
    int patience_next_ = kTrial;
    Duration since_trial_{};
    Duration wait_more_{1.0};   // before more threads are tried
    Duration wait_fewer_{1.0};  // before fewer are, without a reason
};

}  // namespace mullama
