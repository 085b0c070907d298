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

void Drafts::guess(const Sequences& running, std::int32_t step_max) {
    if (tokens_max_ == 0 || !decoder_.can_truncate()) return;
    std::int32_t answers = 0;
    std::int32_t guessed = 0;
    std::vector<DraftPace::Draft> drafts;
    for (const auto& sequence : running) {
        sequence->draft = {};
        sequence->draft_at = 0;
        sequence->drafted = 0;
        if (sequence->is_generating() && sequence->takes_part()) {
            ++answers;
            const std::int32_t most = std::min(sequence->draft_max(), tokens_max_);
            if (most > 0) sequence->draft = guess_by_ngram(sequence->tokens, most);
        }
        const auto count = static_cast<std::int32_t>(sequence->draft.tokens.size());
        guessed += count;
        drafts.push_back({.match = sequence->draft.match, .tokens = count});
    }
    if (guessed == 0 || !std::ranges::all_of(running, allows_drafts)) return;
    const auto counts = pace_.plan(drafts, answers, std::min(step_max - answers, tokens_max_));
    for (std::size_t i = 0; i < counts.size(); ++i) running[i]->drafted = counts[i];
}

void Drafts::judge(Sequence& sequence, Token token) {
    const auto at = static_cast<std::size_t>(sequence.draft_at);
    if (at >= sequence.draft.tokens.size()) return;
    const bool right = sequence.draft.tokens[at] == token;
    pace_.was(sequence.draft.match + sequence.draft_at, right);
    ++sequence.draft_at;
    if (!right) drop(sequence);
}

void Drafts::drop(Sequence& sequence) {
    sequence.draft = {};
    if (std::exchange(sequence.drafted, 0) == 0) return;
    if (decoder_.truncate(sequence.id, sequence.position_of(sequence.decoded))) return;
    tokens_max_ = 0;  // or all would be computed again and again
    decoder_.remove(sequence.id);
    sequence.decoded = 0;
    sequence.shares_cells = false;
}

}  // namespace mullama
