#pragma once

#include <mullama/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace mullama {

/// One token that may come next.
struct Candidate {
    /// Its number in the vocabulary.
    Token token = 0;
    /// How likely the model finds it, before softmax.
    float logit = 0.0F;
    float probability = 0.0F;  ///< Set by samplers that compute it; else stale.
};

/// The tokens that may come next, as a CustomSampler sees them: what the samplers before it left.
/// A view, valid during CustomSampler::apply() only. There is always at least one candidate.
/// Threads: thread-compatible.
class Candidates {
  public:
    /// All candidates, to read or to change in place; the order is then taken as unsorted.
    std::span<Candidate> items();
    /// All candidates, to read.
    std::span<const Candidate> items() const { return {data_, size_}; }
    /// Number of candidates, at least one.
    std::size_t size() const { return size_; }

    /// Whether they are known to lie in falling order of their logits.
    bool sorted() const { return sorted_; }
    /// Says that items() lie in falling order of their logits.
    void set_sorted() { sorted_ = true; }

    /// Keeps the first `count`, 1 <= count <= size(); other counts are brought into that range.
    void keep(std::size_t count);

    /// Makes `token` the choice: it alone stays. Gives false, with nothing changed, where it is
    /// not among the candidates.
    bool choose(Token token);

  private:
    friend struct CustomSamplerFrame;

    Candidates(Candidate* data, std::size_t size, bool sorted)
        : data_(data), size_(size), sorted_(sorted) {}

    Candidate* data_;
    std::size_t size_;
    bool sorted_;
    bool chosen_ = false;
};

/// A sampler of the caller's own, for Sampler::add(). What it throws becomes an error of the call
/// that ran it and never crosses the engine's C frames.
/// Threads: called on the thread that uses the Sampler.
/// Source:  struct llama_sampler_i in llama.h.
class CustomSampler {
  public:
    virtual ~CustomSampler() = default;

    /// What Sampler::name() tells.
    virtual std::string_view name() const = 0;

    /// Changes logits, drops candidates or chooses one.
    virtual void apply(Candidates& candidates) = 0;

    /// Hears of the token that was generated, which need not be the one it chose.
    virtual void accept(Token) {}

    /// Hears of the prompt before the first token.
    virtual void prime(std::span<const Token>) {}

    /// Forgets everything that it was told.
    virtual void reset() {}

    /// A copy that goes on where this one is. Never null.
    virtual std::unique_ptr<CustomSampler> clone() const = 0;
};

}  // namespace mullama
