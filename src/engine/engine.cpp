#include "base/error.h"
#include "engine/draft_model.h"
#include "engine/llama_decoder.h"
#include "engine/local_engine.h"
#include "engine/snapshot_folder.h"
#include <mullama/engine.h>

#include <optional>
#include <string_view>
#include <utility>

namespace mullama {

namespace {

Result<void> check_range(
    std::string_view name, std::int64_t value, std::int64_t least, std::int64_t most
) {
    if (value >= least && value <= most) return {};
    return fail(
        ErrorCode::kInvalidArgument,
        "{} is {}: give a number from {} to {}",
        name,
        value,
        least,
        most
    );
}

Result<std::optional<SnapshotFolder>> open_snapshots(
    const Decoder& decoder, const EngineOptions& options
) {
    const auto key = decoder.state_key();
    const bool wanted = options.snapshot_bytes > 0 && options.prefix_cache_bytes != 0;
    if (options.snapshot_folder.empty() || !wanted || !key) return std::nullopt;
    trim_snapshots(options.snapshot_folder, static_cast<std::size_t>(options.snapshot_bytes));
    auto folder = SnapshotFolder::open(options.snapshot_folder, *key);
    if (!folder) return std::move(folder).error();
    return std::optional(*std::move(folder));
}

}  // namespace

Result<void> check_options(const EngineOptions& options) {
    constexpr std::int64_t kMany = 1 << 24;
    constexpr std::int64_t kBytesMax = std::int64_t{1} << 50;
    constexpr std::int64_t kDay = 24LL * 60 * 60 * 1000;
    MULLAMA_TRY(check_range("context_length", options.context_length, 0, kMany));
    MULLAMA_TRY(check_range("sequences_max", options.sequences_max, 1, 255));
    MULLAMA_TRY(check_range("kv_cells", options.kv_cells, 0, 1 << 30));
    MULLAMA_TRY(check_range("batch_size", options.batch_size, options.sequences_max, kMany));
    MULLAMA_TRY(check_range("ubatch_size", options.ubatch_size, 1, kMany));
    MULLAMA_TRY(check_range("prefill_chunk", options.prefill_chunk, 1, kMany));
    MULLAMA_TRY(check_range("prefill_budget_ms", options.prefill_budget_ms, 0, kDay));
    MULLAMA_TRY(check_range("draft_max", options.draft_max, 0, 256));
    MULLAMA_TRY(check_range("threads", options.threads, 0, 512));
    MULLAMA_TRY(check_range("threads_batch", options.threads_batch, 0, 512));
    MULLAMA_TRY(check_range("snapshot_bytes", options.snapshot_bytes, 0, kBytesMax));
    MULLAMA_TRY(check_range("queue_max", options.queue_max, 0, kMany));
    MULLAMA_TRY(check_range("stream_capacity", options.stream_capacity, 1, kMany));
    MULLAMA_TRY(check_range("stall_timeout_ms", options.stall_timeout_ms, 0, kDay));
    return {};
}

Result<std::unique_ptr<Engine>> make_local_engine(
    const Model& model, const EngineOptions& options
) {
    MULLAMA_TRY(check_options(options));
    auto tokenizer = options.tokenizer ? options.tokenizer : model_tokenizer(model);
    if (tokenizer->size() > model.vocab().size()) {
        return fail(
            ErrorCode::kInvalidArgument,
            "the tokenizer has {} tokens, the model only {}: give the tokenizer of this model",
            tokenizer->size(),
            model.vocab().size()
        );
    }
    auto decoder = LlamaDecoder::create(model, options);
    if (!decoder) return std::move(decoder).error();
    std::unique_ptr<Decoder> draft_model;
    if (options.draft_model && (*decoder)->info().draft_max > 0) {
        auto made = make_draft_decoder(*options.draft_model, model, options, (*decoder)->info());
        if (!made) return std::move(made).error();
        draft_model = *std::move(made);
    }
    auto snapshots = open_snapshots(**decoder, options);
    if (!snapshots) return std::move(snapshots).error();
    return std::make_unique<LocalEngine>(
        std::move(*decoder),
        std::move(tokenizer),
        options,
        *std::move(snapshots),
        std::move(draft_model)
    );
}

}  // namespace mullama
