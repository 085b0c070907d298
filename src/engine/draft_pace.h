#pragma once

#include "engine/guess.h"

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

    /// What is guessed of one answer: the chance() of each token, in order.
    using Draft = std::vector<double>;

    /// A step that read no prompts.
    struct Step {
        std::int32_t answers = 0;   ///< It computed one token for each of these,
        std::int32_t drafted = 0;   ///< and so many guesses of how they go on,
        std::int32_t accepted = 0;  ///< of which so many were right.
        Duration duration{};
        Duration guessing{};  ///< What a draft model took for its guesses before.
    };

    /// How many of each guess to verify in a step for so many answers; at most `tokens_max`
    /// together. `guessing` is what it took to guess them.
    /// Shape: [drafts.size()].
    std::vector<std::int32_t> plan(
        std::span<const Draft> drafts,
        std::int32_t answers,
        std::int32_t tokens_max,
        Duration guessing = {}
    ) const {
        return best(drafts, answers, tokens_max, guessing).counts;
    }

    /// Whether it pays that a draft model guesses one token more for each of `open`, which are
    /// indices of `drafts`.
    bool pays_to_guess(
        std::span<const Draft> drafts,
        std::span<const std::size_t> open,
        std::int32_t answers,
        std::int32_t tokens_max,
        Duration guessing
    ) const;

    /// Whether it pays that a draft model reads so many tokens to guess for an answer that has so
    /// many so far, and at most `left` more: it is taken to become twice as long. As long as the
    /// model has gained nothing, it begins to read on credit; `begun` tells that it has.
    bool pays_to_read(
        std::int32_t tokens,
        bool begun,
        std::int32_t answer,
        std::int32_t left,
        std::int32_t answers
    ) const;

    /// How often a guess of this kind is right, all before which are.
    double chance(GuessKind kind) const { return chances_[kind]; }
    /// How often a draft model's guesses are, of any kind.
    double model_chance() const { return model_chance_; }

    /// Learns from a step.
    void took(const Step& step);

    /// Learns how long a draft model took for one more token of each.
    void guessed(Duration duration);
    /// Learns how long it took for reading so many, which so many answers waited for.
    void read(std::int32_t tokens, std::int32_t answers, Duration duration);

    /// Learns whether a guessed token, all before which were right, was right too.
    void was(GuessKind kind, bool right);

  private:
    static constexpr double kModelChance = 0.8;  // of one of which nothing is known
    static constexpr std::size_t kWidths = 9;    // 1, 2 to 3, 4 to 7, ... guesses

    struct Plan {
        std::vector<std::int32_t> counts;
        double rate = 0.0;  // tokens in a second; 0 = not known
    };

    static std::size_t width_of(std::int32_t drafted);

    Plan best(
        std::span<const Draft> drafts,
        std::int32_t answers,
        std::int32_t tokens_max,
        Duration guessing
    ) const;
    /// A step's time without guesses; unset where none was seen.
    std::optional<Duration> base(std::int32_t answers) const;
    /// What each of so many guesses adds to it.
    Duration more(Duration base, std::int32_t drafted) const;
    void took_plain(std::optional<Duration>& base, Duration duration);
    void took_guesses(double gain);
    void earn(double steps);

    // First those of matches, then those of a draft model's probabilities.
    std::array<double, kGuessKinds> chances_ = {0.0, 0.0, 0.2, 0.3,  0.4,  0.5, 0.6,
                                                0.7, 0.8, 0.9, 0.95, 0.05, 0.1, 0.2,
                                                0.3, 0.4, 0.5, 0.6,  0.7,  0.8, 0.9};
    double model_chance_ = kModelChance;
    double model_gain_ = 0.0;      // of a step with its guesses, in steps
    double reading_credit_ = 1.0;  // in steps
    std::optional<Duration> guess_time_;
    std::optional<Duration> read_time_;                  // of a token
    std::vector<std::optional<Duration>> base_;          // by answers
    std::array<std::optional<Duration>, kWidths> more_;  // by width
    Duration after_{};            // what a step without guesses takes longer after one with
    bool follows_draft_ = false;  // whether the next step comes after one with guesses
    double credit_ = 2.0;         // in steps
};

}  // namespace mullama
