#include "engine/draft_model.h"

#include "base/error.h"
#include "engine/llama_decoder.h"
#include "engine/prefix_tree.h"
#include "engine/token_logprobs.h"
#include "llama/top_tokens.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace mullama {

namespace {

/// Fewer are read again as fast.
constexpr std::size_t kSharedMin = 16;
/// More than a step's guesses.
constexpr std::size_t kFar = 300;
/// By how many tokens vocabularies may differ in size, as in llama.cpp: some are filled up.
constexpr std::int32_t kSizesApart = 128;

/// How much of what is held is the text's beginning, without its last token, which is read again
/// since a guess follows it.
std::size_t same_beginning(std::span<const Token> held, std::span<const Token> text) {
    return static_cast<std::size_t>(common_length(held, text.first(text.size() - 1)));
}

Result<void> check_vocab(const Vocab& draft, const Vocab& vocab) {
    const std::int32_t size = std::min(draft.size(), vocab.size());
    bool same = draft.type() == vocab.type() && draft.bos() == vocab.bos() &&
                std::abs(draft.size() - vocab.size()) <= kSizesApart;
    for (Token token = 0; same && token < size; ++token) {
        same = draft.text(token) == vocab.text(token);
    }
    if (same) return {};
    return fail(
        ErrorCode::kInvalidArgument,
        "the draft model has another vocabulary than the model: choose a smaller one of the same "
        "family"
    );
}

}  // namespace

DraftModel::DraftModel(Decoder& decoder, std::int32_t vocab_size)
    : decoder_(decoder),
      info_(decoder.info()),
      vocab_size_(vocab_size),
      held_(static_cast<std::size_t>(info_.sequences_max)) {}

std::optional<std::int32_t> DraftModel::unread(const Sequence& sequence) {
    const std::vector<Token>& tokens = sequence.tokens;
    if (failed_ || static_cast<std::int32_t>(tokens.size()) >= info_.context_length) return {};
    std::vector<Token>& held = held_of(sequence);
    const std::size_t same = same_beginning(held, tokens);
    if (same < held.size()) {
        // A window that is moved far back has holes.
        const bool far = decoder_.sharing() != Sharing::kParts && held.size() - same > kFar;
        const bool truncated =
            same > 0 && !far && decoder_.truncate(sequence.id, static_cast<Position>(same));
        truncated ? held.resize(same) : forget(static_cast<std::size_t>(sequence.id));
    }
    share_longest(sequence);
    const auto knows = [this](Token token) { return token >= 0 && token < info_.vocab_size; };
    const std::span<const Token> rest = std::span(tokens).subspan(held.size());
    if (!std::ranges::all_of(rest, knows)) return {};
    return static_cast<std::int32_t>(rest.size());
}

// What others hold of the same text, or have held.
void DraftModel::share_longest(const Sequence& sequence) {
    if (decoder_.sharing() != Sharing::kParts) return;
    const auto id = static_cast<std::size_t>(sequence.id);
    std::size_t longest = held_[id].size() + kSharedMin;
    if (longest >= sequence.tokens.size()) return;
    std::optional<std::size_t> from;
    for (std::size_t other = 0; other < held_.size(); ++other) {
        if (other == id || held_[other].size() <= longest) continue;
        const std::size_t same = same_beginning(held_[other], sequence.tokens);
        if (same <= longest) continue;
        longest = same;
        from = other;
    }
    if (!from) return;
    forget(id);
    const auto end = static_cast<Position>(longest);
    if (!decoder_.share(static_cast<SequenceId>(*from), sequence.id, end)) return;
    held_[id].assign(sequence.tokens.begin(), sequence.tokens.begin() + end);
}

void DraftModel::forget(std::size_t id) {
    decoder_.remove(static_cast<SequenceId>(id));
    held_[id].clear();
}

std::size_t DraftModel::guess(std::span<Reader> readers, std::int32_t tokens_max) {
    const auto most = static_cast<std::size_t>(info_.batch_size);
    batch_.clear();
    for (Reader& reader : readers) {
        reader.entry.reset();
        if (reader.is_open && std::cmp_less_equal(left_of(reader), kFew)) read(reader, most);
    }
    const std::size_t with_long = batch_.size() + static_cast<std::size_t>(tokens_max);
    for (Reader& reader : readers) {
        if (reader.is_open && !reader.entry) read(reader, std::min(with_long, most));
        reader.is_open = reader.entry.has_value();
    }
    if (batch_.empty()) return 0;
    if (!decode()) {
        for (const DecodeEntry& entry : batch_) forget(static_cast<std::size_t>(entry.sequence));
        for (Reader& reader : readers) reader.is_open = false;
        return 0;
    }
    for (Reader& reader : readers) {
        if (reader.entry) take_guess(reader);
    }
    return batch_.size();
}

void DraftModel::read(Reader& reader, std::size_t tokens_max) {
    const Sequence& sequence = *reader.sequence;
    std::vector<Token>& held = held_of(sequence);
    const std::size_t known = sequence.tokens.size();
    const std::size_t size = known + reader.guesses.size();
    while (held.size() < size && batch_.size() < tokens_max) {
        const std::size_t at = held.size();
        const bool last = at + 1 == size;
        if (last) reader.entry = batch_.size();
        batch_.push_back({
            .token = at < known ? sequence.tokens[at] : reader.guesses[at - known].token,
            .position = static_cast<Position>(at),
            .sequence = sequence.id,
            .logits = last,
        });
        held.push_back(batch_.back().token);
    }
}

// Gives false where nothing was computed.
bool DraftModel::decode() {
    auto decoded = decoder_.decode(batch_);
    if (!decoded && decoded.error().code == ErrorCode::kExhausted && forget_idle()) {
        decoded = decoder_.decode(batch_);
    }
    const bool some_other = !decoded && decoded.error().code != ErrorCode::kExhausted;
    failed_ = failed_ || some_other;
    return static_cast<bool>(decoded);
}

// Texts that are in no reader's way: of answers that have ended, for the most part.
bool DraftModel::forget_idle() {
    bool forgot = false;
    for (std::size_t id = 0; id < held_.size(); ++id) {
        const auto is_its = [id](const DecodeEntry& entry) {
            return static_cast<std::size_t>(entry.sequence) == id;
        };
        if (held_[id].empty() || std::ranges::any_of(batch_, is_its)) continue;
        forget(id);
        forgot = true;
    }
    return forgot;
}

void DraftModel::take_guess(Reader& reader) {
    const auto logits = decoder_.logits(*reader.entry);
    reader.is_open = false;
    if (!logits) return;
    const std::vector<Token> best = top_tokens(*logits, 1);
    if (best.empty() || best.front() >= vocab_size_) return;
    const float probability = probability_of(*logits, best.front());
    reader.guesses.push_back({best.front(), kind_of_probability(probability)});
    const auto guesses = static_cast<std::int32_t>(reader.guesses.size());
    const auto size = static_cast<std::int32_t>(reader.sequence->tokens.size()) + guesses;
    reader.is_open = guesses < reader.guesses_max && size < info_.context_length;
}

Result<std::unique_ptr<Decoder>> make_draft_decoder(
    const Model& draft, const Model& model, const EngineOptions& options, const EngineInfo& info
) {
    MULLAMA_TRY(check_vocab(draft.vocab(), model.vocab()));
    EngineOptions own = options;
    own.context_length = info.context_length;
    const std::int64_t most =
        std::int64_t{draft.context_length_train()} * std::int64_t{info.sequences_max};
    own.kv_cells = info.kv_cells;
    if (most > 0)
        own.kv_cells = static_cast<std::int32_t>(std::min<std::int64_t>(most, own.kv_cells));
    own.draft_max = 0;
    own.adapters.clear();
    auto decoder = LlamaDecoder::create(draft, own);
    if (!decoder || (*decoder)->can_truncate()) return decoder;
    return fail(
        ErrorCode::kUnsupported,
        "{} cannot be a draft model, since it cannot take back tokens: choose one without a "
        "recurrent state",
        draft.description()
    );
}

}  // namespace mullama
