#include "base/error.h"
#include <mullama/batch.h>

#include <algorithm>
#include <bitset>
#include <functional>
#include <new>

namespace mullama {
namespace {

bool has_duplicates(std::span<const SequenceId> sequences) {
    if (sequences.size() < 2) return false;
    std::bitset<Batch::kSequencesMax> seen;
    for (const SequenceId sequence : sequences) {
        const auto bit = static_cast<std::size_t>(sequence);
        if (seen.test(bit)) return true;
        seen.set(bit);
    }
    return false;
}

// Appends values that may be part of `to` itself.
template <typename T>
void append(std::vector<T>& to, std::span<const T> values) {
    const std::less<const T*> before;
    const std::size_t size = to.size();
    const bool own = !before(values.data(), to.data()) && before(values.data(), to.data() + size);
    const std::ptrdiff_t offset = own ? values.data() - to.data() : 0;
    to.resize(size + values.size());
    std::copy_n(own ? to.data() + offset : values.data(), values.size(), to.data() + size);
}

}  // namespace

void Batch::reserve(std::int32_t entries) {
    if (entries <= 0) return;
    const auto count = static_cast<std::size_t>(std::min(entries, kEntriesMax));
    tokens_.reserve(count);
    positions_.reserve(count);
    sequences_.reserve(count);
    sequence_starts_.reserve(count);
    sequence_counts_.reserve(count);
    logits_.reserve(count);
}

Result<void> Batch::check_entry(Position position, std::span<const SequenceId> sequences) const {
    if (size() >= kEntriesMax) {
        return fail(
            ErrorCode::kExhausted,
            "a batch holds at most {} entries: decode it in parts",
            kEntriesMax
        );
    }
    if (position < 0 || position >= kPositionsMax) {
        return fail(
            ErrorCode::kInvalidArgument,
            "position {} is outside 0 to {}",
            position,
            kPositionsMax - 1
        );
    }
    if (sequences.empty()) {
        return fail(ErrorCode::kInvalidArgument, "an entry of a batch needs at least one sequence");
    }
    for (const SequenceId sequence : sequences) {
        if (sequence < 0 || sequence >= kSequencesMax) {
            return fail(
                ErrorCode::kInvalidArgument,
                "sequence {} is outside 0 to {}",
                sequence,
                kSequencesMax - 1
            );
        }
    }
    if (has_duplicates(sequences)) {
        return fail(ErrorCode::kInvalidArgument, "an entry of a batch names a sequence twice");
    }
    return {};
}

Result<std::int32_t> Batch::add_entry(const Entry& entry) {
    const auto count = static_cast<std::size_t>(size());
    const std::size_t sequences = sequences_.size();
    const std::size_t floats = embeddings_.size();
    try {
        append(embeddings_, entry.row);
        append(sequences_, entry.sequences);
        if (entry.row.empty()) {
            tokens_.push_back(entry.token);
        } else {
            axes_.push_back({entry.position, entry.position, 0});
        }
        sequence_starts_.push_back(sequences);
        sequence_counts_.push_back(static_cast<std::int32_t>(entry.sequences.size()));
        logits_.push_back(entry.logits ? 1 : 0);
        positions_.push_back(entry.position);
    } catch (const std::bad_alloc&) {
        embeddings_.resize(floats);
        sequences_.resize(sequences);
        tokens_.resize(std::min(tokens_.size(), count));
        axes_.resize(std::min(axes_.size(), count));
        sequence_starts_.resize(count);
        sequence_counts_.resize(count);
        logits_.resize(count);
        return fail(ErrorCode::kExhausted, "no memory for entry {} of a batch", count);
    }
    embedding_length_ = static_cast<std::int32_t>(entry.row.size());
    output_count_ += entry.logits ? 1 : 0;
    return size() - 1;
}

Result<std::int32_t> Batch::add(
    Token token, Position position, std::span<const SequenceId> sequences, bool logits
) {
    MULLAMA_TRY(check_entry(position, sequences));
    if (token < 0) return fail(ErrorCode::kInvalidArgument, "token {} is below 0", token);
    if (embedding_length_ != 0) {
        return fail(
            ErrorCode::kInvalidArgument, "the batch holds embeddings: use another one for tokens"
        );
    }
    return add_entry({token, {}, position, sequences, logits});
}

Result<std::int32_t> Batch::add(Token token, Position position, SequenceId sequence, bool logits) {
    return add(token, position, std::span(&sequence, 1), logits);
}

Result<std::int32_t> Batch::add_embedding(
    std::span<const float> row,
    Position position,
    std::span<const SequenceId> sequences,
    bool logits
) {
    MULLAMA_TRY(check_entry(position, sequences));
    if (!tokens_.empty()) {
        return fail(
            ErrorCode::kInvalidArgument, "the batch holds tokens: use another one for embeddings"
        );
    }
    if (row.empty() || row.size() > kRowFloatsMax) {
        return fail(
            ErrorCode::kInvalidArgument,
            "a row of embeddings has {} floats, allowed are 1 to {}",
            row.size(),
            kRowFloatsMax
        );
    }
    if (embedding_length_ != 0 && row.size() != static_cast<std::size_t>(embedding_length_)) {
        return fail(
            ErrorCode::kInvalidArgument,
            "a row of embeddings has {} floats, those before it have {}",
            row.size(),
            embedding_length_
        );
    }
    return add_entry({kNoToken, row, position, sequences, logits});
}

Result<std::int32_t> Batch::add_embedding(
    std::span<const float> row, Position position, SequenceId sequence, bool logits
) {
    return add_embedding(row, position, std::span(&sequence, 1), logits);
}

Result<void> Batch::set_axes(std::int32_t index, const std::array<Position, 3>& axes) {
    if (index < 0 || static_cast<std::size_t>(index) >= axes_.size()) {
        return fail(
            ErrorCode::kInvalidArgument,
            "the batch has no row of embeddings {}: it holds {}",
            index,
            axes_.size()
        );
    }
    for (const Position axis : axes) {
        if (axis >= 0 && axis < kPositionsMax) continue;
        return fail(
            ErrorCode::kInvalidArgument,
            "position {} on an axis is outside 0 to {}",
            axis,
            kPositionsMax - 1
        );
    }
    axes_[static_cast<std::size_t>(index)] = axes;
    return {};
}

Result<void> Batch::set_logits(std::int32_t index, bool logits) {
    if (index < 0 || index >= size()) {
        return fail(
            ErrorCode::kInvalidArgument, "the batch has no entry {}: it holds {}", index, size()
        );
    }
    output_count_ += (logits ? 1 : 0) - logits_[static_cast<std::size_t>(index)];
    logits_[static_cast<std::size_t>(index)] = logits ? 1 : 0;
    return {};
}

void Batch::clear() {
    tokens_.clear();
    embeddings_.clear();
    positions_.clear();
    axes_.clear();
    sequences_.clear();
    sequence_starts_.clear();
    sequence_counts_.clear();
    logits_.clear();
    output_count_ = 0;
    embedding_length_ = 0;
}

std::span<const SequenceId> Batch::sequences(std::int32_t index) const {
    if (index < 0 || index >= size()) return {};
    const auto i = static_cast<std::size_t>(index);
    return std::span(sequences_)
        .subspan(sequence_starts_[i], static_cast<std::size_t>(sequence_counts_[i]));
}

bool Batch::wants_logits(std::int32_t index) const {
    return index >= 0 && index < size() && logits_[static_cast<std::size_t>(index)] != 0;
}

}  // namespace mullama
