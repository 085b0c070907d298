#pragma once

#include <mullama/gguf.h>
#include <mullama/model.h>
#include <mullama/result.h>

#include <span>

namespace mullama {

/// Checks what a sound GGUF file says of its model before the engine builds on it: counts, array
/// lengths and tensors that the engine would divide by, index with or assert on. `files` are the
/// model's parts, the one with the metadata first; `overrides` stand in for its values.
/// Errors:  kCorrupt, naming the key or tensor at fault.
/// Source:  llama_model_base::load_hparams() and llama_vocab::impl::load() of llama.cpp.
Result<void> check_model(
    std::span<const GgufFile> files, std::span<const MetadataOverride> overrides, bool vocab_only
);

}  // namespace mullama
