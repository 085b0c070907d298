#pragma once

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

/// How many requests from the front of the queue may start. `cells[i]` is what the i-th reserves.
/// In order of arrival: one that does not fit holds up those behind it, so that it is not starved
/// by smaller ones.
std::size_t plan_admission(std::span<const std::int32_t> cells, FreePlaces free);

/// One running sequence as the plan sees it.
struct SequenceLoad {
    std::int32_t pending = 0;  ///< Tokens to compute before its next token can be chosen.
    bool generating = false;   ///< They are the answer's; else the prompt's.
    bool paused = false;       ///< Its reader is behind: compute nothing.
    std::int64_t waited = 0;   ///< Prompt tokens, of any request, computed since it came.
};

struct StepLimits {
    std::int32_t batch_size = 0;     ///< The most tokens of a step.
    std::int32_t prefill_chunk = 0;  ///< Of those, prompt tokens while answers are generated,
    std::int32_t prefill_alone = 0;  ///< and else.
};

/// How many pending tokens of each sequence the next step computes.
///
/// Every answer's next token comes first. What is left, within the limits for prompts, goes to the
/// prompt with the fewest tokens to compute, then to the next: so most wait least, and none for
/// long, since tokens that were computed while it waited count as if they were its own.
/// Shape: [loads.size()].
std::vector<std::int32_t> plan_step(std::span<const SequenceLoad> loads, StepLimits limits);

/// Makes a plan smaller for which the KV cells did not suffice: prompts wait for the answers beside
/// them; prompts alone keep half of their tokens. Gives false, with nothing changed, where only
/// answers or a single token are left.
bool shrink_plan(std::span<const SequenceLoad> loads, std::vector<std::int32_t>& granted);

}  // namespace mullama
