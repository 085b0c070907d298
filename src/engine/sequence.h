#pragma once

#include "base/clock.h"
#include "engine/answer_text.h"
#include "engine/decoder.h"
#include "engine/guess.h"
#include "engine/scheduler.h"
#include "engine/stream.h"
#include "engine/thinking_guard.h"
#include <mullama/types.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace mullama {

inline constexpr SequenceId kNoSequence = -1;

/// How long a request has to wait to go before those whose priority is lower by one.
inline constexpr std::chrono::minutes kPriorityStep{1};

/// Rows of a picture among a sequence's tokens.
struct MediaRange {
    std::int32_t begin = 0;  ///< The place of its first row in Sequence::tokens.
    std::shared_ptr<const MediaEmbedding> media;

    std::int32_t end() const { return begin + media->row_count; }
};

/// Stand for the rows of a picture in Sequence::tokens: below 0, so that no vocabulary has them,
/// and made of the picture's id, so that prompts with different pictures have different tokens.
/// Shape:   [media.row_count].
std::vector<Token> media_tokens(const MediaEmbedding& media);

/// One request from its submission to its end.
///
/// `tokens` is the prompt followed by the answer so far, of which the first `decoded` are in the
/// KV cache; when all are, the next one can be chosen. So a sequence that lost its cells only sets
/// `decoded` back to 0, and one that finds a prefix there begins further on. Where its context is
/// shifted, `tokens` loses what the cache forgets.
struct Sequence {
    Sequence(AnswerText answer_text, ThinkingBudget budget)
        : text(std::move(answer_text)), thinking(std::move(budget)) {}

    // Set at submission.
    std::vector<Token> tokens;
    std::vector<MediaRange> media;  // in order
    std::int32_t prompt_tokens = 0;
    std::int32_t cut_tokens = 0;         // that were in the prompt too
    std::int32_t answer_tokens_max = 0;  // what max_tokens and the context leave
    std::int32_t cells = 0;              // what it reserves
    std::int32_t keep_tokens = 0;        // of the prompt, where the context is shifted
    bool ignore_eos = false;
    bool cache_prompt = true;
    std::int32_t priority = 0;
    std::int32_t guesses_max = 0;  // tokens to guess in a step
    bool reports_progress = false;
    std::chrono::milliseconds time_max{};  // from the first token on; zero for no limit
    std::optional<std::int32_t> top_logprobs;
    std::vector<float> adapter_scales;  // empty = as the engine has them
    std::unique_ptr<TokenSampler> sampler;
    AnswerText text;
    ThinkingGuard thinking;
    std::vector<Token> thinking_end;  // what is said when `thinking` is over
    std::shared_ptr<Stream> stream;
    Clock::TimePoint submitted_at;

    // The engine thread's.
    SequenceId id = kNoSequence;  // its place in the KV cache while it runs
    std::int32_t lent_priority = 0;
    bool has_turn = true;    // else a step for others is computed, with other adapters
    bool has_begun = false;  // else it waits for what others compute for it, see PrefixCache
    std::int32_t decoded = 0;
    std::int32_t stop_at = 0;                // of `tokens`: a step ends there if it comes to it
    std::optional<std::uint64_t> snapshots;  // what it asked of the disk, see Snapshots::Ticket
    std::int32_t cached_tokens = 0;          // of the prompt, that others had computed
    bool shares_cells = false;               // with another sequence, now or until that one ended
    std::int32_t forgotten = 0;              // how many of `tokens` shifts have taken away
    std::int64_t came_at = -1;    // when the engine had computed so many tokens of prompts
    std::int64_t served_at = -1;  // its last step
    std::optional<Clock::TimePoint> paused_at;  // since when its stream has been full
    std::optional<Clock::TimePoint> started_at;
    std::optional<Clock::TimePoint> first_token_at;
    Clock::TimePoint last_token_at;
    std::size_t thinking_end_at = 0;  // how much of `thinking_end` has been said
    std::vector<Guess> draft;         // what it may go on with
    std::int32_t draft_at = 0;        // how many of that have turned out right
    bool is_being_read = false;       // by a draft model, in parts
    std::int32_t drafted = 0;         // how many more are in the KV cache too
    std::int32_t drafted_tokens = 0;  // in all steps
    std::int32_t accepted_tokens = 0;
    bool has_line = false;  // whether the answer has a line break

    std::int32_t pending() const { return static_cast<std::int32_t>(tokens.size()) - decoded; }
    std::int32_t generated() const {
        return static_cast<std::int32_t>(tokens.size()) + forgotten - prompt_tokens;
    }
    /// How many tokens of the prompt are still to be computed.
    std::int32_t prompt_left() const { return std::max(prompt_tokens - forgotten - decoded, 0); }
    /// Whether the token that is pending needs one cell more than it reserves.
    bool is_full() const { return static_cast<std::int32_t>(tokens.size()) > cells; }

    /// The picture that is to be computed next, or null where it is a token.
    const MediaRange* media_next() const;
    /// How many tokens are pending before the next picture, or the end.
    std::int32_t tokens_next() const;
    /// How many of them a step may compute.
    std::int32_t tokens_in_step() const {
        return stop_at > decoded ? std::min(tokens_next(), stop_at - decoded) : tokens_next();
    }
    /// Where the token at `index` of `tokens` stands, or the picture that begins there.
    Position position_of(std::int32_t index) const;

    /// How many tokens may be guessed now: those that it wants, and has cells for.
    std::int32_t draft_max() const {
        const std::int32_t left = answer_tokens_max - generated() - 1;
        const std::int32_t free = cells - static_cast<std::int32_t>(tokens.size());
        return std::max(std::min({guesses_max, left, free}), 0);
    }
    /// Whether the step may compute something for it.
    bool takes_part() const { return has_turn && !paused_at; }
    bool is_generating() const { return generated() > 0 && pending() == 1; }
    /// What it asks of the engine's places.
    Claim claim() const {
        return {
            .cells = cells,
            .priority = priority,
            .turn = submitted_at + priority * kPriorityStep,
        };
    }
    /// Its priority, or that of one that waits for it, lowered by how long it has been here.
    std::int64_t priority_at(Clock::TimePoint now) const {
        return lent_priority - (now - submitted_at) / kPriorityStep;
    }
    /// `prompt_tokens_computed` is the engine's count.
    SequenceLoad load(std::int64_t prompt_tokens_computed) const {
        return {
            .pending = has_begun ? tokens_in_step() + drafted : 0,
            .generating = is_generating(),
            .paused = !takes_part(),
            .waited = prompt_tokens_computed - came_at,
        };
    }

    Usage usage(Clock::TimePoint now) const;
    Progress progress(Clock::TimePoint now) const {
        return {.prompt_tokens_done = prompt_tokens - prompt_left(), .usage = usage(now)};
    }
    /// Whether it has to end because of `time_max`.
    bool out_of_time() const {
        return time_max.count() > 0 && has_line && last_token_at - *first_token_at > time_max;
    }
};

using Sequences = std::deque<std::unique_ptr<Sequence>>;

}  // namespace mullama
