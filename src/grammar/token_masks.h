#pragma once

#include <mullama/token_grammar.h>
#include <mullama/vocab.h>

#include <cstddef>
#include <memory>
#include <string>

namespace mullama {

/// A grammar with the masks of its states: which tokens may follow, all of them in microseconds.
/// Threads: immutable, thread-safe.
class TokenMasks {
  public:
    virtual ~TokenMasks() = default;

    /// For an answer whose texts go on after `prefix`; null where the grammar does not begin so.
    virtual std::unique_ptr<TokenGrammar> start(const std::string& prefix) const = 0;

    /// Memory that the masks take, about.
    virtual std::size_t bytes() const = 0;
};

/// Makes masks for the tokens of one vocabulary.
/// Threads: thread-compatible.
/// Source:  https://arxiv.org/abs/2411.15100 (XGrammar), whose library this is.
class MaskCompiler {
  public:
    /// Sorts the tokens by their texts, 0.1 s for 262,144 of them. Needs `vocab` no longer than
    /// that.
    explicit MaskCompiler(const Vocab& vocab);
    ~MaskCompiler();
    MaskCompiler(const MaskCompiler&) = delete;
    MaskCompiler& operator=(const MaskCompiler&) = delete;

    /// Masks for a GBNF grammar that check_grammar() has passed. It takes milliseconds for most,
    /// and seconds for one with many repetitions of large sets. Null where xgrammar cannot say it.
    std::shared_ptr<const TokenMasks> compile(const std::string& gbnf);

  private:
    struct Impl;

    std::unique_ptr<Impl> impl_;
};

}  // namespace mullama
