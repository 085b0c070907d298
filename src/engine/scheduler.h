#pragma once

#include "base/clock.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mullama {

/// The engine's policy: which requests may start, and which tokens the next step computes. Pure:
/// state in, plan out.

/// What is still free.
struct FreePlaces {
    std::int32_t sequences = 0;
    std::int32_t kv_cells = 0;
};

/// What one request asks of them.
struct Claim {
    std::int32_t cells = 0;     ///< What it reserves.
    std::int32_t priority = 0;  ///< Lower ones go first,
    Clock::TimePoint turn;      ///< unless they come much later: earlier turns go first.
};

/// How many requests from the front of the queue may start; it is in order of their turns. One that
/// does not fit holds up those behind it, so that it is not starved by smaller ones.
std::size_t plan_admission(std::span<const Claim> queue, FreePlaces free);

/// Which running requests make room for the first of the queue by waiting themselves: those whose
/// turns come last, and as few as it takes. Only ones that go behind it by priority and by turn;
/// none where it fits as it is, or would not even so.
std::vector<std::size_t> plan_preemption(
    std::span<const Claim> running, const Claim& first, FreePlaces free
);

/// One running sequence as the plan sees it.
struct SequenceLoad {
    std::int32_t pending = 0;  ///< Tokens to compute before its next token can be chosen.
    bool generating = false;   ///< They are the answer's; else the prompt's.
    bool paused = false;      ///< Compute nothing: its reader is behind, or others have their turn.
    std::int64_t waited = 0;  ///< Prompt tokens, of any request, computed since it came.
    std::int64_t priority = 0;  ///< Prompts with a lower one go first.
};

struct StepLimits {
    std::int32_t batch_size = 0;     ///< The most tokens of a step.
    std::int32_t prefill_chunk = 0;  ///< Of those, prompt tokens while answers are generated,
    std::int32_t prefill_alone = 0;  ///< and else.
};

/// How many pending tokens of each sequence the next step computes.
///
/// Every answer's next token comes first. What is left, within the limits for prompts, goes to the
/// prompt with the fewest tokens to compute among those of the lowest priority, then to the next:
/// so most wait least, and none for long, since tokens that were computed while it waited count as
/// if they were its own.
/// Shape: [loads.size()].
std::vector<std::int32_t> plan_step(std::span<const SequenceLoad> loads, StepLimits limits);

/// How many tokens of prompts a plan has beside those of answers; 0 where it has none of these.
std::int32_t prompts_beside_answers(
    std::span<const SequenceLoad> loads, std::span<const std::int32_t> granted
);

/// Leaves the answers out of a plan, or else the prompts.
void keep_one_kind(
    std::span<const SequenceLoad> loads, std::span<std::int32_t> granted, bool prompts
);

/// Makes a plan smaller for which the KV cells did not suffice: prompts wait for the answers beside
/// them; prompts alone keep half of their tokens. Gives false, with nothing changed, where only
/// answers or a single token are left.
bool shrink_plan(std::span<const SequenceLoad> loads, std::vector<std::int32_t>& granted);

}  // namespace mullama
