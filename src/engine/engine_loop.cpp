#include "engine/engine_loop.h"

#include "base/error.h"
#include "engine/token_logprobs.h"
#include "llama/host_memory.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>

namespace mullama {

namespace {

std::size_t unsigned_of(std::int64_t number) {
    return static_cast<std::size_t>(number);
}

std::int32_t signed_of(std::size_t number) {
    return static_cast<std::int32_t>(number);
}

std::size_t prefix_bytes(const EngineOptions& options) {
    if (options.prefix_cache_bytes >= 0) return unsigned_of(options.prefix_cache_bytes);
    return host_memory().total / 16;
}

Clock::TimePoint turn_of(const std::unique_ptr<Sequence>& sequence) {
    return sequence->claim().turn;
}

Finish finish_with(FinishReason reason) {
    Finish finish;
    finish.reason = reason;
    return finish;
}

Finish finish_with(Error error) {
    Finish finish = finish_with(FinishReason::kError);
    finish.error = std::move(error);
    return finish;
}

}  // namespace

EngineLoop::EngineLoop(
    Decoder& decoder,
    const Tokenizer& tokenizer,
    const EngineOptions& options,
    const Clock& clock,
    std::unique_ptr<Snapshots> snapshots,
    Decoder* draft_model
)
    : decoder_(decoder),
      tokenizer_(tokenizer),
      clock_(clock),
      info_(decoder.info()),
      prefill_pace_(
          std::min(options.prefill_chunk, info_.batch_size),
          std::chrono::milliseconds(options.prefill_budget_ms)
      ),
      drafts_(decoder, draft_model, clock, options.draft_max),
      prefill_alone_(std::min(options.ubatch_size, info_.batch_size)),
      stall_timeout_(options.stall_timeout_ms),
      inbox_(unsigned_of(info_.sequences_max) + unsigned_of(options.queue_max)),
      prefixes_(decoder, prefix_bytes(options), std::move(snapshots)) {
    for (SequenceId id = info_.sequences_max; id > 0; --id) free_ids_.push_back(id - 1);
    counters_.kv_cells_total = info_.kv_cells;
    publish();
}

bool EngineLoop::step() {
    now_ = clock_.now();
    inbox_.take(waiting_);
    drop_abandoned();
    check_readers();
    admit();
    begin_admitted();
    give_turns();
    publish();  // a decode may take long
    const bool looked = decode_media();
    drafts_.guess(running_, prefill_alone_, prefill_pace_.tokens());
    const bool decoded = decode(plan());
    publish();
    Stream::wake(ready_);
    ready_.clear();
    return looked || decoded;
}

void EngineLoop::drop_abandoned() {
    std::erase_if(waiting_, [](const auto& sequence) { return sequence->stream->abandoned(); });
    for (auto& sequence : running_) {
        if (sequence->stream->abandoned()) keep_and_release(*sequence);
    }
    remove_ended();
}

// Pauses those whose stream is full, and ends those whose reader has left it so for too long.
void EngineLoop::check_readers() {
    for (auto& sequence : running_) {
        auto& paused_at = sequence->paused_at;
        if (sequence->stream->has_room()) {
            paused_at.reset();
            continue;
        }
        if (!paused_at) paused_at = now_;
        if (stall_timeout_.count() == 0 || now_ - *paused_at < stall_timeout_) continue;
        auto error = fail(
            ErrorCode::kTimeout,
            "the answer was not read for {} ms: read faster or raise stall_timeout_ms",
            stall_timeout_.count()
        );
        end(*sequence, {}, finish_with(std::move(error)));
    }
    remove_ended();
}

void EngineLoop::admit() {
    if (waiting_.empty()) return;
    if (!std::ranges::is_sorted(waiting_, {}, turn_of)) {
        std::ranges::stable_sort(waiting_, {}, turn_of);
    }
    if (short_of_cells_ && !running_.empty()) return;
    short_of_cells_ = false;
    make_room_for_first();
    for (auto left = plan_admission(claims(waiting_), free_places()); left > 0; --left) {
        auto sequence = std::move(waiting_.front());
        waiting_.pop_front();
        if (sequence->came_at < 0) sequence->came_at = counters_.prompt_tokens;
        sequence->id = free_ids_.back();
        free_ids_.pop_back();
        // It may have run before, and have filled its stream.
        if (!sequence->stream->has_room()) sequence->paused_at = now_;
        running_.push_back(std::move(sequence));
    }
}

void EngineLoop::make_room_for_first() {
    auto preempted = plan_preemption(claims(running_), waiting_.front()->claim(), free_places());
    std::ranges::sort(preempted, std::ranges::greater());
    for (const std::size_t index : preempted) preempt(index);
}

std::vector<Claim> EngineLoop::claims(const Sequences& sequences) {
    std::vector<Claim> claims;
    for (const auto& sequence : sequences) claims.push_back(sequence->claim());
    return claims;
}

void EngineLoop::begin_admitted() {
    prefixes_.take_read();
    for (auto& sequence : running_) sequence->lent_priority = sequence->priority;
    for (auto& sequence : running_) {
        if (!sequence->has_begun) sequence->has_begun = prefixes_.begin(*sequence, running_);
    }
}

FreePlaces EngineLoop::free_places() const {
    FreePlaces free{.sequences = signed_of(free_ids_.size()), .kv_cells = info_.kv_cells};
    for (const auto& sequence : running_) free.kv_cells -= sequence->cells;
    return free;
}

std::optional<Clock::TimePoint> EngineLoop::deadline() const {
    std::optional<Clock::TimePoint> first;
    if (stall_timeout_.count() == 0) return first;
    for (const auto& sequence : running_) {
        if (!sequence->paused_at) continue;
        const auto due = *sequence->paused_at + stall_timeout_;
        first = std::min(first.value_or(due), due);
    }
    return first;
}

// Those with other adapters than the step's wait.
void EngineLoop::give_turns() {
    std::vector<const AdapterTurns::Scales*> wanted;
    for (const auto& sequence : running_) {
        const bool ready = !sequence->paused_at && sequence->has_begun && sequence->pending() > 0;
        if (ready) wanted.push_back(&sequence->adapter_scales);
    }
    if (wanted.empty()) return;
    const AdapterTurns::Scales& scales = adapter_turns_.next(wanted, counters_.steps, now_);
    for (auto& sequence : running_) sequence->has_turn = sequence->adapter_scales == scales;
    if (!use_adapters(scales)) give_turns();
}

// Gives false where that is not possible; then it ends those who wanted it.
bool EngineLoop::use_adapters(const std::vector<float>& scales) {
    if (scales == adapter_scales_) return true;
    const auto used = decoder_.use_adapters(scales);
    if (used) {
        adapter_scales_ = scales;
        return true;
    }
    for (auto& sequence : running_) {
        if (sequence->has_turn) end(*sequence, {}, finish_with(used.error()));
    }
    remove_ended();
    return false;
}

// The lowest of those that run. Who has waited for long catches up with it, and no more: among
// equals it matters how much is to be computed.
std::int64_t EngineLoop::lowest_priority() const {
    std::int64_t lowest = kPriorityMax;
    for (const auto& sequence : running_) {
        lowest = std::min<std::int64_t>(lowest, sequence->lent_priority);
    }
    return lowest;
}

std::vector<SequenceLoad> EngineLoop::loads() const {
    const std::int64_t lowest = lowest_priority();
    std::vector<SequenceLoad> loads;
    for (const auto& sequence : running_) {
        loads.push_back(sequence->load(counters_.prompt_tokens));
        loads.back().priority = std::max(sequence->priority_at(now_), lowest);
    }
    return loads;
}

// Computes one picture, or a part of one, for the request that has waited longest for that, of
// those with the lowest priority. Gives false where no request has come to one.
bool EngineLoop::decode_media() {
    Sequence* next = nullptr;
    const auto turn = [this, lowest = lowest_priority()](const Sequence& sequence) {
        return std::pair(std::max(sequence.priority_at(now_), lowest), sequence.served_at);
    };
    for (const auto& sequence : running_) {
        if (!sequence->takes_part() || sequence->media_next() == nullptr) continue;
        if (next == nullptr || turn(*sequence) < turn(*next)) next = sequence.get();
    }
    if (next == nullptr) return false;
    if (!next->started_at) next->started_at = now_;
    const MediaStep step = media_step(*next);
    const auto decoded = decoder_.decode_media(step);
    if (decoded) {
        now_ = clock_.now();
        ++counters_.steps;
        count_decoded(*next, step.count);
        // Where tokens come next, the same step may have more to tell, for which room is kept.
        const bool more = next->media_next() != nullptr;
        if (more) tell_progress(*next);
    } else if (decoded.error().code == ErrorCode::kExhausted) {
        preempt_last();
    } else if (decoded.error().code != ErrorCode::kCancelled) {
        end(*next, {}, finish_with(decoded.error()));
        remove_ended();
    }
    return true;
}

// Answers whose turn it is not wait for this step too.
std::int32_t EngineLoop::prefill_max() const {
    const bool generating = std::ranges::any_of(running_, [](const auto& sequence) {
        return !sequence->paused_at && sequence->is_generating();
    });
    return generating ? prefill_pace_.tokens() : prefill_alone_;
}

// While answers are being generated a picture comes in parts, as prompts do, where it can.
MediaStep EngineLoop::media_step(const Sequence& sequence) const {
    const MediaRange& range = *sequence.media_next();
    const std::int32_t most = prefill_max();
    MediaStep step{.media = range.media.get(), .sequence = sequence.id};
    step.first = sequence.decoded - range.begin;
    step.count = range.end() - sequence.decoded;
    if (range.media->causal) step.count = std::min(step.count, most);
    step.begin = sequence.position_of(range.begin);
    return step;
}

EngineLoop::Grants EngineLoop::plan() {
    const std::vector<SequenceLoad> now = loads();
    Grants granted = plan_step(now, limits());
    // Sets of adapters take turns of their own, which could fall on the same kind each time.
    const bool all_have_turn =
        std::ranges::all_of(running_, [](const auto& sequence) { return sequence->has_turn; });
    const std::int32_t beside = prompts_beside_answers(now, granted);
    const bool fills_step = beside >= PrefillPace::kTile && prefill_pace_.apart() && all_have_turn;
    const bool answers_first = std::exchange(answers_wait_, false);
    if (beside > 0 && answers_first) {
        keep_one_kind(now, granted, false);
    } else if (fills_step) {
        keep_one_kind(now, granted, true);
        answers_wait_ = true;
    }
    return granted;
}

// Gives false where nothing was granted. Cells may run out though all are reserved (sliding windows
// and the like): then less is tried, and at last the one whose turn comes last waits for another's
// end.
bool EngineLoop::decode(Grants granted) {
    if (!fill_batch(granted)) return false;
    do {
        const auto start = clock_.now();
        const auto decoded = decoder_.decode(batch_);
        now_ = clock_.now();
        if (decoded) {
            auto step = count_step(granted, now_ - start);
            const std::int64_t accepted = counters_.accepted_tokens;
            advance(granted);
            step.accepted = static_cast<std::int32_t>(counters_.accepted_tokens - accepted);
            if (step.answers > 0) drafts_.took(step);
            return true;
        }
        // Interrupted: the engine is about to end all of them.
        if (decoded.error().code == ErrorCode::kCancelled) return true;
        if (decoded.error().code != ErrorCode::kExhausted) {
            fail_batch(granted, decoded.error());
            return true;
        }
        if (leave_out_drafts(granted) || shrink_plan(loads(), granted)) continue;
        granted.erase(granted.begin() + static_cast<std::ptrdiff_t>(preempt_last()));
    } while (fill_batch(granted));
    return true;
}

bool EngineLoop::fill_batch(const Grants& granted) {
    batch_.clear();
    for (std::size_t i = 0; i < granted.size(); ++i) {
        Sequence& sequence = *running_[i];
        if (granted[i] > 0 && !sequence.started_at) sequence.started_at = now_;
        sequence.drafted = std::max(granted[i] - sequence.pending(), 0);
        const std::int32_t size = signed_of(sequence.tokens.size());
        const std::int32_t end = sequence.decoded + granted[i];
        const Position shift = sequence.position_of(sequence.decoded) - sequence.decoded;
        for (std::int32_t index = sequence.decoded; index < end; ++index) {
            batch_.push_back(DecodeEntry{
                .token = index < size ? sequence.tokens[unsigned_of(index)]
                                      : sequence.draft[unsigned_of(index - size)].token,
                .position = index + shift,
                .sequence = sequence.id,
                .logits = index + 1 >= size && sequence.answer_tokens_max > 0,
            });
        }
    }
    return !batch_.empty();
}

// Gives false, with nothing changed, where there are none.
bool EngineLoop::leave_out_drafts(Grants& granted) const {
    bool some = false;
    for (std::size_t i = 0; i < granted.size(); ++i) {
        some |= running_[i]->drafted > 0;
        granted[i] -= running_[i]->drafted;
    }
    return some;
}

// Takes the cells of the running request whose turn comes last, and gives where it was.
std::size_t EngineLoop::preempt_last() {
    std::size_t last = running_.size() - 1;
    for (std::size_t i = last; i-- > 0;) {
        if (turn_of(running_[i]) > turn_of(running_[last])) last = i;
    }
    short_of_cells_ = running_.size() > 1;
    if (short_of_cells_) {
        preempt(last);
        return last;
    }
    auto error = fail(
        ErrorCode::kExhausted,
        "no KV cell is free for token {} of a request that runs alone: raise kv_cells",
        running_.front()->decoded
    );
    end(*running_.front(), {}, finish_with(std::move(error)));
    remove_ended();
    return last;
}

void EngineLoop::preempt(std::size_t index) {
    std::unique_ptr<Sequence> sequence = std::move(running_[index]);
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(index));
    keep_and_release(*sequence);
    sequence->has_begun = false;
    sequence->shares_cells = false;
    sequence->decoded = 0;
    sequence->paused_at.reset();
    ++counters_.preemptions;
    const auto place = std::ranges::lower_bound(waiting_, turn_of(sequence), {}, turn_of);
    waiting_.insert(place, std::move(sequence));
}

void EngineLoop::fail_batch(const Grants& granted, const Error& error) {
    for (std::size_t i = 0; i < granted.size(); ++i) {
        if (granted[i] > 0) end(*running_[i], {}, finish_with(error));
    }
    remove_ended();
}

// What it gives has no answers where there were prompts too.
DraftPace::Step EngineLoop::count_step(const Grants& granted, Clock::TimePoint::duration duration) {
    ++counters_.steps;
    std::int32_t answers = 0;
    std::int32_t prompts = 0;
    std::int32_t drafted = 0;
    for (std::size_t i = 0; i < granted.size(); ++i) {
        Sequence& sequence = *running_[i];
        sequence.drafted_tokens += sequence.drafted;
        drafted += sequence.drafted;
        (sequence.is_generating() ? answers : prompts) += granted[i] - sequence.drafted;
    }
    counters_.drafted_tokens += drafted;
    if (drafted == 0) {
        prefill_pace_.took(
            {.answers = answers, .prompts = prompts, .apart = answers_wait_, .duration = duration}
        );
    }
    return {.answers = prompts == 0 ? answers : 0, .drafted = drafted, .duration = duration};
}

// After a decode: counts what is in memory now, and goes on with the sequences that it completed.
void EngineLoop::advance(const Grants& granted) {
    due_.clear();
    std::size_t entries = 0;
    for (std::size_t i = 0; i < granted.size(); ++i) {
        if (granted[i] == 0) continue;
        Sequence& sequence = *running_[i];
        const std::int32_t known = granted[i] - sequence.drafted;
        count_decoded(sequence, known);
        if (sequence.pending() == 0) {
            due_.push_back({.sequence = &sequence, .entry = entries + unsigned_of(known) - 1});
        } else {
            tell_progress(sequence);
        }
        entries += unsigned_of(granted[i]);
    }
    choose_tokens();
    remove_ended();
}

// One token of each at a time, and another as long as the guesses are right.
void EngineLoop::choose_tokens() {
    const std::size_t threads = unsigned_of(decoder_.threads());
    const auto ends = [](const Due& due) { return !due.goes_on; };
    while (!due_.empty()) {
        for (Due& due : due_) due.goes_on = take_logits(due);
        std::erase_if(due_, ends);
        crew_.run(due_.size(), threads, [this](std::size_t i) { choose(due_[i]); });
        for (Due& due : due_) due.goes_on = take_token(due);
        std::erase_if(due_, ends);
    }
}

void EngineLoop::count_decoded(Sequence& sequence, std::int32_t tokens) {
    counters_.prompt_tokens += std::min(sequence.prompt_left(), tokens);
    sequence.decoded += tokens;
    sequence.served_at = counters_.steps;
    if (sequence.decoded == sequence.stop_at) prefixes_.keep(sequence);
}

// Gives false where it has ended, as it has below.
bool EngineLoop::take_logits(Due& due) {
    Sequence& sequence = *due.sequence;
    if (sequence.answer_tokens_max == 0) {
        end(sequence, {}, finish_with(FinishReason::kLength));
        return false;
    }
    const auto logits = decoder_.logits(due.entry);
    if (!logits) {
        end(sequence, std::move(due.event), finish_with(logits.error()));
        return false;
    }
    due.logits = *logits;
    return true;
}

// What the model chooses, or what ends a thinking that has come to its bound. It touches nothing
// but its sequence: several threads choose at the same time.
void EngineLoop::choose(Due& due) const {
    Sequence& sequence = *due.sequence;
    if (!sequence.thinking.is_over()) {
        due.token = sequence.sampler->sample(due.logits);
    } else {
        const Token token = sequence.thinking_end[sequence.thinking_end_at++];
        if (sequence.thinking_end_at == sequence.thinking_end.size()) sequence.thinking.end();
        const auto accepted = sequence.sampler->accept(token);
        due.token = accepted ? Result<Token>(token) : accepted.error();
    }
    if (due.token && sequence.top_logprobs) {
        due.logprobs = token_logprobs(due.logits, *due.token, *sequence.top_logprobs, tokenizer_);
    }
}

// Gives whether the next one can be chosen in this step too.
bool EngineLoop::take_token(Due& due) {
    Sequence& sequence = *due.sequence;
    const Result<Token>& token = due.token;
    const auto end_with = [&](Finish finish) {
        end(sequence, std::move(due.event), std::move(finish));
        return false;
    };
    if (!token) return end_with(finish_with(token.error()));

    drafts_.judge(sequence, *token);
    if (!sequence.first_token_at) sequence.first_token_at = now_;
    sequence.last_token_at = now_;
    if (tokenizer_.is_eog(*token) && !sequence.ignore_eos) {
        return end_with(finish_with(FinishReason::kStop));
    }
    const bool guessed = sequence.drafted > 0;
    sequence.tokens.push_back(*token);
    if (guessed) {
        ++sequence.decoded;
        --sequence.drafted;
        ++due.entry;
        ++counters_.accepted_tokens;
        ++sequence.accepted_tokens;
    }
    ++counters_.generated_tokens;
    Event& event = due.event;
    event.text += sequence.text.push(*token);
    event.tokens.push_back(*token);
    if (sequence.reports_progress) event.progress = sequence.progress(now_);
    sequence.thinking.push(sequence.text.piece(*token));
    if (due.logprobs) event.logprobs.push_back(std::move(*due.logprobs));
    if (!sequence.text.stop().empty()) return end_with(finish_with(FinishReason::kStop));
    sequence.has_line |= event.text.find('\n') != std::string::npos;
    if (sequence.generated() == sequence.answer_tokens_max || sequence.out_of_time()) {
        return end_with(finish_with(FinishReason::kLength));
    }
    if (sequence.is_full() && !shift_context(sequence)) {
        return end_with(finish_with(FinishReason::kLength));
    }
    if (!guessed) tell(sequence, std::move(event));
    return guessed;
}

// Forgets the older half of what is not kept.
bool EngineLoop::shift_context(Sequence& sequence) {
    const std::int32_t begin = std::min(sequence.keep_tokens, sequence.decoded - 1);
    const std::int32_t count = std::max((sequence.decoded - begin) / 2, 1);
    if (sequence.shares_cells) {
        // To move them would move them for others too, so all is computed again.
        decoder_.remove(sequence.id);
        sequence.decoded = 0;
        sequence.shares_cells = false;
    } else {
        if (!decoder_.forget(sequence.id, begin, begin + count)) return false;
        sequence.decoded -= count;
    }
    const auto first = sequence.tokens.begin() + begin;
    sequence.tokens.erase(first, first + count);
    sequence.forgotten += count;
    return true;
}

void EngineLoop::tell_progress(Sequence& sequence) {
    if (sequence.reports_progress) tell(sequence, {.progress = sequence.progress(now_)});
}

void EngineLoop::tell(Sequence& sequence, Event event) {
    sequence.stream->push(std::move(event));
    ready_.push_back(sequence.stream);
}

void EngineLoop::end(Sequence& sequence, Event last, Finish finish) {
    const bool failed = finish.error.has_value();
    close(sequence, std::move(last), std::move(finish));
    failed ? release(sequence) : keep_and_release(sequence);
}

void EngineLoop::close(Sequence& sequence, Event last, Finish finish) {
    if (sequence.text.stop().empty()) last.text += sequence.text.flush();
    finish.stop = sequence.text.stop();
    if (!finish.stop.empty() && !finish.error) finish.reason = FinishReason::kStop;
    finish.usage = sequence.usage(now_);
    last.finish = std::move(finish);
    sequence.stream->close(std::move(last));
    ready_.push_back(sequence.stream);
}

void EngineLoop::keep_and_release(Sequence& sequence) {
    drafts_.drop(sequence);
    prefixes_.keep(sequence);
    release(sequence);
}

// Frees the cells and the place of a sequence.
void EngineLoop::release(Sequence& sequence) {
    decoder_.remove(sequence.id);
    free_ids_.push_back(std::exchange(sequence.id, kNoSequence));
}

void EngineLoop::remove_ended() {
    const auto ended = [](const auto& sequence) { return sequence->id == kNoSequence; };
    if (std::erase_if(running_, ended) > 0) short_of_cells_ = false;
}

void EngineLoop::publish() {
    counters_.running = signed_of(running_.size());
    counters_.queued = signed_of(waiting_.size());
    counters_.kv_cells_used = 0;
    for (const auto& sequence : running_) counters_.kv_cells_used += sequence->decoded;
    counters_.prefix_cache_bytes = static_cast<std::int64_t>(prefixes_.bytes());
    counters_.snapshot_bytes = static_cast<std::int64_t>(prefixes_.snapshot_bytes());
    counters_.kv_cells_reserved = info_.kv_cells - free_places().kv_cells;
    inbox_.publish(counters_);
}

void EngineLoop::end_all(const Error& error) {
    now_ = clock_.now();
    inbox_.close(error);
    inbox_.take(waiting_);
    remove_ended();
    for (auto& sequence : waiting_) close(*sequence, {}, finish_with(error));
    waiting_.clear();
    for (auto& sequence : running_) end(*sequence, {}, finish_with(error));
    remove_ended();
    publish();
    Stream::wake(ready_);
    ready_.clear();
}

}  // namespace mullama
