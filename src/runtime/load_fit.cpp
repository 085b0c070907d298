#include "runtime/load_fit.h"

#include <mullama/memory_estimate.h>

#include <algorithm>
#include <limits>
#include <system_error>
#include <tuple>

namespace mullama {
namespace {

// 0 stands for all that the model was trained for.
std::int32_t length_of(std::int32_t context_length) {
    return context_length == 0 ? std::numeric_limits<std::int32_t>::max() : context_length;
}

auto weight_parts(const LoadOptions& options) {
    const ModelOptions& model = options.model;
    return std::tie(
        model.gpu_layers, model.split_mode, model.main_gpu, model.load_mode, options.projector
    );
}

auto engine_parts(const LoadOptions& options) {
    const EngineOptions& engine = options.engine;
    return std::tie(
        engine.batch_size,
        engine.ubatch_size,
        engine.threads,
        engine.threads_batch,
        engine.flash_attention,
        engine.key_type,
        engine.value_type,
        options.adapters,
        options.chat_template
    );
}

// The weights in a projector or an adapter; what they compute with is small beside them.
std::uint64_t bytes_of(const std::filesystem::path& file) {
    std::error_code failed;
    const std::uintmax_t bytes = file.empty() ? 0 : std::filesystem::file_size(file, failed);
    return failed ? 0 : bytes;
}

/// With its context, in which a step verifies `drafts` guesses.
Result<std::uint64_t> bytes_of_model(
    const std::filesystem::path& file, const EngineOptions& engine, std::int32_t drafts
) {
    ContextOptions context;
    context.ubatch_size = engine.ubatch_size;
    context.sequences_max = engine.sequences_max;
    context.outputs_max = engine.sequences_max + 1 + drafts;
    context.key_type = engine.key_type;
    context.value_type = engine.value_type;
    context.context_length = engine.kv_cells;
    if (engine.kv_cells == 0) {
        const std::int64_t cells = std::int64_t{engine.context_length} * engine.sequences_max;
        context.context_length = static_cast<std::int32_t>(
            std::min<std::int64_t>(cells, std::numeric_limits<std::int32_t>::max())
        );
    }
    const auto estimate = estimate_memory(file, context);
    if (!estimate) return estimate.error();
    return estimate->total_bytes();
}

// Answers are the same with any draft model, and without.
bool drafts_as(const LoadOptions& loaded, const LoadOptions& wanted) {
    if (wanted.draft_model.empty() || loaded.draft_model == wanted.draft_model) return true;
    return wanted.draft_optional && !loaded.draft_model.empty();
}

bool has(const std::vector<std::filesystem::path>& files, const std::filesystem::path& file) {
    return std::ranges::find(files, file) != files.end();
}

bool has_adapters(const LoadOptions& loaded, const LoadOptions& wanted) {
    return std::ranges::all_of(wanted.idle_adapters, [&](const auto& file) {
        return has(loaded.idle_adapters, file);
    });
}

}  // namespace

bool serves(const LoadOptions& loaded, const LoadOptions& wanted) {
    return drafts_as(loaded, wanted) && has_adapters(loaded, wanted) &&
           length_of(loaded.engine.context_length) >= length_of(wanted.engine.context_length) &&
           weight_parts(loaded) == weight_parts(wanted) &&
           engine_parts(loaded) == engine_parts(wanted);
}

bool same_weights(const LoadOptions& loaded, const LoadOptions& wanted) {
    return weight_parts(loaded) == weight_parts(wanted);
}

Result<std::uint64_t> estimated_bytes(
    const std::filesystem::path& file, const LoadOptions& options
) {
    const auto own = bytes_of_model(file, options.engine, options.engine.draft_max);
    if (!own) return own;
    std::uint64_t bytes = *own + bytes_of(options.projector);
    for (const auto& adapter : options.adapters) bytes += bytes_of(adapter);
    for (const auto& adapter : options.idle_adapters) bytes += bytes_of(adapter);
    if (options.draft_model.empty() || options.engine.draft_max == 0) return bytes;
    return bytes + bytes_of_model(options.draft_model, options.engine, 0).value_or(0);
}

LoadOptions joined(LoadOptions wanted, const LoadOptions& other) {
    const std::int32_t length =
        std::max(length_of(wanted.engine.context_length), length_of(other.engine.context_length));
    wanted.engine.context_length = length == length_of(0) ? 0 : length;
    const bool asks = !other.draft_model.empty() && !other.draft_optional;
    if (wanted.draft_model.empty() || (wanted.draft_optional && asks)) {
        wanted.draft_model = other.draft_model;
        wanted.draft_optional = other.draft_optional;
    }
    for (const auto& file : other.idle_adapters) {
        if (wanted.idle_adapters.size() >= kIdleAdaptersMax) break;
        if (!has(wanted.idle_adapters, file)) wanted.idle_adapters.push_back(file);
    }
    return wanted;
}

}  // namespace mullama
