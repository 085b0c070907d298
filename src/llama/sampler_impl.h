#pragma once

#include <mullama/sampler.h>
#include <mullama/token_grammar.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <llama-cpp.h>

namespace mullama {

/// Up to this many, the best logits are picked from all before any candidate is made.
inline constexpr std::size_t kTopMax = 1024;

/// What Sampler has to know of a sampler of its chain.
enum class SamplerKind : std::uint8_t {
    kGreedy,
    kDraw,      ///< Chooses by chance: dist, Mirostat.
    kAdaptive,  ///< Adaptive-p, which draws too.
    kTopK,
    kBias,
    kPenalties,  ///< Remembers tokens, and changes the logits of these only.
    kHistory,    ///< Remembers tokens: DRY.
    kGrammar,
    kLazyGrammar,
    kCustom,
    kOther,
};

/// One sampler of a chain.
struct SamplerEntry {
    SamplerKind kind = SamplerKind::kOther;
    llama_sampler* sampler = nullptr;  ///< Owned by the chain.
    std::int32_t count = 0;  ///< Top-k's k, tokens that are remembered, or trigger patterns.
    std::optional<std::uint32_t> seed = std::nullopt;
    std::size_t asleep_bytes = 0;  ///< Text that a lazy grammar with patterns has waited through.
    bool awake = false;            ///< Set where it is known that it waits no longer.
    std::vector<Token> touched = {};  ///< Of a bias or penalties: what they change the logits of.
    std::size_t oldest = 0;           ///< Where the next one goes that penalties remember.

    /// Whether it changes the logits of `touched` only.
    bool knows_touched() const;
    /// Whether it is told of the prompt.
    bool has_history() const;
    /// Notes a token that penalties have been told of.
    void remember(Token token);
};

struct Sampler::Impl {
    Impl();

    /// Appends a sampler to the chain.
    void add(llama_sampler* sampler, SamplerEntry entry);
    /// Errors: kInvalidArgument: the last sampler chooses, so that nothing can follow.
    Result<void> check_open() const;
    /// Errors: kInvalidArgument: the choices follow a grammar already.
    Result<void> check_unconstrained() const;
    /// Errors: kInvalidArgument: another vocabulary has been given before.
    Result<void> set_vocab(const llama_vocab* vocab, std::int32_t size);
    bool chooses() const;
    bool only_greedy() const;

    Result<Token> draw(std::span<const float> logits);
    /// Lists in `touched` the only tokens whose logits the first samplers of the chain change, and
    /// gives how many samplers these are.
    std::size_t find_touched();
    /// How many of the largest logits are enough to choose from behind the first `first` samplers;
    /// 0 where all are needed.
    std::size_t enough(std::size_t first) const;
    Result<Token> draw_masked(std::span<const float> logits);
    /// Takes the chance from the candidates that the grammar does not allow.
    void mask(llama_token_data_array& array);
    /// Runs the samplers from `first` on. `array.selected` is -1 where none chooses.
    Result<void> run(llama_token_data_array& array, std::size_t first);
    Result<Token> choose(bool sorted, std::size_t first);
    Result<void> check_token(Token token) const;
    Result<void> check_logits(std::size_t count) const;
    Result<void> check_allowed(Token token);
    Result<void> check_lazy(SamplerEntry& entry, Token token);
    Result<void> check_custom();

    llama_sampler_ptr chain;
    std::vector<SamplerEntry> entries;      ///< Those of the chain, in order.
    std::unique_ptr<TokenGrammar> grammar;  ///< From constrain(); may be null.
    const llama_vocab* vocab = nullptr;
    std::int32_t vocab_size = 0;   ///< 0 where no sampler knows it.
    std::optional<Error> failure;  ///< Set while a grammar is in no state to go on.
    std::vector<llama_token_data> candidates;
    std::vector<Token> touched;
    std::vector<float> masked;  ///< The logits that the grammar leaves.
};

/// What the engine threw, as an error.
Error engine_failure(const std::exception& error);

/// A sampler that keeps to a GBNF grammar.
/// Errors:  kInvalidArgument: the grammar has an error; the message says where.
Result<llama_sampler_ptr> make_grammar_sampler(
    const Vocab& vocab, std::string_view grammar, std::string_view root
);

/// Whether a grammar sampler allows `token` next.
bool grammar_allows(llama_sampler* grammar, Token token);

/// Whether a lazy grammar has met its trigger.
bool grammar_awake(llama_sampler* grammar, std::int32_t vocab_size);

/// `seed`, or one from the system in place of kRandomSeed; never kRandomSeed.
std::uint32_t resolve_seed(std::uint32_t seed);

}  // namespace mullama
