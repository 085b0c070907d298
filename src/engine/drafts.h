#pragma once

#include "engine/decoder.h"
#include "engine/draft_pace.h"
#include "engine/sequence.h"

#include <cstdint>

namespace mullama {

/// Guesses how answers go on, and takes back what was guessed wrong.
/// Threads: engine thread only.
class Drafts {
  public:
    /// At most `tokens_max` guesses in a step. `decoder` is borrowed.
    Drafts(Decoder& decoder, std::int32_t tokens_max)
        : decoder_(decoder), tokens_max_(tokens_max) {}

    /// Guesses for the answers that take part in the next step, which has room for `step_max`
    /// tokens, and sets Sequence::drafted to how much of that is worth verifying in it.
    void guess(const Sequences& running, std::int32_t step_max);

    /// Learns from a step that read no prompts.
    void took(const DraftPace::Step& step) { pace_.took(step); }

    /// Compares what was guessed with the token that was chosen, and takes back the rest where that
    /// is another.
    void judge(Sequence& sequence, Token token);

    /// Takes back what the KV cache holds of guesses.
    void drop(Sequence& sequence);

  private:
    Decoder& decoder_;
    std::int32_t tokens_max_;
    DraftPace pace_;
};

}  // namespace mullama
