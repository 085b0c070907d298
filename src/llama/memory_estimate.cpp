#include "llama/host_memory.h"
#include "llama/memory_need.h"
#include <mullama/device.h>
#include <mullama/gguf.h>
#include <mullama/memory_estimate.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace mullama {
namespace {

/// What the engine needs beside what grows with the model.
constexpr std::uint64_t kComputeBase = 32ULL << 20;
/// Activations of one layer that live at the same time, in rows of the embedding's length.
constexpr std::uint64_t kRowsAlive = 12;

class Header {
  public:
    explicit Header(const GgufFile& file)
        : file_(file), prefix_(file.get<std::string>("general.architecture").value_or("") + ".") {}

    std::uint64_t number(const std::string& key, std::uint64_t otherwise = 0) const {
        return file_.get<std::uint64_t>(prefix_ + key).value_or(otherwise);
    }

    /// Of each layer: one number for all, or a list.
    std::vector<std::uint64_t> numbers(const std::string& key, std::uint64_t layers) const {
        const auto list = file_.get<std::vector<std::uint32_t>>(prefix_ + key);
        if (list) return {list->begin(), list->end()};
        const auto signed_list = file_.get<std::vector<std::int32_t>>(prefix_ + key);
        if (!signed_list) return std::vector<std::uint64_t>(layers, number(key));
        std::vector<std::uint64_t> numbers;
        for (const std::int32_t value : *signed_list) {
            numbers.push_back(static_cast<std::uint64_t>(std::max(value, 0)));
        }
        return numbers;
    }

  private:
    const GgufFile& file_;
    std::string prefix_;
};

std::uint64_t cell_bytes(const Header& header, const ContextOptions& options) {
    const std::uint64_t layers = header.number("block_count");
    const std::uint64_t heads = header.number("attention.head_count", 1);
    const std::uint64_t width = heads == 0 ? 0 : header.number("embedding_length") / heads;
    const std::uint64_t latent = header.number("attention.kv_lora_rank");
    const std::uint64_t keys = header.number("attention.key_length", width);
    const std::uint64_t values = header.number("attention.value_length", width);
    std::uint64_t sum = 0;
    for (std::uint64_t heads_kv : header.numbers("attention.head_count_kv", layers)) {
        if (heads_kv == 0) heads_kv = heads;
        sum += latent > 0 ? cache_bytes(options.key_type, latent + keys)
                          : cache_bytes(options.key_type, heads_kv * keys) +
                                cache_bytes(options.value_type, heads_kv * values);
    }
    return sum;
}

}  // namespace

Result<MemoryEstimate> estimate_memory(
    const std::filesystem::path& file, const ContextOptions& options
) {
    const Result<GgufFile> gguf = GgufFile::open(file);
    if (!gguf) return gguf.error();
    const Header header(*gguf);
    MemoryEstimate estimate;
    for (const GgufTensor& tensor : gguf->tensors()) estimate.weights_bytes += tensor.size_bytes;
    if (const auto split = gguf->split()) {
        // The other parts are about as large as the first one says it is.
        estimate.weights_bytes =
            std::max<std::uint64_t>(estimate.weights_bytes, gguf->size_bytes() * split->count);
    }
    const std::uint64_t trained = header.number("context_length");
    std::uint64_t cells = trained;
    if (options.context_length > 0) {
        cells = static_cast<std::uint64_t>(options.context_length);
        const auto sequences = static_cast<std::uint64_t>(std::max(options.sequences_max, 1));
        if (trained > 0) cells = std::min(cells, trained * sequences);
    }
    estimate.cache_bytes = cells * cell_bytes(header, options);
    const auto rows = static_cast<std::uint64_t>(options.ubatch_size);
    const auto outputs = static_cast<std::uint64_t>(std::max(options.outputs_max, 1));
    const std::uint64_t vocab = header.number("vocab_size", 1ULL << 17);
    estimate.compute_bytes = kComputeBase + outputs * vocab * sizeof(float) +
                             rows * header.number("embedding_length") * kRowsAlive * sizeof(float);
    return estimate;
}

std::uint64_t machine_memory_bytes() {
    std::uint64_t sum = host_memory().total;
    for (const Device& device : devices()) {
        if (device.kind == DeviceKind::kGpu) {
            sum += static_cast<std::uint64_t>(device.memory_total_bytes);
        }
    }
    return sum;
}

}  // namespace mullama
