#pragma once

#include <mullama/gguf.h>
#include <mullama/result.h>

namespace mullama {

/// Checks a file's vocabulary: that its lists are of the right types and lengths, and its tokens
/// unique. Special tokens out of range are left to the engine, which ignores them.
/// Errors:  kCorrupt, naming the key.
/// Source:  llama_vocab::impl::load() in llama-vocab.cpp.
Result<void> check_vocabulary(const GgufFile& file);

}  // namespace mullama
