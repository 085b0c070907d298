#pragma once

#include <mullama/result.h>
#include <mullama/types.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mullama {

/// The family of a vocabulary's tokenizer.
enum class VocabType : std::uint8_t {
    kNone,    ///< No vocabulary in the file.
    kSpm,     ///< SentencePiece BPE with byte fallback (Llama 2, Gemma).
    kBpe,     ///< GPT-2's byte-level BPE (Llama 3, Qwen).
    kWpm,     ///< WordPiece (BERT).
    kUgm,     ///< SentencePiece Unigram (T5).
    kRwkv,    ///< RWKV's greedy trie.
    kPlamo2,  ///< PLaMo-2's Aho-Corasick with dynamic programming.
    kTest,    ///< The engine's own stand-in for tests.
};

/// The type's name, for example "BPE".
std::string_view to_string(VocabType type);

/// What a vocabulary says about one token.
struct TokenAttributes {
    /// Stands for text that the vocabulary cannot express.
    bool unknown = false;
    /// In no text.
    bool unused = false;
    /// An ordinary piece of text.
    bool normal = false;
    bool control = false;       ///< Steers the model; no text of its own.
    bool user_defined = false;  ///< Added after training; matched before other text.
    bool byte = false;          ///< Stands for one byte.
    /// Its text was normalized.
    bool normalized = false;
    bool lstrip = false;       ///< Takes the white space before it along.
    bool rstrip = false;       ///< Takes the white space after it along.
    bool single_word = false;  ///< Matches whole words only.

    friend bool operator==(const TokenAttributes&, const TokenAttributes&) = default;
};

/// How Vocab::detokenize() treats special tokens.
struct DetokenizeOptions {
    /// Leave out BOS and EOS where the vocabulary adds them by itself.
    bool remove_special = false;
    /// Give control tokens as their text, for example "<|im_end|>", instead of nothing.
    bool unparse_special = false;
};

/// The tokens of a model and how text becomes tokens and back. Token arguments may be any number:
/// outside the vocabulary there is no text, no score and no attribute.
/// Lifetime: belongs to its Model; valid as long as any copy of that.
/// Threads: immutable, thread-safe.
class Vocab {
  public:
    Vocab(const Vocab&) = delete;
    Vocab& operator=(const Vocab&) = delete;
    ~Vocab();

    /// The kind of tokenizer.
    VocabType type() const;
    /// Number of tokens; ids are 0 to size() - 1.
    std::int32_t size() const;
    /// Whether `token` is one of the vocabulary.
    bool contains(Token token) const;

    /// Turns text into tokens. Bytes that are not UTF-8 are read as U+FFFD, as a decoder of
    /// Unicode's recommended practice would.
    /// `add_special`: add BOS, EOS and their like where the vocabulary is set to.
    /// `parse_special`: read the text of special tokens as those tokens. Leave it off for text
    /// from strangers.
    /// Errors:  kInvalidArgument: more than 2^30 bytes; for BPE, more than 2^20 without a change
    ///          between words and white space. kUnsupported: the model has no vocabulary. kCorrupt:
    ///          the vocabulary lacks tokens that it says it has. kExhausted: no memory.
    Result<std::vector<Token>> tokenize(std::string_view text, bool add_special, bool parse_special)
        const;

    /// Turns tokens into text, with the white space that the tokenizer added taken away again.
    /// Tokens that end inside a character leave their bytes as they are.
    /// Errors:  kInvalidArgument: a token outside the vocabulary. kUnsupported: no vocabulary.
    Result<std::string> detokenize(std::span<const Token> tokens, DetokenizeOptions options = {})
        const;

    /// The raw bytes that a token stands for, perhaps part of a character. `special` gives control
    /// tokens as their text instead of as nothing.
    std::string piece(Token token, bool special = false) const;

    /// The token as the vocabulary spells it, for example "Ġthe" or "▁the".
    std::string_view text(Token token) const;
    /// The token's score (SPM, UGM), else 0.
    float score(Token token) const;
    /// What kind of token it is.
    TokenAttributes attributes(Token token) const;

    /// Whether the token ends a generation: EOS, EOT and their like.
    bool is_eog(Token token) const;
    /// Whether the token steers the model and is no text.
    bool is_control(Token token) const;

    /// Special tokens; kNoToken where the vocabulary lacks one.
    Token bos() const;
    /// End of sequence.
    Token eos() const;
    /// End of a turn.
    Token eot() const;
    /// Between two sentences.
    Token sep() const;
    /// A line break.
    Token nl() const;
    /// Padding.
    Token pad() const;
    /// Mask.
    Token mask() const;
    /// Fill in the middle: before the prefix, the suffix and the middle, and padding.
    Token fim_prefix() const;
    /// Before the text behind the gap.
    Token fim_suffix() const;
    /// Before the text to fill in.
    Token fim_middle() const;
    /// Padding of a repository.
    Token fim_pad() const;
    /// Fill in the middle: between repositories and between files.
    Token fim_repository() const;
    /// Between files.
    Token fim_separator() const;

    /// Whether tokenize() with `add_special` puts BOS first, EOS last, SEP between.
    bool add_bos() const;
    /// Whether tokenizing adds EOS at the end.
    bool add_eos() const;
    /// Whether tokenizing adds SEP at the end.
    bool add_sep() const;

    /// Tokens that the model's makers ask never to sample.
    std::vector<Token> suppressed() const;

  private:
    struct Impl;
    friend struct Handles;

    explicit Vocab(std::unique_ptr<const Impl> impl);

    bool has_text(Token token) const;

    std::unique_ptr<const Impl> impl_;
};

}  // namespace mullama
