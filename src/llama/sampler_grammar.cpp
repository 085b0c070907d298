#include "base/error.h"
#include "llama/gbnf_grammar.h"
#include "llama/handles.h"
#include "llama/sampler_checks.h"
#include "llama/sampler_impl.h"
#include "llama/trigger_pattern.h"
#include <mullama/sampler.h>

#include <utility>
#include <vector>

namespace mullama {
namespace {

// The engine's infill sampler has room for this.
constexpr std::int32_t kInfillPieceBytesMax = 512;
Result<void> check_triggers(const Vocab& vocab, const LazyGrammarOptions& options) {
    if (options.trigger_patterns.empty() && options.trigger_tokens.empty()) {
        return fail(
            ErrorCode::kInvalidArgument, "a lazy grammar needs a trigger: give a pattern or a token"
        );
    }
    for (const auto& pattern : options.trigger_patterns)
        MULLAMA_TRY(check_trigger_pattern(pattern));
    for (const Token token : options.trigger_tokens) {
        if (vocab.contains(token)) continue;
        return fail(
            ErrorCode::kInvalidArgument,
            "trigger token {} is outside the vocabulary of {} tokens",
            token,
            vocab.size()
        );
    }
    return {};
}

}  // namespace

Result<void> Sampler::add_grammar(
    const Vocab& vocab, std::string_view grammar, std::string_view root
) {
    MULLAMA_TRY(impl_->check_open());
    auto sampler = make_grammar_sampler(vocab, grammar, root);
    if (!sampler) return sampler.error();
    MULLAMA_TRY(impl_->set_vocab(handle(vocab), vocab.size()));
    impl_->add(sampler->release(), {.kind = SamplerKind::kGrammar});
    return {};
}

Result<void> Sampler::add_lazy_grammar(const Vocab& vocab, const LazyGrammarOptions& options) {
    MULLAMA_TRY(impl_->check_open());
    MULLAMA_TRY(check_triggers(vocab, options));
    MULLAMA_TRY(check_grammar(vocab, options.grammar, options.root));
    MULLAMA_TRY(impl_->set_vocab(handle(vocab), vocab.size()));
    std::vector<const char*> patterns;
    for (const auto& pattern : options.trigger_patterns) patterns.push_back(pattern.c_str());
    auto* sampler = llama_sampler_init_grammar_lazy_patterns(
        handle(vocab),
        options.grammar.c_str(),
        options.root.c_str(),
        patterns.data(),
        patterns.size(),
        options.trigger_tokens.data(),
        options.trigger_tokens.size()
    );
    if (sampler == nullptr) {
        return fail(ErrorCode::kInvalidArgument, "the engine refused the grammar");
    }
    impl_->add(
        sampler,
        {.kind = SamplerKind::kLazyGrammar, .count = static_cast<std::int32_t>(patterns.size())}
    );
    return {};
}

Result<void> Sampler::add_infill(const Vocab& vocab) {
    MULLAMA_TRY(impl_->check_open());
    if (vocab.eot() == kNoToken && vocab.eos() == kNoToken) {
        return fail(
            ErrorCode::kUnsupported,
            "infill needs an end token, this vocabulary has neither EOT "
            "nor EOS"
        );
    }
    for (Token token = 0; token < vocab.size(); ++token) {
        const auto bytes = -llama_token_to_piece(handle(vocab), token, nullptr, 0, 0, false);
        if (bytes <= kInfillPieceBytesMax) continue;
        return fail(
            ErrorCode::kUnsupported,
            "token {} has {} bytes, infill takes at most {}",
            token,
            bytes,
            kInfillPieceBytesMax
        );
    }
    MULLAMA_TRY(impl_->set_vocab(handle(vocab), vocab.size()));
    impl_->add(llama_sampler_init_infill(handle(vocab)), {});
    return {};
}

Result<void> Sampler::constrain(
    const Vocab& vocab, std::string_view grammar, std::string_view root, std::string_view prefix
) {
    auto made = make_gbnf_grammar(vocab, grammar, root, prefix);
    if (!made) return std::move(made).error();
    return constrain(vocab, std::move(made).value());
}

Result<void> Sampler::constrain(const Vocab& vocab, std::unique_ptr<TokenGrammar> grammar) {
    if (!grammar) return fail(ErrorCode::kInvalidArgument, "the grammar is null");
    MULLAMA_TRY(impl_->check_unconstrained());
    MULLAMA_TRY(impl_->set_vocab(handle(vocab), vocab.size()));
    impl_->grammar = std::move(grammar);
    return {};
}

}  // namespace mullama
