#pragma once

#include <mullama/gguf.h>
#include <mullama/model.h>
#include <mullama/result.h>

namespace mullama {

/// Checks what the engine takes on trust or asserts in an adapter's file: its kind, the types of
/// its metadata, and the names, types and shapes of its pairs of matrices among each other. That
/// they fit the model's tensors the engine checks itself.
/// Errors: kInvalidArgument: no LoRA adapter, or for another architecture. kCorrupt: what is wrong.
///         kUnsupported: a tensor type that cannot be multiplied.
/// Source: llama_adapter_lora_init_impl() in src/llama-adapter.cpp.
Result<void> check_adapter(const GgufFile& file, const Model& model);

}  // namespace mullama
