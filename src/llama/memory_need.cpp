#include "llama/memory_need.h"

#include "base/error.h"
#include "llama/host_memory.h"
#include <mullama/device.h>

#include <charconv>
#include <optional>
#include <string>

namespace mullama {
namespace {

// What the engine keeps of a cell beside its keys and values: position, shift, 256 sequence bits.
constexpr std::uint64_t kCellBytes = 48;
constexpr std::uint64_t kMiB = 1024 * 1024;

std::uint64_t bytes_of_32(CacheType type) {
    switch (type) {
        case CacheType::kF32:
            return 128;
        case CacheType::kF16:
        case CacheType::kBf16:
            return 64;
        case CacheType::kQ8_0:
            return 34;
        case CacheType::kQ5_1:
            return 24;
        case CacheType::kQ5_0:
            return 22;
        case CacheType::kQ4_1:
            return 20;
        case CacheType::kQ4_0:
        case CacheType::kIq4Nl:
            return 18;
    }
    return 0;
}

std::optional<std::uint64_t> number(const Model& model, const std::string& key) {
    const auto text = model.metadata(model.architecture() + "." + key);
    if (!text) return std::nullopt;
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    return error == std::errc() ? std::optional(value) : std::nullopt;
}

// Layers that differ (sliding windows, recurrent, compressed keys) are not counted.
std::uint64_t cell_value_bytes(const Model& model, const ContextOptions& options) {
    const bool alike = !model.is_recurrent() && !model.is_hybrid() &&
                       (options.swa_full || model.sliding_window() == 0) &&
                       number(model, "attention.head_count") &&
                       !number(model, "attention.kv_lora_rank") &&
                       !number(model, "attention.shared_kv_layers");
    if (!alike || model.heads() <= 0 || !model.has_decoder()) return 0;
    const auto width = static_cast<std::uint64_t>(model.embedding_length() / model.heads());
    const std::uint64_t keys = number(model, "attention.key_length").value_or(width);
    const std::uint64_t values = number(model, "attention.value_length").value_or(width);
    const auto heads = static_cast<std::uint64_t>(model.heads_kv());
    const std::uint64_t layer =
        heads * (keys * bytes_of_32(options.key_type) + values * bytes_of_32(options.value_type)) /
        32;
    return layer * static_cast<std::uint64_t>(model.layers());
}

std::uint64_t gpu_bytes() {
    std::uint64_t sum = 0;
    for (const Device& device : devices()) {
        if (device.kind != DeviceKind::kGpu) continue;
        sum += static_cast<std::uint64_t>(device.memory_free_bytes);
    }
    return sum;
}

}  // namespace

std::uint64_t cache_bytes(CacheType type, std::uint64_t count) {
    return count * bytes_of_32(type) / 32;
}

std::uint64_t memory_need_bytes(const Model& model, const ContextOptions& options) {
    const auto cells = static_cast<std::uint64_t>(
        options.context_length == 0 ? model.context_length_train() : options.context_length
    );
    return cells * (kCellBytes + cell_value_bytes(model, options));
}

Result<void> check_memory_need(const Model& model, const ContextOptions& options) {
    const HostMemory host = host_memory();
    if (host.total == 0) return {};
    const std::uint64_t need = memory_need_bytes(model, options);
    const std::uint64_t have = host.free + gpu_bytes();
    if (need <= have) return {};
    return fail(
        ErrorCode::kExhausted,
        "a context of {} tokens needs {} MiB at least, the machine has {} MiB free: lower "
        "context_length or the cache's types",
        options.context_length == 0 ? model.context_length_train() : options.context_length,
        need / kMiB,
        have / kMiB
    );
}

}  // namespace mullama
