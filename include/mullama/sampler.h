#pragma once

#include <mullama/custom_sampler.h>
#include <mullama/result.h>
#include <mullama/token_grammar.h>
#include <mullama/types.h>
#include <mullama/vocab.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mullama {

/// As a seed: draw one from the system. Sampler::seed() tells which it was.
inline constexpr std::uint32_t kRandomSeed = 0xFFFFFFFF;

/// What tokens pay that were seen before (Keskar et al., arXiv 1909.05858, and OpenAI's API).
struct PenaltyOptions {
    std::int32_t last_n = 64;  ///< Tokens to look back over, 0 to 2^24; 0 disables.
    float repeat = 1.0F;       ///< > 0; divides positive logits, multiplies others; 1 disables.
    float frequency = 0.0F;    ///< Subtracted for each time a token was seen; 0 disables.
    float presence = 0.0F;     ///< Subtracted once from a token that was seen; 0 disables.
};

/// DRY, the penalty on repeating whole phrases
/// (github.com/oobabooga/text-generation-webui/pull/5677).
struct DryOptions {
    float multiplier = 0.0F;          ///< >= 0; 0 disables.
    float base = 1.75F;               ///< >= 1; growth with the length of the repetition.
    std::int32_t allowed_length = 2;  ///< Longest repetition without penalty, in tokens, >= 0.
    std::int32_t last_n = 64;         ///< Tokens to look back over, 0 to 2^24; 0 disables.
    /// Texts that end a repetition.
    std::vector<std::string> sequence_breakers = {"\n", ":", "\"", "*"};
};

/// A grammar that sleeps until the answer reaches a trigger.
struct LazyGrammarOptions {
    std::string grammar = {};  ///< GBNF, not empty.
    /// The rule that the whole answer follows.
    std::string root = "root";
    /// ECMAScript expressions, looked for in the whole answer after each token; the grammar applies
    /// from the first group that matched. The answer must come to one within 8 KiB. An expression
    /// that starts with a repetition costs time by the square of that: start it with ^.
    std::vector<std::string> trigger_patterns = {};
    /// Tokens that wake the grammar, which applies from that token on.
    std::vector<Token> trigger_tokens = {};
};

/// Chooses the next token from a model's logits: a chain of samplers, each of which narrows or
/// reshapes the candidates; the last one chooses.
///
/// The add functions append one sampler each. Their numbers are checked: NaN, infinities and
/// values outside the range given are kInvalidArgument, and the chain is unchanged. After a
/// sampler that chooses (greedy, dist, Mirostat, adaptive-p) nothing more can be added.
/// `min_keep` is the number of candidates that a narrowing sampler always leaves.
/// Lifetime: a `vocab` given to it is borrowed: keep a copy of its Model as long as the sampler
///           and its clones.
/// Threads:  thread-compatible: one thread at a time, any thread.
class Sampler {
  public:
    Sampler();
    /// Takes over what the other holds; the other can then only be destroyed or assigned to.
    Sampler(Sampler&&) noexcept;
    /// As above.
    Sampler& operator=(Sampler&&) noexcept;
    ~Sampler();

    /// Chooses the most likely token. A chain of nothing else allocates nothing.
    Result<void> add_greedy();

    /// Draws from the probabilities.
    Result<void> add_dist(std::uint32_t seed = kRandomSeed);

    /// Mirostat (arXiv 2007.14966): draws at a target surprise of `tau` >= 0 bits, learning at
    /// `eta` >= 0. `estimated_tokens` >= 2 is the paper's m.
    Result<void> add_mirostat(
        std::int32_t vocab_size,
        std::uint32_t seed,
        float tau = 5.0F,
        float eta = 0.1F,
        std::int32_t estimated_tokens = 100
    );

    /// Mirostat 2.0, from the same paper.
    Result<void> add_mirostat_v2(std::uint32_t seed, float tau = 5.0F, float eta = 0.1F);

    /// Draws tokens whose probability lies near `target`, 0 to 1, over time; below 0 only draws.
    /// `decay`, 0 to 0.99, is how much of its history it keeps for each token. A clone starts the
    /// draw from its seed again.
    /// Source:  github.com/ggml-org/llama.cpp/pull/17927.
    Result<void> add_adaptive_p(float target, float decay = 0.9F, std::uint32_t seed = kRandomSeed);

    /// Keeps the `k` most likely; k <= 0 keeps all.
    Result<void> add_top_k(std::int32_t k);

    /// Keeps the smallest set of at least probability `p`, 0 to 1 (arXiv 1904.09751); 1 keeps all.
    Result<void> add_top_p(float p, std::size_t min_keep = 1);

    /// Drops tokens below `p`, 0 to 1, of the best one's probability (arXiv 2407.01082).
    Result<void> add_min_p(float p, std::size_t min_keep = 1);

    /// Locally typical sampling with probability `p`, 0 to 1 (arXiv 2202.00666); 1 keeps all.
    Result<void> add_typical(float p, std::size_t min_keep = 1);

    /// Keeps logits within `n` standard deviations of the best (arXiv 2411.07641); n <= 0 keeps
    /// all.
    Result<void> add_top_n_sigma(float n);

    /// Excludes top choices: with `probability`, 0 to 1, drops all but the last of the tokens of at
    /// least probability `threshold`, 0 to 1
    /// (github.com/oobabooga/text-generation-webui/pull/6335).
    Result<void> add_xtc(
        float probability,
        float threshold,
        std::size_t min_keep = 1,
        std::uint32_t seed = kRandomSeed
    );

    /// Divides the logits by `temperature` >= 0; 0, and anything below 10^-6, leaves the best only.
    Result<void> add_temperature(float temperature);

    /// A temperature between `temperature` - `range` and `temperature` + `range`, by the entropy of
    /// the candidates to the power of `exponent` (arXiv 2309.02772). All >= 0.
    Result<void> add_dynamic_temperature(float temperature, float range, float exponent = 1.0F);

    /// Makes tokens that were accepted before less likely, or more with negative penalties.
    Result<void> add_penalties(const PenaltyOptions& options);

    /// Penalizes tokens that would go on repeating what was accepted before.
    /// Errors:  kInvalidArgument too for a sequence breaker that is empty or has over 40 bytes.
    Result<void> add_dry(const Vocab& vocab, const DryOptions& options);

    /// Adds to the logits of single tokens, each below `vocab_size`.
    Result<void> add_logit_bias(std::int32_t vocab_size, std::span<const LogitBias> biases);

    /// Drops the tokens with which the answer could not follow a GBNF grammar. It looks at every
    /// candidate, milliseconds for a whole vocabulary; see constrain().
    /// Errors:  kInvalidArgument: the grammar has an error; the message says where.
    Result<void> add_grammar(
        const Vocab& vocab, std::string_view grammar, std::string_view root = "root"
    );

    /// As add_grammar(), from a trigger on.
    /// Errors:  kInvalidArgument too for no trigger, a bad pattern, or a token outside `vocab`.
    Result<void> add_lazy_grammar(const Vocab& vocab, const LazyGrammarOptions& options);

    /// For filling in the middle, after top-k and top-p: ends where the end is likely, and joins
    /// candidates that begin alike.
    /// Errors:  kUnsupported: the vocabulary has neither EOT nor EOS, or a token over 512 bytes.
    Result<void> add_infill(const Vocab& vocab);

    /// Appends a sampler of the caller's own.
    /// Errors:  kInvalidArgument: null.
    Result<void> add(std::unique_ptr<CustomSampler> sampler);

    /// Appends all samplers of `other`, with what they remember.
    /// Errors:  kInvalidArgument: both have a grammar from constrain().
    Result<void> append(Sampler other);

    /// Makes every choice follow a GBNF grammar, quickly: draws first and checks that one token;
    /// only where the grammar refuses it, masks all tokens and draws again. Not part of size().
    /// The grammar's texts begin with `prefix`, which is in the prompt already: the choices follow
    /// what comes after it.
    /// Errors:  as add_grammar(); kInvalidArgument too where there is such a grammar already, or
    ///          where it does not begin with `prefix`.
    Result<void> constrain(
        const Vocab& vocab,
        std::string_view grammar,
        std::string_view root = "root",
        std::string_view prefix = ""
    );

    /// As above, by a grammar or rule of the caller's own for the tokens of `vocab`.
    /// Errors:  kInvalidArgument: null, or there is a grammar already.
    Result<void> constrain(const Vocab& vocab, std::unique_ptr<TokenGrammar> grammar);

    /// Number of samplers in the chain.
    std::size_t size() const;
    /// The engine's name of one of them, for example "top-k", with a "?" before it where its
    /// values make it do nothing; the name of a custom one. Empty where there is no such sampler.
    std::string_view name(std::size_t index) const;
    /// Errors:  kInvalidArgument: no such sampler.
    Result<void> remove(std::size_t index);

    /// Chooses a token; accept() it next, or another. Logits that are NaN never win.
    /// Shape:   [vocab size] float32; read only.
    /// Errors:  kInvalidArgument: no logits, another number of them than the vocabulary's, no
    ///          sampler that chooses, or the grammar leaves no token. kInternal: the model computed
    ///          no number at all, or a custom sampler threw.
    Result<Token> sample(std::span<const float> logits);

    /// Runs the chain over candidates of the caller's, and leaves there what the chain left. Gives
    /// the choice, or nothing where no sampler chooses.
    /// Errors:  as sample().
    Result<std::optional<Token>> apply(std::vector<Candidate>& candidates);

    /// Tells the samplers the token that was generated.
    /// Errors:  kInvalidArgument: a token outside the vocabulary, or one that a grammar does not
    ///          allow here; nothing has changed. kExhausted: a lazy grammar without a trigger in
    ///          8 KiB. kInternal: a custom sampler threw, or what woke a lazy grammar does not
    ///          follow it; the sampler gives that error until reset().
    Result<void> accept(Token token);

    /// Tells penalties, DRY and custom samplers the prompt. Grammars start after it.
    /// Errors:  kInvalidArgument: a token below 0. kInternal: a custom sampler threw.
    Result<void> prime(std::span<const Token> prompt);

    /// Forgets all tokens, and starts the draw from its seed again.
    void reset();

    /// A copy that goes on exactly as this one would.
    /// Errors:  kInternal: a custom sampler's clone() threw or gave null.
    Result<Sampler> clone() const;

    /// The seed of the draw, or nothing where nothing is drawn.
    std::optional<std::uint32_t> seed() const;

  private:
    struct Impl;

    std::unique_ptr<Impl> impl_;  // null once moved from
};

/// The sampler for `options`, in the order that SamplingOptions tells, with its grammar as by
/// constrain().
/// Errors:  kInvalidArgument: an option outside its range; the message names it as Ollama spells
///          it, its value and the range.
Result<Sampler> make_sampler(
    const Vocab& vocab, const SamplingOptions& options, std::int32_t context_length
);

/// The most likely token, always.
SamplingOptions sampling_greedy();
/// For conversation: some variety, unlikely tokens left out.
SamplingOptions sampling_balanced();
/// For stories and ideas: high temperature, held together by min-p.
SamplingOptions sampling_creative();
/// For facts, code and extraction: little variety.
SamplingOptions sampling_precise();

}  // namespace mullama
