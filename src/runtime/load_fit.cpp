#include "runtime/load_fit.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace mullama {
namespace {

// 0 stands for all that the model was trained for.
std::int32_t length_of(std::int32_t context_length) {
    return context_length == 0 ? std::numeric_limits<std::int32_t>::max() : context_length;
}

auto fixed_parts(const LoadOptions& options) {
    const ModelOptions& model = options.model;
    const EngineOptions& engine = options.engine;
    return std::tie(
        model.gpu_layers,
        model.split_mode,
        model.main_gpu,
        model.load_mode,
        engine.batch_size,
        engine.ubatch_size,
        engine.threads,
        engine.threads_batch,
        engine.flash_attention,
        engine.key_type,
        engine.value_type,
        options.chat_template
    );
}

}  // namespace

bool serves(const LoadOptions& loaded, const LoadOptions& wanted) {
    return length_of(loaded.engine.context_length) >= length_of(wanted.engine.context_length) &&
           fixed_parts(loaded) == fixed_parts(wanted);
}

LoadOptions joined(LoadOptions wanted, const LoadOptions& other) {
    const std::int32_t length =
        std::max(length_of(wanted.engine.context_length), length_of(other.engine.context_length));
    wanted.engine.context_length = length == length_of(0) ? 0 : length;
    return wanted;
}

}  // namespace mullama
