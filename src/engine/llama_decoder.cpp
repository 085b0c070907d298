#include "engine/llama_decoder.h"

#include "base/error.h"
#include "llama/adapter_set.h"
#include "llama/regex_grammar.h"
#include "llama/state_key.h"
#include <mullama/sampler.h>
#include <mullama/state.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>
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

// Of the last token, which nothing takes back.
bool keeps_state(const Model& model) {
    return model.is_recurrent() || model.is_hybrid();
}

// Windows hold the last positions only, and a recurrent state is that of the last one.
Sharing sharing_of(const Model& model) {
    const bool whole = model.sliding_window() > 0 || keeps_state(model);
    return whole ? Sharing::kWhole : Sharing::kParts;
}

ContextOptions context_options(std::int32_t cells, const EngineOptions& options) {
    ContextOptions context;
    context.context_length = cells;
    context.ubatch_size = options.ubatch_size;
    context.sequences_max = options.sequences_max + 1;  // and one to save from
    context.batch_size = std::max(options.batch_size, context.sequences_max);
    // A row of logits for each answer, and for each guess of how they go on.
    context.outputs_max = context.sequences_max + options.draft_max;
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
    MULLAMA_TRY(set_adapters(*context, options.adapters));
    MULLAMA_TRY(context->memory().remove(0));  // refuses models without a memory

    const EngineInfo info{
        .context_length = std::min(length, *cells),
        .sequences_max = options.sequences_max,
        .kv_cells = *cells,
        .batch_size = context->batch_size(),
        .vocab_size = model.vocab().size(),
        .draft_max = keeps_state(model) ? 0 : options.draft_max,
    };
    return std::unique_ptr<Decoder>(new LlamaDecoder(model, std::move(*context), info, options));
}

LlamaDecoder::LlamaDecoder(
    const Model& model, Context context, const EngineInfo& info, const EngineOptions& options
)
    : model_(model),
      info_(info),
      adapters_(options.adapters),
      ubatch_size_(context.ubatch_size()),
      keeps_state_(keeps_state(model)),
      can_forget_(context.memory().can_shift() && !keeps_state_),
      sharing_(sharing_of(model)),
      spare_(info.sequences_max),
      context_(std::move(context)),
      grammars_(std::make_unique<GrammarCompiler>(model)) {
    context_.set_abort([this] { return interrupted_.load(std::memory_order_relaxed); });
    batch_.reserve(info_.batch_size);
    const bool chooses_threads = options.threads == 0 && options.threads_batch == 0;
    if (chooses_threads) pace_.emplace(context_.threads());
}

std::vector<float> LlamaDecoder::adapter_scales() const {
    std::vector<float> scales;
    for (const AdapterScale& adapter : adapters_) scales.push_back(adapter.scale);
    return scales;
}

Result<void> LlamaDecoder::use_adapters(std::span<const float> scales) {
    std::vector<AdapterScale> used;
    for (std::size_t i = 0; i < scales.size(); ++i) {
        if (scales[i] != 0.0F) used.push_back({adapters_.at(i).adapter, scales[i]});
    }
    return lend_adapters(context_, scales.empty() ? adapters_ : used);
}

// To its end, which on a GPU comes later than that of decode(): how long steps take is what the
// loop goes by.
Result<void> LlamaDecoder::decode_batch() {
    auto decoded = context_.decode(batch_);
    context_.synchronize();
    return decoded;
}

// Steps with guesses are of many widths, and would leave none that can be compared.
Result<void> LlamaDecoder::compute(bool times) {
    if (!pace_) return decode_batch();
    const std::int32_t threads = pace_->threads();
    if (threads != context_.threads()) MULLAMA_TRY(context_.set_threads(threads, threads));
    const auto start = std::chrono::steady_clock::now();
    auto decoded = decode_batch();
    if (decoded && times) pace_->took(batch_.size(), std::chrono::steady_clock::now() - start);
    return decoded;
}

Result<void> LlamaDecoder::decode(std::span<const DecodeEntry> batch) {
    batch_.clear();
    bool guesses = false;
    for (const DecodeEntry* before = nullptr; const DecodeEntry& entry : batch) {
        MULLAMA_TRY(batch_.add(entry.token, entry.position, entry.sequence, entry.logits));
        guesses |= before && before->logits && before->sequence == entry.sequence;
        before = &entry;
    }
    return compute(/*times=*/!guesses);
}

Result<void> LlamaDecoder::check_media(const MediaEmbedding& media) const {
    const auto rows = static_cast<std::size_t>(std::max(media.row_count, 0));
    const auto length = static_cast<std::size_t>(model_.embedding_length_input());
    const bool placed = media.places.empty() || media.places.size() == rows;
    const bool spread =
        media.places.empty() ? media.position_count == media.row_count : media.position_count > 0;
    if (rows == 0 || media.rows.size() != rows * length || !placed || !spread) {
        return fail(
            ErrorCode::kInvalidArgument,
            "a picture of {} rows, {} floats, {} places and {} positions does not fit the model, "
            "whose rows have {} floats",
            media.row_count,
            media.rows.size(),
            media.places.size(),
            media.position_count,
            length
        );
    }
    if (media.causal || media.row_count <= ubatch_size_) return {};
    return fail(
        ErrorCode::kInvalidArgument,
        "a picture of {} rows is computed in one pass, which takes {}: raise ubatch_size",
        media.row_count,
        ubatch_size_
    );
}

Result<void> LlamaDecoder::decode_media(const MediaStep& step) {
    batch_.clear();
    for (std::int32_t row = step.first; row < step.first + step.count; ++row) {
        MULLAMA_TRY(add_row(step, row));
    }
    context_.set_causal_attention(step.media->causal);
    auto decoded = compute(/*times=*/true);
    context_.set_causal_attention(true);
    return decoded;
}

Result<void> LlamaDecoder::add_row(const MediaStep& step, std::int32_t row) {
    const MediaEmbedding& media = *step.media;
    const auto length = static_cast<std::size_t>(model_.embedding_length_input());
    const auto index = static_cast<std::size_t>(row);
    const auto values = std::span(media.rows).subspan(index * length, length);
    if (media.places.empty()) {
        const auto added = batch_.add_embedding(values, step.begin + row, step.sequence, false);
        return added ? Result<void>() : added.error();
    }
    std::array<Position, 4> axes = media.places[index].axes;
    for (std::size_t axis = 0; axis < axes.size(); ++axis) {
        if (media.places[index].relative[axis]) axes[axis] += step.begin;
    }
    const auto added = batch_.add_embedding(values, axes[0], step.sequence, false);
    if (!added) return added.error();
    return batch_.set_axes(*added, {axes[1], axes[2], axes[3]});
}

Result<std::span<const float>> LlamaDecoder::logits(std::size_t entry) {
    return context_.logits(static_cast<std::int32_t>(entry));
}

void LlamaDecoder::remove(SequenceId sequence) {
    [[maybe_unused]] const auto removed = context_.memory().remove(sequence);
    assert(removed && *removed);
}

Result<void> LlamaDecoder::forget(SequenceId sequence, Position begin, Position end) {
    Memory memory = context_.memory();
    const auto removed = memory.remove(sequence, begin, end);
    if (!removed) return removed.error();
    if (!*removed) return fail(ErrorCode::kUnsupported, "this model cannot forget a part");
    return memory.shift(sequence, end, Memory::kAll, begin - end);
}

// A window loses nothing by guesses that come in one pass: what is out of it is out of it without
// them too.
Result<void> LlamaDecoder::truncate(SequenceId sequence, Position end) {
    const auto removed = context_.memory().remove(sequence, end, Memory::kAll);
    if (!removed) return removed.error();
    if (!*removed) return fail(ErrorCode::kUnsupported, "this model cannot forget its last tokens");
    return {};
}

std::optional<std::uint64_t> LlamaDecoder::state_key() const {
    return mullama::state_key(context_);
}

Result<void> LlamaDecoder::share(SequenceId from, SequenceId to, Position end) {
    return context_.memory().copy(from, to, 0, end);
}

Result<std::vector<std::byte>> LlamaDecoder::save(
    SequenceId sequence, Position begin, Position end
) {
    MULLAMA_TRY(context_.memory().copy(sequence, spare_, begin, end));
    auto state = save_sequence(context_, spare_);
    remove(spare_);
    return state;
}

Result<void> LlamaDecoder::restore(
    SequenceId sequence, std::span<const std::byte> state, Position begin, Position end
) {
    const auto restored = restore_sequence(context_, spare_, state);
    if (!restored) return restored.error();
    const auto copied = context_.memory().copy(spare_, sequence, begin, end);
    remove(spare_);
    return copied;
}

Result<std::unique_ptr<TokenSampler>> LlamaDecoder::make_sampler(
    const SamplingOptions& options, std::span<const Token> prompt
) const {
    const Result<std::string> text = answer_grammar(options);
    if (!text) return text.error();
    SamplingOptions chain = options;
    chain.grammar.clear();
    chain.regex.clear();
    std::unique_ptr<TokenGrammar> grammar;
    if (!text->empty()) {
        auto started = grammars_->start(*text, options.grammar_prefix);
        if (!started) return std::move(started).error();
        grammar = *std::move(started);
    }
    auto sampler = mullama::make_sampler(model_.vocab(), chain, info_.context_length);
    if (!sampler) return std::move(sampler).error();
    if (grammar) MULLAMA_TRY(sampler->constrain(model_.vocab(), std::move(grammar)));
    MULLAMA_TRY(sampler->prime(prompt));
    return std::make_unique<LlamaSampler>(std::move(*sampler));
}

}  // namespace mullama
