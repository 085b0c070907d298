#include "engine/drafts.h"

#include "engine/ngram.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace mullama {

namespace {

// Not beside prompts, which need the time more, nor where a state is about to be kept.
bool allows_drafts(const std::unique_ptr<Sequence>& sequence) {
    if (!sequence->takes_part() || !sequence->has_begun) return true;
    return sequence->is_generating() && sequence->stop_at <= sequence->decoded;
}

}  // namespace

Drafts::Drafts(Decoder& decoder, Decoder* draft_model, const Clock& clock, std::int32_t tokens_max)
    : decoder_(decoder), clock_(clock), tokens_max_(tokens_max) {
    if (draft_model != nullptr) model_.emplace(*draft_model, decoder.info().vocab_size);
}

void Drafts::guess(const Sequences& running, std::int32_t step_max, std::int32_t read_max) {
    guessing_ = {};
    if (tokens_max_ == 0 || !decoder_.can_truncate()) return;
    std::int32_t answers = 0;
    for (const auto& sequence : running) {
        sequence->draft.clear();
        sequence->draft_at = 0;
        sequence->drafted = 0;
        if (!sequence->is_generating() || !sequence->takes_part()) continue;
        ++answers;
        guess_by_text(*sequence);
    }
    if (answers == 0 || !std::ranges::all_of(running, allows_drafts)) return;
    const std::int32_t most = std::min(step_max - answers, tokens_max_);
    if (model_) guess_by_model(running, {answers, most, read_max});
    std::vector<DraftPace::Draft> drafts;
    for (const auto& sequence : running) drafts.push_back(chances_of(sequence->draft));
    const auto counts = pace_.plan(drafts, answers, most, guessing_);
    for (std::size_t i = 0; i < counts.size(); ++i) running[i]->drafted = counts[i];
}

void Drafts::guess_by_text(Sequence& sequence) const {
    const std::int32_t most = std::min(sequence.draft_max(), tokens_max_);
    if (most == 0) return;
    auto [match, tokens] = guess_by_ngram(sequence.tokens, most);
    for (const Token token : tokens) sequence.draft.push_back({token, kind_of_match(match++)});
}

// For those whose text does not tell as much. It guesses one token of each at a time, as long as
// one more is worth its time.
void Drafts::guess_by_model(const Sequences& running, const Bounds& bounds) {
    const std::int32_t answers = bounds.answers;
    std::vector<DraftPace::Draft> drafts(running.size());
    std::vector<DraftModel::Reader> readers;
    std::vector<std::size_t> places;  // of the readers among those that run
    bool reading = false;             // more than the last few tokens of one
    for (std::size_t i = 0; i < running.size(); ++i) {
        Sequence& sequence = *running[i];
        drafts[i] = chances_of(sequence.draft);
        const bool told = !drafts[i].empty() && drafts[i].front() >= pace_.model_chance();
        if (!sequence.is_generating() || !sequence.takes_part() || told) continue;
        if (sequence.draft_max() == 0 || !is_worth_reading(sequence, answers, reading)) continue;
        drafts[i].clear();
        readers.push_back({.sequence = &sequence, .guesses_max = sequence.draft_max()});
        places.push_back(i);
    }
    while (true) {
        std::vector<std::size_t> open;
        for (std::size_t r = 0; r < readers.size(); ++r) {
            if (readers[r].is_open) open.push_back(places[r]);
        }
        if (open.empty() || !pace_.pays_to_guess(drafts, open, answers, bounds.guesses, guessing_))
            break;
        const auto start = clock_.now();
        const auto read = static_cast<std::int32_t>(model_->guess(readers, bounds.reading));
        const DraftPace::Duration duration = clock_.now() - start;
        if (std::exchange(reading, false)) {
            if (read > 0) pace_.read(read, answers, duration);
        } else if (read > 0) {
            pace_.guessed(duration);
            guessing_ += duration;
        }
        for (std::size_t r = 0; r < readers.size(); ++r) {
            drafts[places[r]] = chances_of(readers[r].guesses);
        }
    }
    for (std::size_t r = 0; r < readers.size(); ++r) {
        std::vector<Guess>& guesses = readers[r].guesses;
        std::vector<Guess>& told = running[places[r]]->draft;
        if (guesses.empty()) continue;
        const double chance = told.empty() ? 0.0 : pace_.chance(told.front().kind);
        if (pace_.chance(guesses.front().kind) > chance) told = std::move(guesses);
    }
}

// Several may begin on the same credit: alone one is not always worth a guess.
bool Drafts::is_worth_reading(Sequence& sequence, std::int32_t answers, bool& reading) {
    if (!sequence.media.empty()) return false;
    const auto unread = model_->unread(sequence);
    if (!unread) return false;
    const std::int32_t generated = sequence.generated();
    const std::int32_t left = sequence.answer_tokens_max - generated;
    const bool begun = std::exchange(sequence.is_being_read, false);
    if (*unread <= DraftModel::kFew) return true;
    sequence.is_being_read = pace_.pays_to_read(*unread, begun, generated, left, answers);
    reading |= sequence.is_being_read;
    return sequence.is_being_read;
}

DraftPace::Draft Drafts::chances_of(const std::vector<Guess>& guesses) const {
    DraftPace::Draft chances;
    for (const Guess& guess : guesses) chances.push_back(pace_.chance(guess.kind));
    return chances;
}

void Drafts::took(DraftPace::Step step) {
    step.guessing = guessing_;
    pace_.took(step);
}

void Drafts::judge(Sequence& sequence, Token token) {
    const auto at = static_cast<std::size_t>(sequence.draft_at);
    if (at >= sequence.draft.size()) return;
    const Guess& guess = sequence.draft[at];
    const bool right = guess.token == token;
    pace_.was(guess.kind, right);
    ++sequence.draft_at;
    if (!right) drop(sequence);
}

void Drafts::drop(Sequence& sequence) {
    sequence.draft.clear();
    if (std::exchange(sequence.drafted, 0) == 0) return;
    if (decoder_.truncate(sequence.id, sequence.position_of(sequence.decoded))) return;
    tokens_max_ = 0;  // or all would be computed again and again
    decoder_.remove(sequence.id);
    sequence.decoded = 0;
    sequence.shares_cells = false;
}

}  // namespace mullama
