#pragma once

#include <mullama/types.h>

#include <cstdint>
#include <memory>
#include <span>

namespace mullama {

/// What tokens an answer may go on with, for Sampler::constrain(): a grammar, or a rule of the
/// caller's own. What it throws becomes an error of the call that ran it.
/// Threads: called on the thread that uses the Sampler.
class TokenGrammar {
  public:
    virtual ~TokenGrammar() = default;

    /// Whether the answer may go on with `token`, one of the vocabulary.
    virtual bool allows(Token token) = 0;

    /// The same of all tokens: bit `t % 32` of word `t / 32` for token `t`. Valid until the
    /// next call.
    /// Shape:   [(vocab_size + 31) / 32] uint32.
    virtual std::span<const std::uint32_t> allowed() = 0;

    /// The answer has gone on with `token`, which was allowed.
    virtual void accept(Token token) = 0;

    /// The answer begins again.
    virtual void reset() = 0;

    /// One for another answer that has begun with the same tokens.
    virtual std::unique_ptr<TokenGrammar> clone() const = 0;
};

}  // namespace mullama
