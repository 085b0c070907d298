#include "engine/llama_decoder.h"

#include "base/error.h"
#include <mullama/sampler.h>

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

namespace mullama {

namespace {

/// Draws and remembers in one go.
class LlamaSampler final : public TokenSampler {
  public:
    explicit LlamaSampler(Sampler sampler) : sampler_(std::move(sampler)) {}

    Result<Token> sample(std::span<const float> logits) override {
        const auto token = sampler_.sample(logits);
        if (!token) return token;
        MULLAMA_TRY(sampler_.accept(*token));
        return token;
    }

    Result<void> accept(Token token) override { return sampler_.accept(token); }

  private:
    Sampler sampler_;
};

Result<void> check_model(const Model& model) {
    if (model.vocab_only()) {
        return fail(ErrorCode::kUnsupported, "the model was loaded without weights: load it whole");
    }
    if (!model.has_decoder() || model.has_encoder()) {
        return fail(
            ErrorCode::kUnsupported,
            "{} cannot continue text: choose a decoder-only model",
            model.description()
        );
    }
    return {};
}

std::int32_t length_of_one(const Model& model, const EngineOptions& options) {
    const std::int32_t trained = model.context_length_train();
    if (options.context_length == 0) return trained;
    return trained > 0 ? std::min(options.context_length, trained) : options.context_length;
}

Result<std::int32_t> cells_of_all(std::int32_t length, const EngineOptions& options) {
    if (options.kv_cells > 0) return options.kv_cells;
    const std::int64_t cells = std::int64_t{length} * options.sequences_max;
    if (cells <= std::numeric_limits<std::int32_t>::max() / 2) {
        return static_cast<std::int32_t>(cells);
    }
    return fail(
        ErrorCode::kInvalidArgument,
        "{} sequences of {} tokens need {} KV cells, too many: lower context_length or set "
        "kv_cells",
        options.sequences_max,
        length,
        cells
    );
}

ContextOptions context_options(std::int32_t cells, const EngineOptions& options) {
    ContextOptions context;
    context.context_length = cells;
    context.batch_size = options.batch_size;
    context.ubatch_size = options.ubatch_size;
    context.sequences_max = options.sequences_max;
    context.outputs_max = options.sequences_max;  // one row of logits for each answer
    context.threads = options.threads;
    context.threads_batch = options.threads_batch;
    context.flash_attention = options.flash_attention;
    context.key_type = options.key_type;
    context.value_type = options.value_type;
    return context;
}

}  // namespace

Result<std::unique_ptr<Decoder>> LlamaDecoder::create(
    const Model& model, const EngineOptions& options
) {
    MULLAMA_TRY(check_model(model));
    const std::int32_t length = length_of_one(model, options);
    const auto cells = cells_of_all(length, options);
    if (!cells) return cells.error();
    auto context = Context::create(model, context_options(*cells, options));
    if (!context) return std::move(context).error();
    MULLAMA_TRY(context->memory().remove(0));  // refuses models without a memory

    const EngineInfo info{
        .context_length = std::min(length, *cells),
        .sequences_max = context->sequences_max(),
        .kv_cells = *cells,
        .batch_size = context->batch_size(),
        .vocab_size = model.vocab().size(),
    };
    return std::unique_ptr<Decoder>(new LlamaDecoder(model, std::move(*context), info));
}

LlamaDecoder::LlamaDecoder(const Model& model, Context context, const EngineInfo& info)
    : model_(model), info_(info), context_(std::move(context)) {
    context_.set_abort([this] { return interrupted_.load(std::memory_order_relaxed); });
    batch_.reserve(info_.batch_size);
}

Result<void> LlamaDecoder::decode(std::span<const DecodeEntry> batch) {
    batch_.clear();
    for (const DecodeEntry& entry : batch) {
        MULLAMA_TRY(batch_.add(entry.token, entry.position, entry.sequence, entry.logits));
    }
    return context_.decode(batch_);
}

Result<std::span<const float>> LlamaDecoder::logits(std::size_t entry) {
    return context_.logits(static_cast<std::int32_t>(entry));
}

void LlamaDecoder::remove(SequenceId sequence) {
    [[maybe_unused]] const auto removed = context_.memory().remove(sequence);
    assert(removed && *removed);
}

Result<std::unique_ptr<TokenSampler>> LlamaDecoder::make_sampler(
    const SamplingOptions& options, std::span<const Token> prompt
) const {
    auto sampler = mullama::make_sampler(model_.vocab(), options, info_.context_length);
    if (!sampler) return std::move(sampler).error();
    MULLAMA_TRY(sampler->prime(prompt));
    return std::make_unique<LlamaSampler>(std::move(*sampler));
}

}  // namespace mullama
