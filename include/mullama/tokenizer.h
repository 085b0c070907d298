#pragma once

#include <mullama/model.h>
#include <mullama/result.h>
#include <mullama/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mullama {

/// Turns text into tokens and back: the seam at which an engine takes a tokenizer of the caller's
/// own in place of the model's.
/// Threads: implementations are immutable and thread-safe; several threads call one at a time.
class Tokenizer {
  public:
    virtual ~Tokenizer() = default;

    /// Turns text into tokens, each in [0, size()). `add_special` and `parse_special` as in
    /// Vocab::tokenize(); a tokenizer without special tokens ignores them.
    /// Errors:  kInvalidArgument: text that it cannot express.
    virtual Result<std::vector<Token>> encode(
        std::string_view text, bool add_special, bool parse_special
    ) const = 0;

    /// The raw bytes that a token adds to the text, perhaps part of a character; nothing for
    /// control tokens and numbers outside the vocabulary.
    virtual std::string piece(Token token) const = 0;

    /// Whether the token ends a generation.
    virtual bool is_eog(Token token) const = 0;

    /// Number of tokens. An engine refuses a tokenizer with more tokens than its model has.
    virtual std::int32_t size() const = 0;
};

/// How a model's own tokenizer gives control tokens.
enum class SpecialPieces : std::uint8_t {
    kHide,  ///< As nothing.
    kShow,  ///< As their text, for example "<|im_end|>".
};

/// The tokenizer of the model's own vocabulary. It keeps a lease on the model.
std::shared_ptr<const Tokenizer> model_tokenizer(
    const Model& model, SpecialPieces special = SpecialPieces::kHide
);

}  // namespace mullama
