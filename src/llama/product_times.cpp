#include "llama/product_times.h"

#include "llama/engine_guard.h"
#include "llama/threads.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <ggml-backend.h>
#include <ggml-cpp.h>
#include <ggml.h>

namespace mullama {
namespace {

constexpr std::int64_t kRows = 2048;
constexpr std::int64_t kRowLength = 2048;
constexpr std::int64_t kPromptTokens = 128;
constexpr int kRounds = 4;
constexpr int kTokenProducts = 8;  // one by itself is too short
constexpr std::size_t kTensorsMax = 8;

ggml_backend_dev_t cpu() {
    return ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
}

template <typename Function>
Function function_of_cpu(const char* name) {
    ggml_backend_reg_t backend = ggml_backend_dev_backend_reg(cpu());
    return reinterpret_cast<Function>(ggml_backend_reg_get_proc_address(backend, name));
}

ggml_context_ptr new_context() {
    return ggml_context_ptr(ggml_init({
        .mem_size = ggml_tensor_overhead() * kTensorsMax + ggml_graph_overhead(),
        .mem_buffer = nullptr,
        .no_alloc = true,
    }));
}

// What ggml repacks, on one CPU or another.
// Source: ggml/src/ggml-cpu/repack.cpp and amx/amx.cpp of llama.cpp.
constexpr std::array kRepacked = {
    GgufTensorType::kQ4_0,
    GgufTensorType::kQ4_1,
    GgufTensorType::kQ8_0,
    GgufTensorType::kQ2_K,
    GgufTensorType::kQ4_K,
    GgufTensorType::kQ5_K,
    GgufTensorType::kQ6_K,
    GgufTensorType::kIQ4_NL,
    GgufTensorType::kIQ4_XS,
    GgufTensorType::kMXFP4,
};

std::vector<std::byte> row_of(ggml_type type) {
    std::vector<float> values(kRowLength);
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = std::sin(static_cast<float>(i * i));
    }
    std::vector<std::byte> row(ggml_row_size(type, kRowLength));
    ggml_quantize_chunk(type, values.data(), row.data(), 0, 1, kRowLength, nullptr);
    return row;
}

// A matrix of weights in one kind of memory, and its products with vectors.
class Products {
  public:
    Products(ggml_type type, ggml_backend_buffer_type_t memory)
        : context_(new_context()),
          weights_(ggml_new_tensor_2d(context_.get(), type, kRowLength, kRows)),
          backend_(ggml_backend_dev_init(cpu(), nullptr)) {
        const std::size_t bytes = ggml_backend_buft_get_alloc_size(memory, weights_);
        buffer_.reset(ggml_backend_buft_alloc_buffer(memory, bytes));
        if (!buffer_) return;
        ggml_backend_tensor_alloc(
            buffer_.get(), weights_, ggml_backend_buffer_get_base(buffer_.get())
        );
        const std::vector<std::byte> row = row_of(type);
        std::vector<std::byte> all;
        for (std::int64_t i = 0; i < kRows; ++i) all.insert(all.end(), row.begin(), row.end());
        ggml_backend_tensor_set(weights_, all.data(), 0, all.size());
    }

    bool has_memory() const { return buffer_ && backend_; }

    void set_threads(std::int32_t threads) {
        const auto set =
            function_of_cpu<ggml_backend_set_n_threads_t>("ggml_backend_set_n_threads");
        if (set != nullptr) set(backend_.get(), threads);
    }

    /// Seconds of a product with `tokens` vectors, of `repetitions` one after the other.
    double time(std::int64_t tokens, int repetitions) {
        const ggml_context_ptr context = new_context();
        ggml_tensor* vectors = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, kRowLength, tokens);
        ggml_tensor* product = ggml_mul_mat(context.get(), weights_, vectors);
        ggml_cgraph* graph = ggml_new_graph(context.get());
        ggml_build_forward_expand(graph, product);
        const ggml_backend_buffer_ptr memory(
            ggml_backend_alloc_ctx_tensors(context.get(), backend_.get())
        );
        if (!memory) return std::numeric_limits<double>::infinity();
        ggml_backend_buffer_clear(memory.get(), 0);
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < repetitions; ++i) {
            ggml_backend_graph_compute(backend_.get(), graph);
        }
        const std::chrono::duration<double> duration = std::chrono::steady_clock::now() - start;
        return duration.count() / repetitions;
    }

  private:
    ggml_context_ptr context_;
    ggml_tensor* weights_;
    ggml_backend_ptr backend_;
    ggml_backend_buffer_ptr buffer_;
};

bool supports(ggml_type type, ggml_backend_buffer_type_t memory) {
    const ggml_context_ptr context = new_context();
    const ggml_backend_buffer_ptr nothing(ggml_backend_buft_alloc_buffer(memory, 0));
    if (!nothing) return false;
    ggml_tensor* weights = ggml_new_tensor_2d(context.get(), type, kRowLength, kRows);
    weights->buffer = nothing.get();
    ggml_tensor* vectors =
        ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, kRowLength, kPromptTokens);
    const bool can =
        ggml_backend_dev_supports_op(cpu(), ggml_mul_mat(context.get(), weights, vectors));
    weights->buffer = nullptr;
    return can;
}

// The memory that the engine would repack such weights into; null for none.
ggml_backend_buffer_type_t repacking_memory(ggml_type type) {
    const auto memories_of =
        function_of_cpu<ggml_backend_dev_get_extra_bufts_t>("ggml_backend_dev_get_extra_bufts");
    auto* memory = memories_of == nullptr ? nullptr : memories_of(cpu());
    for (; memory != nullptr && *memory != nullptr; ++memory) {
        if (supports(type, *memory)) return *memory;
    }
    return nullptr;
}

}  // namespace

std::optional<RepackTimes> time_repacking(GgufTensorType gguf_type, std::int32_t threads) {
    if (std::ranges::find(kRepacked, gguf_type) == kRepacked.end()) return std::nullopt;
    start_engine();
    const auto type = static_cast<ggml_type>(gguf_type);
    if (cpu() == nullptr) return std::nullopt;
    ggml_backend_buffer_type_t memory = repacking_memory(type);
    if (memory == nullptr) return std::nullopt;
    Products plain(type, ggml_backend_dev_buffer_type(cpu()));
    Products repacked(type, memory);
    if (!plain.has_memory() || !repacked.has_memory()) return std::nullopt;
    plain.set_threads(threads);
    repacked.set_threads(threads);
    // In turn, and the shortest of each: what else runs on the machine is as likely beside both.
    const double never = std::numeric_limits<double>::infinity();
    RepackTimes times{{never, never}, {never, never}};
    const auto measure = [](Products& products, ProductTimes& shortest) {
        shortest.prompt = std::min(shortest.prompt, products.time(kPromptTokens, 1));
        shortest.token = std::min(shortest.token, products.time(1, kTokenProducts));
    };
    for (int round = 0; round < kRounds; ++round) {
        measure(plain, times.plain);
        measure(repacked, times.repacked);
    }
    end_compute_threads();
    return times;
}

}  // namespace mullama
