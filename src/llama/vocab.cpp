#include "base/error.h"
#include "llama/engine_guard.h"
#include "llama/handles.h"
#include "llama/tokenize.h"
#include <mullama/detokenizer.h>
#include <mullama/vocab.h>

#include <exception>
#include <utility>

namespace mullama {
namespace {

constexpr std::size_t kTextBytesMax = std::size_t{1} << 30;

Error no_vocabulary() {
    return fail(
        ErrorCode::kUnsupported,
        "the model has no vocabulary: give token ids, or a tokenizer of your own"
    );
}

// The engine asserts that a special token which its settings add is there.
Result<void> check_special(const Vocab& vocab) {
    const VocabType type = vocab.type();
    const bool wordpiece = type == VocabType::kWpm;
    const bool adds =
        wordpiece || type == VocabType::kSpm || type == VocabType::kBpe || type == VocabType::kUgm;
    if (!adds) return {};
    const char* missing = nullptr;
    if ((wordpiece || vocab.add_bos()) && vocab.bos() == kNoToken) missing = "BOS";
    if (!wordpiece && vocab.add_eos() && vocab.eos() == kNoToken) missing = "EOS";
    if (wordpiece && vocab.sep() == kNoToken) missing = "SEP";
    if (missing == nullptr) return {};
    return fail(
        ErrorCode::kCorrupt,
        "the vocabulary is set to add a {} token and has none: tokenize without special tokens",
        missing
    );
}

}  // namespace

std::string_view to_string(VocabType type) {
    switch (type) {
        case VocabType::kNone:
            return "none";
        case VocabType::kSpm:
            return "SPM";
        case VocabType::kBpe:
            return "BPE";
        case VocabType::kWpm:
            return "WPM";
        case VocabType::kUgm:
            return "UGM";
        case VocabType::kRwkv:
            return "RWKV";
        case VocabType::kPlamo2:
            return "PLaMo2";
        case VocabType::kTest:
            return "test";
    }
    return "unknown";
}

Vocab::Vocab(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}

Vocab::~Vocab() = default;

VocabType Vocab::type() const {
    switch (llama_vocab_type(impl_->vocab)) {
        case LLAMA_VOCAB_TYPE_NONE:
            return VocabType::kNone;
        case LLAMA_VOCAB_TYPE_SPM:
            return VocabType::kSpm;
        case LLAMA_VOCAB_TYPE_BPE:
            return VocabType::kBpe;
        case LLAMA_VOCAB_TYPE_WPM:
            return VocabType::kWpm;
        case LLAMA_VOCAB_TYPE_UGM:
            return VocabType::kUgm;
        case LLAMA_VOCAB_TYPE_RWKV:
            return VocabType::kRwkv;
        case LLAMA_VOCAB_TYPE_PLAMO2:
            return VocabType::kPlamo2;
        case LLAMA_VOCAB_TYPE_TEST:
            return VocabType::kTest;
    }
    return VocabType::kNone;
}

std::int32_t Vocab::size() const {
    return llama_vocab_n_tokens(impl_->vocab);
}

bool Vocab::contains(Token token) const {
    return token >= 0 && token < size();
}

bool Vocab::has_text(Token token) const {
    return contains(token) && llama_vocab_type(impl_->vocab) != LLAMA_VOCAB_TYPE_NONE;
}

Result<std::vector<Token>> Vocab::tokenize(
    std::string_view text, bool add_special, bool parse_special
) const {
    if (type() == VocabType::kNone) return no_vocabulary();
    if (text.size() > kTextBytesMax) {
        return fail(
            ErrorCode::kInvalidArgument,
            "text has {} bytes, at most {} can be tokenized at once",
            text.size(),
            kTextBytesMax
        );
    }
    if (add_special) MULLAMA_TRY(check_special(*this));
    std::string repaired;
    if (!is_valid_utf8(text)) {
        repaired = to_valid_utf8(text);
        text = repaired;
    }
    return mullama::tokenize({impl_->vocab, text, add_special, parse_special});
}

Result<std::string> Vocab::detokenize(std::span<const Token> tokens, DetokenizeOptions options)
    const {
    if (type() == VocabType::kNone) return no_vocabulary();
    std::size_t bytes = 0;
    for (const Token token : tokens) {
        if (!contains(token)) {
            return fail(
                ErrorCode::kInvalidArgument, "token {} is outside 0 to {}", token, size() - 1
            );
        }
        bytes += piece(token, true).size();
    }
    if (bytes > kTextBytesMax || tokens.size() > kTextBytesMax) {
        return fail(
            ErrorCode::kInvalidArgument,
            "the text of {} tokens is longer than {} bytes: give them in parts",
            tokens.size(),
            kTextBytesMax
        );
    }
    std::string text(bytes, '\0');
    const EngineGuard guard;
    try {
        const std::int32_t length = llama_detokenize(
            impl_->vocab,
            tokens.data(),
            static_cast<std::int32_t>(tokens.size()),
            text.data(),
            static_cast<std::int32_t>(text.size()),
            options.remove_special,
            options.unparse_special
        );
        if (length < 0) return fail(ErrorCode::kInternal, "the text of tokens grew by itself");
        text.resize(static_cast<std::size_t>(length));
        return text;
    } catch (const std::exception& error) {
        return fail(ErrorCode::kCorrupt, "the vocabulary cannot write tokens: {}", error.what());
    }
}

std::string Vocab::piece(Token token, bool special) const {
    if (!has_text(token)) return {};
    std::string bytes(32, '\0');
    for (;;) {
        const std::int32_t length = llama_token_to_piece(
            impl_->vocab, token, bytes.data(), static_cast<std::int32_t>(bytes.size()), 0, special
        );
        if (length >= 0) {
            bytes.resize(static_cast<std::size_t>(length));
            return bytes;
        }
        bytes.resize(static_cast<std::size_t>(-length));
    }
}

std::string_view Vocab::text(Token token) const {
    return has_text(token) ? llama_vocab_get_text(impl_->vocab, token) : std::string_view();
}

float Vocab::score(Token token) const {
    return has_text(token) ? llama_vocab_get_score(impl_->vocab, token) : 0.0F;
}

TokenAttributes Vocab::attributes(Token token) const {
    if (!has_text(token)) return {};
    const auto bits = static_cast<unsigned>(llama_vocab_get_attr(impl_->vocab, token));
    TokenAttributes attributes;
    attributes.unknown = (bits & LLAMA_TOKEN_ATTR_UNKNOWN) != 0;
    attributes.unused = (bits & LLAMA_TOKEN_ATTR_UNUSED) != 0;
    attributes.normal = (bits & LLAMA_TOKEN_ATTR_NORMAL) != 0;
    attributes.control = (bits & LLAMA_TOKEN_ATTR_CONTROL) != 0;
    attributes.user_defined = (bits & LLAMA_TOKEN_ATTR_USER_DEFINED) != 0;
    attributes.byte = (bits & LLAMA_TOKEN_ATTR_BYTE) != 0;
    attributes.normalized = (bits & LLAMA_TOKEN_ATTR_NORMALIZED) != 0;
    attributes.lstrip = (bits & LLAMA_TOKEN_ATTR_LSTRIP) != 0;
    attributes.rstrip = (bits & LLAMA_TOKEN_ATTR_RSTRIP) != 0;
    attributes.single_word = (bits & LLAMA_TOKEN_ATTR_SINGLE_WORD) != 0;
    return attributes;
}

bool Vocab::is_eog(Token token) const {
    return contains(token) && llama_vocab_is_eog(impl_->vocab, token);
}

bool Vocab::is_control(Token token) const {
    return has_text(token) && llama_vocab_is_control(impl_->vocab, token);
}

Token Vocab::bos() const {
    return llama_vocab_bos(impl_->vocab);
}

Token Vocab::eos() const {
    return llama_vocab_eos(impl_->vocab);
}

Token Vocab::eot() const {
    return llama_vocab_eot(impl_->vocab);
}

Token Vocab::sep() const {
    return llama_vocab_sep(impl_->vocab);
}

Token Vocab::nl() const {
    return llama_vocab_nl(impl_->vocab);
}

Token Vocab::pad() const {
    return llama_vocab_pad(impl_->vocab);
}

Token Vocab::mask() const {
    return llama_vocab_mask(impl_->vocab);
}

Token Vocab::fim_prefix() const {
    return llama_vocab_fim_pre(impl_->vocab);
}

Token Vocab::fim_suffix() const {
    return llama_vocab_fim_suf(impl_->vocab);
}

Token Vocab::fim_middle() const {
    return llama_vocab_fim_mid(impl_->vocab);
}

Token Vocab::fim_pad() const {
    return llama_vocab_fim_pad(impl_->vocab);
}

Token Vocab::fim_repository() const {
    return llama_vocab_fim_rep(impl_->vocab);
}

Token Vocab::fim_separator() const {
    return llama_vocab_fim_sep(impl_->vocab);
}

bool Vocab::add_bos() const {
    return llama_vocab_get_add_bos(impl_->vocab);
}

bool Vocab::add_eos() const {
    return llama_vocab_get_add_eos(impl_->vocab);
}

bool Vocab::add_sep() const {
    return llama_vocab_get_add_sep(impl_->vocab);
}

std::vector<Token> Vocab::suppressed() const {
    std::int32_t count = 0;
    const llama_token* tokens = llama_vocab_get_suppress_tokens(impl_->vocab, &count);
    return {tokens, tokens + count};
}

}  // namespace mullama
