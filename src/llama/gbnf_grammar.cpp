#include "llama/gbnf_grammar.h"

#include "base/error.h"
#include "llama/handles.h"
#include "llama/sampler_checks.h"
#include "llama/sampler_impl.h"
#include "llama/token_bits.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace mullama {
namespace {

class GbnfGrammar final : public TokenGrammar {
  public:
    // `sampler` has followed `prefix` already.
    GbnfGrammar(llama_sampler_ptr sampler, std::vector<Token> prefix, std::size_t vocab_size)
        : sampler_(std::move(sampler)), prefix_(std::move(prefix)), vocab_size_(vocab_size) {}

    bool allows(Token token) override { return grammar_allows(sampler_.get(), token); }

    std::span<const std::uint32_t> allowed() override {
        if (allowed_.empty()) find_allowed();
        return allowed_;
    }

    void accept(Token token) override {
        allowed_.clear();
        llama_sampler_accept(sampler_.get(), token);
    }

    void reset() override {
        allowed_.clear();
        llama_sampler_reset(sampler_.get());
        for (const Token token : prefix_) llama_sampler_accept(sampler_.get(), token);
    }

    std::unique_ptr<TokenGrammar> clone() const override {
        return std::make_unique<GbnfGrammar>(
            llama_sampler_ptr(llama_sampler_clone(sampler_.get())), prefix_, vocab_size_
        );
    }

  private:
    void find_allowed() {
        std::vector<llama_token_data> candidates(vocab_size_);
        for (std::size_t i = 0; i < vocab_size_; ++i) {
            candidates[i] = {static_cast<Token>(i), 0.0F, 0.0F};
        }
        llama_token_data_array array{candidates.data(), candidates.size(), -1, false};
        llama_sampler_apply(sampler_.get(), &array);
        allowed_.resize((vocab_size_ + kTokenBits - 1) / kTokenBits);
        for (const llama_token_data& candidate : candidates) {
            if (candidate.logit == 0.0F) add_token(allowed_, candidate.id);
        }
    }

    llama_sampler_ptr sampler_;
    std::vector<Token> prefix_;  // the end of the prompt, with which the grammar's texts begin
    std::size_t vocab_size_;
    std::vector<std::uint32_t> allowed_;  // empty where it has not been asked for
};

// Some tokenizers put a space before a text, which is none of it: they get a line break to put it
// before.
Result<std::vector<Token>> prefix_tokens(const Vocab& vocab, std::string_view prefix) {
    constexpr bool kAddSpecial = false;
    constexpr bool kParseSpecial = true;
    if (prefix.empty()) return std::vector<Token>();
    auto tokens = vocab.tokenize(prefix, kAddSpecial, kParseSpecial);
    if (!tokens || tokens->empty()) return tokens;
    const auto piece = [&vocab](Token token) { return vocab.piece(token, /*special=*/true); };
    if (prefix.starts_with(' ') || !piece(tokens->front()).starts_with(' ')) return tokens;
    std::string broken = "\n";
    broken += prefix;
    tokens = vocab.tokenize(broken, kAddSpecial, kParseSpecial);
    if (!tokens) return tokens;
    const auto line_break = std::ranges::find(*tokens, "\n", piece);
    if (line_break != tokens->end()) tokens->erase(tokens->begin(), line_break + 1);
    return tokens;
}

}  // namespace

bool grammar_allows(llama_sampler* grammar, Token token) {
    llama_token_data candidate{token, 0.0F, 0.0F};
    llama_token_data_array array{&candidate, 1, -1, false};
    llama_sampler_apply(grammar, &array);
    return candidate.logit == 0.0F;
}

Result<llama_sampler_ptr> make_grammar_sampler(
    const Vocab& vocab, std::string_view grammar, std::string_view root
) {
    MULLAMA_TRY(check_grammar(vocab, grammar, root));
    llama_sampler_ptr sampler(llama_sampler_init_grammar(
        handle(vocab), std::string(grammar).c_str(), std::string(root).c_str()
    ));
    if (sampler) return sampler;
    return fail(ErrorCode::kInvalidArgument, "the engine refused the grammar");
}

Result<std::unique_ptr<TokenGrammar>> make_gbnf_grammar(
    const Vocab& vocab, std::string_view grammar, std::string_view root, std::string_view prefix
) {
    auto sampler = make_grammar_sampler(vocab, grammar, root);
    if (!sampler) return std::move(sampler).error();
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
    return std::make_unique<GbnfGrammar>(
        std::move(*sampler), std::move(*tokens), static_cast<std::size_t>(vocab.size())
    );
}

}  // namespace mullama
