#include "llama/step.h"

#include "base/error.h"
#include "llama/batch_check.h"
#include "llama/engine_guard.h"
#include "llama/handles.h"

#include <exception>

namespace mullama {
namespace {

// M-RoPE reads four positions of each embedding, one axis after another for all entries.
void write_positions(const Batch& batch, bool sections, std::vector<llama_pos>& positions) {
    positions.assign(batch.positions().begin(), batch.positions().end());
    if (!sections || batch.embedding_length() == 0) return;
    positions.reserve(4 * positions.size());
    for (std::size_t axis = 0; axis < 3; ++axis) {
        for (const auto& axes : batch.axes()) positions.push_back(axes[axis]);
    }
}

// The engine reads what it is given and writes nothing there, whatever its types say.
llama_batch to_engine(const Batch& batch, ContextImpl& context) {
    write_positions(batch, has_position_sections(context.model), context.positions);
    return Handles::view(batch, context);
}

Error decode_error(std::int32_t status, const EngineGuard& guard, const Batch& batch) {
    switch (status) {
        case 1:
            return fail(
                ErrorCode::kExhausted,
                "no free KV cells for {} tokens: raise context_length or free sequences",
                batch.size()
            );
        case 2:
            return fail(ErrorCode::kCancelled, "the step was cancelled");
        case -1:
            return fail(ErrorCode::kInvalidArgument, "the batch is invalid: {}", guard.reason());
        default:
            return fail(
                guard.out_of_memory() ? ErrorCode::kExhausted : ErrorCode::kInternal,
                "the step failed: {}",
                guard.reason()
            );
    }
}

// A decode moves positions and copies cells before it computes, also where it then finds no room.
void forget_pending(ContextImpl& context) {
    context.shift_pending = false;
    context.copy_pending = false;
}

}  // namespace

llama_batch Handles::view(const Batch& batch, ContextImpl& context) {
    auto* sequences = const_cast<SequenceId*>(batch.sequences_.data());
    context.sequence_rows.clear();
    for (const std::size_t start : batch.sequence_starts_) {
        context.sequence_rows.push_back(sequences + start);
    }
    const bool tokens = batch.embedding_length() == 0;
    return llama_batch{
        .n_tokens = batch.size(),
        .token = tokens ? const_cast<Token*>(batch.tokens_.data()) : nullptr,
        .embd = tokens ? nullptr : const_cast<float*>(batch.embeddings_.data()),
        .pos = context.positions.data(),
        .n_seq_id = const_cast<std::int32_t*>(batch.sequence_counts_.data()),
        .seq_id = context.sequence_rows.data(),
        .logits = context.outputs.data(),
    };
}

Result<void> run_step(ContextImpl& context, const Batch& batch, Step step) {
    context.computed = false;
    MULLAMA_TRY(check_batch(context, batch, step));
    const bool all_outputs = step == Step::kEncode || context.embeddings;
    context.outputs.resize(static_cast<std::size_t>(batch.size()));
    for (std::int32_t i = 0; i < batch.size(); ++i) {
        context.outputs[static_cast<std::size_t>(i)] = all_outputs || batch.wants_logits(i) ? 1 : 0;
    }
    const EngineGuard guard;
    try {
        const llama_batch view = to_engine(batch, context);
        const std::int32_t status = step == Step::kEncode
                                        ? llama_encode(context.context.get(), view)
                                        : llama_decode(context.context.get(), view);
        if (step == Step::kDecode && status >= 0) forget_pending(context);
        if (status != 0) return decode_error(status, guard, batch);
    } catch (const std::exception& thrown) {
        context.broken = true;
        return fail(ErrorCode::kInternal, "the step failed: {}", thrown.what());
    }
    context.computed = true;
    context.computed_embeddings = step == Step::kEncode || context.embeddings;
    return {};
}

}  // namespace mullama
