#pragma once

#include "base/clock.h"
#include "engine/adapter_turns.h"
#include "engine/crew.h"
#include "engine/decoder.h"
#include "engine/draft_pace.h"
#include "engine/drafts.h"
#include "engine/inbox.h"
#include "engine/prefill_pace.h"
#include "engine/prefix_cache.h"
#include "engine/scheduler.h"
#include "engine/sequence.h"
#include <mullama/engine.h>
#include <mullama/tokenizer.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace mullama {

/// What the engine thread does: takes requests from the inbox, decodes for all of them together,
/// and fills their streams. It has no thread of its own, so that tests can take it step by step.
/// Threads: engine thread only, but for inbox().
class EngineLoop {
  public:
    /// All references are borrowed for as long as the loop lives; `snapshots` may be null, and
    /// `draft_model` is where there is none.
    EngineLoop(
        Decoder& decoder,
        const Tokenizer& tokenizer,
        const EngineOptions& options,
        const Clock& clock,
        std::unique_ptr<Snapshots> snapshots = nullptr,
        Decoder* draft_model = nullptr
    );

    /// Threads: any.
    Inbox& inbox() { return inbox_; }
    const Inbox& inbox() const { return inbox_; }

    /// One round: inbox, plan, decode, emit, and one wake for all readers. Gives false where there
    /// was nothing to decode; then there is nothing to do before a request comes, a reader makes
    /// room or leaves, a snapshot has been read, or deadline().
    bool step();

    /// When the next stalled request is due to end.
    std::optional<Clock::TimePoint> deadline() const;

    /// Ends every request with `error`, those that come later too.
    void end_all(const Error& error);

  private:
    using Grants = std::vector<std::int32_t>;  // tokens of each running sequence in a step

    // A sequence whose next token can be chosen.
    struct Due {
        Sequence* sequence = nullptr;
        std::size_t entry = 0;  // of the step, that the token follows
        std::span<const float> logits = {};
        Result<Token> token = kNoToken;
        std::optional<TokenLogprobs> logprobs = std::nullopt;
        Event event = {};     // with those that were chosen before it in this step
        bool goes_on = true;  // with the next entry, which was guessed right
    };

    // Inbox.
    void drop_abandoned();
    void check_readers();
    void admit();
    void make_room_for_first();
    void begin_admitted();
    FreePlaces free_places() const;
    static std::vector<Claim> claims(const Sequences& sequences);

    // Plan and decode.
    void give_turns();
    bool use_adapters(const std::vector<float>& scales);
    std::int64_t lowest_priority() const;
    std::vector<SequenceLoad> loads() const;
    std::int32_t prefill_max() const;
    StepLimits limits() const {
        return {
            .batch_size = info_.batch_size,
            .prefill_chunk = prefill_pace_.tokens(),
            .prefill_alone = prefill_max(),
        };
    }
    Grants plan();
    bool decode_media();
    MediaStep media_step(const Sequence& sequence) const;
    bool decode(Grants granted);
    bool fill_batch(const Grants& granted);
    bool leave_out_drafts(Grants& granted) const;
    std::size_t preempt_last();
    void preempt(std::size_t index);
    void fail_batch(const Grants& granted, const Error& error);

    // Emit.
    DraftPace::Step count_step(const Grants& granted, Clock::TimePoint::duration duration);
    void advance(const Grants& granted);
    void count_decoded(Sequence& sequence, std::int32_t tokens);
    void choose_tokens();
    bool take_logits(Due& due);
    void choose(Due& due) const;
    bool take_token(Due& due);
    bool shift_context(Sequence& sequence);
    void tell_progress(Sequence& sequence);
    void tell(Sequence& sequence, Event event);
    void end(Sequence& sequence, Event last, Finish finish);
    void close(Sequence& sequence, Event last, Finish finish);
    void release(Sequence& sequence);
    void keep_and_release(Sequence& sequence);
    void remove_ended();
    void publish();

    Decoder& decoder_;
    const Tokenizer& tokenizer_;
    const Clock& clock_;
    const EngineInfo info_;
    PrefillPace prefill_pace_;
    bool answers_wait_ = false;  // for the next step: the last plan is for prompts alone
    Drafts drafts_;
    const std::int32_t prefill_alone_;  // of one pass: more take no less time, but others wait
    const std::chrono::milliseconds stall_timeout_;  // 0 = for ever

    Inbox inbox_;
    PrefixCache prefixes_;
    Sequences waiting_;  // in order of their turns
    Sequences running_;  // in order of admission
    std::vector<SequenceId> free_ids_;
    AdapterTurns adapter_turns_;
    AdapterTurns::Scales adapter_scales_;  // of the last step
    bool short_of_cells_ = false;          // one was preempted, and none has ended since
    std::vector<DecodeEntry> batch_;
    std::vector<Due> due_;
    Crew crew_;                                   // chooses their tokens
    std::vector<std::shared_ptr<Stream>> ready_;  // streams with news in this step
    Clock::TimePoint now_;
    EngineStats counters_;
};

}  // namespace mullama
