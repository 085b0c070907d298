#include "grammar/token_masks.h"

#include "grammar/ebnf.h"
#include "llama/token_bits.h"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include <xgrammar/xgrammar.h>

// What xgrammar says, which is built to leave that to its user: errors become exceptions, warnings
// nothing.
namespace xgrammar {

[[noreturn]] void LogFatalImpl(
    const std::string& /*file*/, int /*line*/, const std::string& message
) {
    throw std::runtime_error(message);
}

void LogMessageImpl(
    const std::string& /*file*/, int /*line*/, int /*level*/, const std::string& /*message*/
) {}

}  // namespace xgrammar

namespace mullama {
namespace {

class MaskGrammar final : public TokenGrammar {
  public:
    MaskGrammar(xgrammar::GrammarMatcher matcher, std::string prefix, std::size_t words)
        : matcher_(std::move(matcher)), prefix_(std::move(prefix)), words_(words) {}

    bool begin() { return prefix_.empty() || matcher_.AcceptString(prefix_); }

    // Tries it, which takes less than a mask. Mostly it is the one that is accepted next.
    bool allows(Token token) override {
        if (is_filled_) return has_token(words_, token);
        if (tried_ == token) return true;
        take_back();
        if (!matcher_.AcceptToken(token)) return false;
        tried_ = token;
        return true;
    }

    std::span<const std::uint32_t> allowed() override {
        if (!is_filled_) fill();
        return words_;
    }

    void accept(Token token) override {
        const bool is_allowed = allows(token);
        if (!is_allowed) throw std::runtime_error("the grammar does not allow it");
        if (tried_ != token && !matcher_.AcceptToken(token)) {
            throw std::runtime_error("the grammar's mask is wrong");
        }
        tried_.reset();
        is_filled_ = false;
    }

    void reset() override {
        tried_.reset();
        is_filled_ = false;
        matcher_.Reset();
        begin();
    }

    std::unique_ptr<TokenGrammar> clone() const override {
        auto copy = std::make_unique<MaskGrammar>(matcher_.Fork(), prefix_, words_.size());
        copy->tried_ = tried_;
        return copy;
    }

  private:
    void take_back() {
        if (tried_) matcher_.Rollback(1);
        tried_.reset();
    }

    void fill() {
        take_back();
        std::ranges::fill(words_, 0U);
        is_filled_ = true;
        if (matcher_.IsTerminated()) return;  // nothing follows the end
        auto shape = static_cast<std::int64_t>(words_.size());
        DLTensor tensor{
            .data = words_.data(),
            .device = DLDevice{kDLCPU, 0},
            .ndim = 1,
            .dtype = xgrammar::GetBitmaskDLType(),
            .shape = &shape,
            .strides = nullptr,
            .byte_offset = 0,
        };
        matcher_.FillNextTokenBitmask(&tensor);
    }

    xgrammar::GrammarMatcher matcher_;
    std::string prefix_;
    std::vector<std::uint32_t> words_;
    bool is_filled_ = false;
    std::optional<Token> tried_;  // that the matcher has accepted already
};

class CompiledMasks final : public TokenMasks {
  public:
    CompiledMasks(xgrammar::CompiledGrammar grammar, std::size_t words)
        : grammar_(std::move(grammar)), words_(words) {}

    std::unique_ptr<TokenGrammar> start(const std::string& prefix) const override {
        auto grammar =
            std::make_unique<MaskGrammar>(xgrammar::GrammarMatcher(grammar_), prefix, words_);
        if (!grammar->begin()) return nullptr;
        return grammar;
    }

    std::size_t bytes() const override { return grammar_.MemorySizeBytes(); }

  private:
    xgrammar::CompiledGrammar grammar_;
    std::size_t words_;
};

xgrammar::TokenizerInfo info_of(const Vocab& vocab) {
    std::vector<std::string> texts;
    std::vector<std::int32_t> ends;
    texts.reserve(static_cast<std::size_t>(vocab.size()));
    for (Token token = 0; token < vocab.size(); ++token) {
        texts.push_back(vocab.piece(token, /*special=*/true));
        if (vocab.is_eog(token)) ends.push_back(token);
    }
    return {texts, xgrammar::VocabType::RAW, std::nullopt, ends, false};
}

}  // namespace

// Without xgrammar's own caches: they keep what was refused for ever, and take rules for the same
// by a hash that is not always another.
struct MaskCompiler::Impl {
    explicit Impl(const Vocab& vocab)
        : compiler(info_of(vocab), /*max_threads=*/1, /*cache_enabled=*/false),
          words(static_cast<std::size_t>(xgrammar::GetBitmaskSize(vocab.size()))) {}

    xgrammar::GrammarCompiler compiler;
    std::size_t words;
};

MaskCompiler::MaskCompiler(const Vocab& vocab) : impl_(std::make_unique<Impl>(vocab)) {}

MaskCompiler::~MaskCompiler() = default;

std::shared_ptr<const TokenMasks> MaskCompiler::compile(const std::string& gbnf) {
    const std::optional<std::string> ebnf = ebnf_from_gbnf(gbnf);
    if (!ebnf) return nullptr;
    try {
        return std::make_shared<CompiledMasks>(
            impl_->compiler.CompileGrammar("root ::= r-root" + *ebnf, "root"), impl_->words
        );
    } catch (const std::exception&) {
        return nullptr;
    }
}

}  // namespace mullama
