#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace mullama {

/// How prompts are read while answers are generated, so that these do not stall: as many tokens at
/// a time as are computed in the time that there is for them, as far as steps before tell; in the
/// answers' steps, or in steps of their own in turn with those, whichever has been faster.
///
/// In one step, weights that come from memory are read once for both. But on a CPU, llama.cpp's
/// attention takes 64 tokens together as soon as a step has as many: a gain for a prompt, while
/// answers among them cost as if each context were read by 64.
/// Threads: thread-compatible.
class PrefillPace {
  public:
    using Duration = std::chrono::duration<double>;

    struct Step {
        std::int32_t answers = 0;  ///< Tokens of answers,
        std::int32_t prompts = 0;  ///< and of prompts.
        bool apart = false;        ///< Answers wait for the next one.
        Duration duration{};
    };

    /// The most in a step with answers, where not even the most of all fits the budget, and where
    /// nothing is known yet: less than kTile with the answers of a few.
    static constexpr std::int32_t kBeside = 48;
    /// In smaller parts prompts are computed slowly.
    static constexpr std::int32_t kLeast = 16;
    /// From here on steps of their own may pay; they may take so many times the budget for that.
    static constexpr std::int32_t kTile = 64;
    static constexpr double kTileStretch = 2.5;
    /// With so many prompts are read about as fast as in whole; for that they may take as much.
    static constexpr std::int32_t kEfficient = 96;
    static constexpr double kEfficientStretch = 1.5;
    /// So many steps with prompts go by before the slower way is tried again.
    static constexpr int kTrialEvery = 16;

    /// At most `tokens_max` in a step, and in `budget`; zero = always as many, in the answers'
    /// steps.
    PrefillPace(std::int32_t tokens_max, Duration budget)
        : tokens_max_(tokens_max), budget_(budget) {}

    /// Whether the next step with prompts leaves the answers out, for the one after.
    bool apart() const;

    /// For that step. A multiple of kLeast, and of half of kTile where it is apart, where it is
    /// less than the most, for steps of equal shape reuse llama.cpp's graph.
    std::int32_t tokens() const;

    /// How long a step took.
    void took(const Step& step);

  private:
    std::int32_t fitting(Duration token, double stretch = 1) const;
    Duration apart_token() const;
    std::int32_t fitting_apart() const;
    void compare(const Step& step);

    std::int32_t tokens_max_;
    Duration budget_;
    std::optional<Duration> answers_step_ = {};  // a step without prompts
    std::optional<Duration> alone_ = {};         // a prompt's token, in a step without answers
    std::optional<Duration> beside_ = {};        // more, in a step with them

    /// What one way costs, all in all.
    struct Cost {
        bool apart = false;
        Duration token{};  // of a prompt, with its share of an answers' step
    };
    std::optional<Cost> last_ = {};              // of this prompt
    int answers_in_a_row_ = 0;                   // steps without prompts
    std::optional<double> mixed_to_apart_ = {};  // cost, where one came right behind the other
    int since_trial_ = 0;
};

}  // namespace mullama
