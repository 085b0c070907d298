#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace mullama {

/// How many prompt tokens a step may take while answers are generated, so that these do not stall:
/// as many as are computed in the time that there is for them, as far as steps before tell.
/// Threads: thread-compatible.
class PrefillPace {
  public:
    using Duration = std::chrono::duration<double>;

    /// Where nothing is known yet, and in smaller parts prompts are computed slowly.
    static constexpr std::int32_t kFirst = 64;
    static constexpr std::int32_t kLeast = 16;

    /// At most `tokens_max` in a step, and in `budget`; zero = any time.
    PrefillPace(std::int32_t tokens_max, Duration budget)
        : tokens_max_(tokens_max), budget_(budget) {}

    /// For the next step. A multiple of kLeast where it is less than the most, for steps of equal
    /// shape reuse llama.cpp's graph.
    std::int32_t tokens() const;

    /// How long a step with so many answers' and prompts' tokens took.
    void took(std::int32_t answers, std::int32_t prompts, Duration duration);

  private:
    std::int32_t tokens_max_;
    Duration budget_;
    std::optional<Duration> answers_step_;  // a step without prompts
    std::optional<Duration> token_;         // a prompt's token more
};

}  // namespace mullama
