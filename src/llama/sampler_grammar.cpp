#include "base/error.h"
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

Result<llama_sampler_ptr> new_grammar(
    const Vocab& vocab, std::string_view grammar, std::string_view root
) {
    MULLAMA_TRY(check_grammar(vocab, grammar, root));
    llama_sampler_ptr sampler(llama_sampler_init_grammar(
        handle(vocab), std::string(grammar).c_str(), std::string(root).c_str()
    ));
    if (sampler) return sampler;
    return fail(ErrorCode::kInvalidArgument, "the engine refused the grammar");
}

// Some tokenizers put a space before the first piece: it is none of the text.
Result<std::vector<Token>> prefix_tokens(const Vocab& vocab, std::string_view prefix) {
    if (prefix.empty()) return std::vector<Token>();
    auto tokens = vocab.tokenize(prefix, /*add_special=*/false, /*parse_special=*/true);
    if (!tokens || tokens->empty()) return tokens;
    const std::string first = vocab.piece(tokens->front(), /*special=*/true);
    if (first.starts_with(' ') && !prefix.starts_with(' ')) tokens->erase(tokens->begin());
    return tokens;
}

}  // namespace

Result<void> Sampler::add_grammar(
    const Vocab& vocab, std::string_view grammar, std::string_view root
) {
    MULLAMA_TRY(impl_->check_open());
    auto sampler = new_grammar(vocab, grammar, root);
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
    if (impl_->grammar) {
        return fail(ErrorCode::kInvalidArgument, "the sampler is constrained by a grammar already");
    }
    auto sampler = new_grammar(vocab, grammar, root);
    if (!sampler) return sampler.error();
    auto tokens = prefix_tokens(vocab, prefix);
    if (!tokens) return std::move(tokens).error();
    for (const Token token : *tokens) {
        if (!grammar_allows(sampler->get(), token)) {
            return fail(
                ErrorCode::kInvalidArgument,
                "the grammar does not begin with \"{}\", which the prompt ends with",
                prefix
            );
        }
        llama_sampler_accept(sampler->get(), token);
    }
    MULLAMA_TRY(impl_->set_vocab(handle(vocab), vocab.size()));
    impl_->grammar = std::move(*sampler);
    impl_->grammar_prefix = std::move(*tokens);
    return {};
}

}  // namespace mullama
