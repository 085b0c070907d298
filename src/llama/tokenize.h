#pragma once

#include <mullama/result.h>
#include <mullama/types.h>

#include <string_view>
#include <vector>

#include <llama.h>

namespace mullama {

/// One call of the engine's tokenizer.
struct TokenizeCall {
    const llama_vocab* vocab = nullptr;
    std::string_view text;  ///< Valid UTF-8, at most 2^30 bytes.
    bool add_special = false;
    bool parse_special = false;
};

/// Runs the engine's tokenizer, on a stack of its own where the text could overflow the caller's.
/// Errors:  as Vocab::tokenize().
/// Threads: any.
Result<std::vector<Token>> tokenize(const TokenizeCall& call);

}  // namespace mullama
