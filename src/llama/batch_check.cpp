#include "llama/batch_check.h"

#include "base/error.h"

#include <algorithm>
#include <array>

namespace mullama {
namespace {

template <typename... Args>
Error invalid(fmt::format_string<Args...> format, Args&&... args) {
    return fail(ErrorCode::kInvalidArgument, format, std::forward<Args>(args)...);
}

std::int32_t outputs_of(const ContextImpl& context, const Batch& batch, Step step) {
    return step == Step::kEncode || context.embeddings ? batch.size() : batch.output_count();
}

Result<void> check_size(const ContextImpl& context, const Batch& batch, Step step) {
    const llama_context* engine = context.context.get();
    if (batch.empty()) return invalid("the batch is empty");
    const auto size_max = static_cast<std::int32_t>(llama_n_batch(engine));
    if (batch.size() > size_max) {
        return invalid(
            "the batch has {} entries, the context takes {} at once: decode it in parts or raise "
            "batch_size",
            batch.size(),
            size_max
        );
    }
    const auto pass_max = static_cast<std::int32_t>(llama_n_ubatch(engine));
    const bool one_pass = step == Step::kEncode || !llama_get_causal_attn(engine);
    if (one_pass && batch.size() > pass_max) {
        return invalid(
            "the batch has {} entries, without causal attention the context takes {} at once: "
            "raise "
            "ubatch_size or shorten the text",
            batch.size(),
            pass_max
        );
    }
    const std::int32_t outputs = outputs_of(context, batch, step);
    if (context.options.outputs_max != 0 && !context.model.has_encoder() &&
        outputs > context.options.outputs_max) {
        return invalid(
            "the batch asks for {} outputs, the context gives {}: raise outputs_max",
            outputs,
            context.options.outputs_max
        );
    }
    return {};
}

Result<void> check_contents(const ContextImpl& context, const Batch& batch) {
    if (batch.embedding_length() != 0) {
        const std::int32_t length = context.model.embedding_length_input();
        if (batch.embedding_length() == length) return {};
        return invalid(
            "rows of embeddings have {} floats, the model takes {}",
            batch.embedding_length(),
            length
        );
    }
    const std::int32_t vocabulary = context.model.vocab().size();
    for (const Token token : batch.tokens()) {
        if (token < vocabulary) continue;
        return invalid("token {} is outside the vocabulary of {}", token, vocabulary);
    }
    return {};
}

class PositionCheck {
  public:
    PositionCheck(const ContextImpl& context, const Batch& batch)
        : memory_(llama_get_memory(context.context.get())),
          sequences_max_(static_cast<std::int32_t>(llama_n_seq_max(context.context.get()))),
          positions_max_(Handles::impl(context.model).positions_max),
          unified_(context.options.unified),
          jumps_(has_position_sections(context.model)),
          shares_(jumps_ && batch.embedding_length() != 0) {
        last_.fill(kUnseen);
    }

    Result<void> entry(Position position, std::span<const SequenceId> sequences) {
        if (positions_max_ != 0 && position >= positions_max_) {
            return invalid(
                "position {} is past the {} that the model knows: shorten the text",
                position,
                positions_max_
            );
        }
        if (!unified_ && sequences.size() > 1) {
            return invalid("an entry belongs to several sequences, which needs a unified cache");
        }
        for (const SequenceId sequence : sequences) {
            if (sequence >= sequences_max_) {
                return invalid(
                    "sequence {} is outside 0 to {}: raise sequences_max",
                    sequence,
                    sequences_max_ - 1
                );
            }
            MULLAMA_TRY(follow(position, sequence));
        }
        return {};
    }

  private:
    static constexpr Position kUnseen = -2;

    // Positions of a sequence go on where memory ends, and by at most one from entry to entry.
    // Multimodal RoPE may leave positions out, and several embeddings may share one.
    Result<void> follow(Position position, SequenceId sequence) {
        Position& last = last_[static_cast<std::size_t>(sequence)];
        const bool first = last == kUnseen;
        if (first) last = llama_memory_seq_pos_max(memory_, sequence);
        const bool repeats = position == last && (!first || shares_);
        const bool follows = jumps_ ? position > last : position == last + 1;
        if (!repeats && !follows && !(first && last < 0)) {
            return invalid(
                "sequence {} goes on at position {}, the batch has position {}",
                sequence,
                last + 1,
                position
            );
        }
        last = position;
        return {};
    }

    llama_memory_t memory_;
    std::int32_t sequences_max_;
    std::int64_t positions_max_;
    bool unified_;
    bool jumps_;   // positions may be left out
    bool shares_;  // the first entry may stand where memory ends
    std::array<Position, Batch::kSequencesMax> last_;
};

}  // namespace

bool has_position_sections(const Model& model) {
    const llama_rope_type type = llama_model_rope_type(handle(model));
    return type == LLAMA_ROPE_TYPE_MROPE || type == LLAMA_ROPE_TYPE_IMROPE;
}

Result<void> check_batch(const ContextImpl& context, const Batch& batch, Step step) {
    MULLAMA_TRY(check_size(context, batch, step));
    MULLAMA_TRY(check_contents(context, batch));
    PositionCheck check(context, batch);
    for (std::int32_t i = 0; i < batch.size(); ++i) {
        MULLAMA_TRY(check.entry(batch.positions()[static_cast<std::size_t>(i)], batch.sequences(i))
        );
    }
    return {};
}

}  // namespace mullama
