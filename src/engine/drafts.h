#pragma once

#include "base/clock.h"
#include "engine/decoder.h"
#include "engine/draft_model.h"
#include "engine/draft_pace.h"
#include "engine/sequence.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace mullama {

/// Guesses how answers go on, and takes back what was guessed wrong.
/// Threads: engine thread only.
class Drafts {
  public:
    /// At most `tokens_max` guesses in a step. All references are borrowed; `draft_model` computes
    /// guesses where it is not null.
    Drafts(Decoder& decoder, Decoder* draft_model, const Clock& clock, std::int32_t tokens_max);

    /// Guesses for the answers that take part in the next step, which has room for `step_max`
    /// tokens, and sets Sequence::drafted to how much of that is worth verifying in it. A draft
    /// model reads at most `read_max` tokens before.
    void guess(const Sequences& running, std::int32_t step_max, std::int32_t read_max);

    /// Learns from a step that read no prompts.
    void took(DraftPace::Step step);

    /// Compares what was guessed with the token that was chosen, and takes back the rest where that
    /// is another.
    void judge(Sequence& sequence, Token token);

    /// Takes back what the KV cache holds of guesses.
    void drop(Sequence& sequence);

  private:
    void guess_by_text(Sequence& sequence) const;
    struct Bounds {
        std::int32_t answers = 0;
        std::int32_t guesses = 0;  // of the step
        std::int32_t reading = 0;  // tokens at once
    };

    void guess_by_model(const Sequences& running, const Bounds& bounds);
    bool is_worth_reading(Sequence& sequence, std::int32_t answers, bool& reading);
    DraftPace::Draft chances_of(const std::vector<Guess>& guesses) const;

    Decoder& decoder_;
    const Clock& clock_;
    std::int32_t tokens_max_;
    DraftPace pace_;
    std::optional<DraftModel> model_;
    DraftPace::Duration guessing_{};  // that the draft model took for this step
};

}  // namespace mullama
