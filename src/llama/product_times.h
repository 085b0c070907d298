#pragma once

#include <mullama/gguf.h>

#include <cstdint>
#include <optional>

namespace mullama {

/// How long products with 4 million weights take, in seconds.
struct ProductTimes {
    double prompt = 0.0;  ///< With 128 tokens at once.
    double token = 0.0;   ///< With one.

    friend bool operator==(const ProductTimes&, const ProductTimes&) = default;
};

/// The same weights as they lie in a file and as the engine repacks them for this CPU.
struct RepackTimes {
    ProductTimes plain;
    ProductTimes repacked;

    friend bool operator==(const RepackTimes&, const RepackTimes&) = default;
};

/// Measures products with weights of a type on `threads` threads of the CPU, less than a tenth of a
/// second. Nothing where the engine does not repack such weights on this CPU, or has no memory for
/// them. Threads: any; what else computes meanwhile makes the times longer. Source:
/// ggml_backend_dev_get_extra_bufts() of ggml's CPU backend.
std::optional<RepackTimes> time_repacking(GgufTensorType type, std::int32_t threads);

}  // namespace mullama
