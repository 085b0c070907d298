#pragma once

#include "engine/ngram.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace mullama {

/// How many guessed tokens a step verifies: as many as make most tokens in a second, by how often
/// guesses have been right and how long steps have taken.
///
/// Guesses are judged whether or not they were verified, so that it costs nothing to learn that
/// they have become good. What they cost where they are not is bounded: they live on credit, which
/// is what they have gained, and a two hundredth of the time of the others.
/// Threads: thread-compatible.
/// Source:  speculative decoding, arXiv 2211.17192.
class DraftPace {
  public:
    using Duration = std::chrono::duration<double>;

    /// One answer's guess.
    struct Draft {
        std::int32_t match = 0;   ///< See NgramGuess.
        std::int32_t tokens = 0;  ///< How many there are.
    };

    /// A step that read no prompts.
    struct Step {
        std::int32_t answers = 0;   ///< It computed one token for each of these,
        std::int32_t drafted = 0;   ///< and so many guesses of how they go on,
        std::int32_t accepted = 0;  ///< of which so many were right.
        Duration duration{};
    };

    /// How many of each guess to verify in a step for so many answers; at most `tokens_max`
    /// together.
    /// Shape: [drafts.size()].
    std::vector<std::int32_t> plan(
        std::span<const Draft> drafts, std::int32_t answers, std::int32_t tokens_max
    ) const;

    /// Learns from a step.
    void took(const Step& step);

    /// Learns whether a guessed token, all before which were right, was right too. `match` is how
    /// many tokens before it are the same as where it comes from.
    void was(std::int32_t match, bool right);

  private:
    static constexpr std::size_t kMatches = 11;  // 0 to 8 each, 9 to 16, 17 and more
    static constexpr std::size_t kWidths = 9;    // 1, 2 to 3, 4 to 7, ... guesses

    static std::size_t place_of(std::int32_t match);
    static std::size_t width_of(std::int32_t drafted);

    double chance(std::int32_t match) const { return chances_[place_of(match)]; }
    /// A step's time without guesses; unset where none was seen.
    std::optional<Duration> base(std::int32_t answers) const;
    /// What each of so many guesses adds to it.
    Duration more(Duration base, std::int32_t drafted) const;
    void took_plain(std::optional<Duration>& base, Duration duration);
    void earn(double steps);

    std::array<double, kMatches> chances_ = {0, 0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95};
    std::vector<std::optional<Duration>> base_;          // by answers
    std::array<std::optional<Duration>, kWidths> more_;  // by width
    Duration after_{};            // what a step without guesses takes longer after one with
    bool follows_draft_ = false;  // whether the next step comes after one with guesses
    double credit_ = 2.0;         // in steps
};

}  // namespace mullama
