#include "base/error.h"
#include "llama/engine_guard.h"
#include "llama/handles.h"
#include <mullama/memory.h>

#include <algorithm>
#include <limits>

namespace mullama {
namespace {

constexpr Position kEnd = std::numeric_limits<Position>::max();

Result<void> check_range(Position begin, Position end) {
    if (begin >= Memory::kAll && end >= Memory::kAll) return {};
    return fail(
        ErrorCode::kInvalidArgument,
        "positions {} to {}: give 0 or more, or kAll for an open end",
        begin,
        end
    );
}

// A range with its ends made explicit.
struct Range {
    Position begin;
    Position end;
};

Range explicit_range(Position begin, Position end) {
    return {std::max(begin, 0), end == Memory::kAll ? kEnd : end};
}

}  // namespace

Result<void> Memory::check_sequence(SequenceId sequence) const {
    const llama_context* engine = context_->context.get();
    if (llama_get_memory(engine) == nullptr) {
        return fail(ErrorCode::kUnsupported, "a model that only encodes has no memory");
    }
    const auto count = static_cast<SequenceId>(llama_n_seq_max(engine));
    if (sequence >= 0 && sequence < count) return {};
    return fail(ErrorCode::kInvalidArgument, "sequence {} is outside 0 to {}", sequence, count - 1);
}

Result<void> Memory::check_shift(SequenceId sequence, Position begin, Position end) const {
    MULLAMA_TRY(check_sequence(sequence));
    MULLAMA_TRY(check_range(begin, end));
    if (can_shift()) return {};
    return fail(
        ErrorCode::kUnsupported,
        "the memory of this model cannot move positions: compute the tokens again"
    );
}

void Memory::clear(bool data) {
    llama_memory_t memory = llama_get_memory(context_->context.get());
    llama_memory_clear(memory, data);
    context_->shift_pending = false;
    context_->copy_pending = false;
}

Result<bool> Memory::remove(SequenceId sequence, Position begin, Position end) {
    MULLAMA_TRY(check_sequence(sequence == kAll ? 0 : sequence));
    MULLAMA_TRY(check_range(begin, end));
    llama_memory_t memory = llama_get_memory(context_->context.get());
    const Range range = explicit_range(begin, end);
    const bool whole = range.begin == 0 && range.end == kEnd;
    if (sequence != kAll || !whole) return llama_memory_seq_rm(memory, sequence, begin, end);
    llama_memory_clear(memory, false);
    return true;
}

Result<void> Memory::copy(SequenceId from, SequenceId to, Position begin, Position end) {
    MULLAMA_TRY(check_sequence(from));
    MULLAMA_TRY(check_sequence(to));
    MULLAMA_TRY(check_range(begin, end));
    if (from == to) return {};
    llama_memory_t memory = llama_get_memory(context_->context.get());
    const Position last = llama_memory_seq_pos_max(memory, from);
    const Range range = explicit_range(begin, end);
    if (last < 0 || range.begin > last || range.begin >= range.end) return {};
    const Model& model = context_->model;
    const bool takes_parts = context_->options.unified;
    const bool to_the_end = range.end > last;
    const bool whole = to_the_end && range.begin <= llama_memory_seq_pos_min(memory, from);
    if (!whole && !takes_parts) {
        return fail(
            ErrorCode::kUnsupported,
            "part of a sequence cannot be copied here: copy all of it, or use a unified cache"
        );
    }
    if (!to_the_end && (model.is_recurrent() || model.is_hybrid())) {
        return fail(
            ErrorCode::kUnsupported,
            "a recurrent state is that of a sequence's last position: copy up to its end"
        );
    }
    const Position to_end = llama_memory_seq_pos_max(memory, to) + 1;
    if (to_end > (takes_parts ? range.begin : 0)) {
        return fail(
            ErrorCode::kInvalidArgument,
            "sequence {} has positions up to {} already: remove them before copying",
            to,
            to_end - 1
        );
    }
    llama_memory_seq_cp(memory, from, to, takes_parts ? begin : kAll, takes_parts ? end : kAll);
    context_->copy_pending = context_->copy_pending || !context_->options.unified;
    return {};
}

Result<void> Memory::keep(SequenceId sequence) {
    MULLAMA_TRY(check_sequence(sequence));
    const llama_context* engine = context_->context.get();
    llama_memory_t memory = llama_get_memory(engine);
    llama_memory_seq_keep(memory, sequence);
    // A cache for each sequence keeps the others.
    const auto count = static_cast<SequenceId>(llama_n_seq_max(engine));
    for (SequenceId other = 0; other < count; ++other) {
        if (other == sequence || llama_memory_seq_pos_max(memory, other) < 0) continue;
        llama_memory_seq_rm(memory, other, kAll, kAll);
    }
    return {};
}

Result<void> Memory::shift(SequenceId sequence, Position begin, Position end, Position delta) {
    MULLAMA_TRY(check_shift(sequence, begin, end));
    llama_memory_t memory = llama_get_memory(context_->context.get());
    const auto last = std::int64_t{llama_memory_seq_pos_max(memory, sequence)} + delta;
    if (last >= Batch::kPositionsMax || delta <= -Batch::kPositionsMax) {
        return fail(
            ErrorCode::kInvalidArgument,
            "moving sequence {} by {} passes position {}",
            sequence,
            delta,
            Batch::kPositionsMax - 1
        );
    }
    llama_memory_seq_add(memory, sequence, begin, end, delta);
    context_->shift_pending = true;
    return {};
}

Result<void> Memory::divide(
    SequenceId sequence, Position begin, Position end, std::int32_t divisor
) {
    MULLAMA_TRY(check_shift(sequence, begin, end));
    if (divisor < 1) {
        return fail(ErrorCode::kInvalidArgument, "positions cannot be divided by {}", divisor);
    }
    llama_memory_t memory = llama_get_memory(context_->context.get());
    llama_memory_seq_div(memory, sequence, begin, end, divisor);
    context_->shift_pending = true;
    return {};
}

Result<Position> Memory::position_min(SequenceId sequence) const {
    MULLAMA_TRY(check_sequence(sequence));
    return llama_memory_seq_pos_min(llama_get_memory(context_->context.get()), sequence);
}

Result<Position> Memory::position_max(SequenceId sequence) const {
    MULLAMA_TRY(check_sequence(sequence));
    return llama_memory_seq_pos_max(llama_get_memory(context_->context.get()), sequence);
}

bool Memory::can_shift() const {
    llama_memory_t memory = llama_get_memory(context_->context.get());
    return memory != nullptr && llama_memory_can_shift(memory);
}

}  // namespace mullama
