#pragma once

#include "engine/decoder.h"
#include "engine/guess.h"
#include "engine/sequence.h"
#include <mullama/engine.h>
#include <mullama/model.h>
#include <mullama/result.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace mullama {

/// A smaller model of the same vocabulary, which reads what answers say and guesses how they go on.
/// Threads: engine thread only.
class DraftModel {
  public:
    /// Reading as many takes no longer than a guess.
    static constexpr std::int32_t kFew = 8;

    /// An answer to guess for.
    struct Reader {
        const Sequence* sequence = nullptr;  ///< Not one with pictures.
        std::int32_t guesses_max = 0;
        std::vector<Guess> guesses = {};
        bool is_open = true;  ///< Whether it may get another.
        /// Where its last token is in the step; unset where that is not in it.
        std::optional<std::size_t> entry = {};
    };

    /// `decoder` is borrowed. Guesses are tokens below `vocab_size`.
    DraftModel(Decoder& decoder, std::int32_t vocab_size);

    /// Forgets what it holds that is not a beginning of the sequence's text, and gives how many
    /// tokens are to be read before it can guess; unset where it cannot.
    std::optional<std::int32_t> unread(const Sequence& sequence);

    /// Reads for those that are open what unread() told, or their last guess, in one step, and
    /// guesses one token for each whose text was read to its end. The others are not open
    /// afterwards: those with more than a few tokens to read share `tokens_max`. Gives how many
    /// were read.
    std::size_t guess(std::span<Reader> readers, std::int32_t tokens_max);

  private:
    std::vector<Token>& held_of(const Sequence& sequence) {
        return held_[static_cast<std::size_t>(sequence.id)];
    }
    void forget(std::size_t id);
    void share_longest(const Sequence& sequence);
    std::size_t left_of(const Reader& reader) {
        const std::size_t size = reader.sequence->tokens.size() + reader.guesses.size();
        return size - held_of(*reader.sequence).size();
    }
    void read(Reader& reader, std::size_t tokens_max);
    bool decode();
    bool forget_idle();
    void take_guess(Reader& reader);

    Decoder& decoder_;
    const EngineInfo info_;
    const std::int32_t vocab_size_;
    std::vector<std::vector<Token>> held_;  // by sequence, what the decoder's memory holds
    std::vector<DecodeEntry> batch_;
    bool failed_ = false;  // then it guesses no more
};

/// A decoder for the draft model of an engine with `options` and `info` on `model`.
/// Errors:  kInvalidArgument: another vocabulary. kUnsupported: a model that cannot generate or
///          take back tokens. Those of LlamaDecoder::create().
Result<std::unique_ptr<Decoder>> make_draft_decoder(
    const Model& draft, const Model& model, const EngineOptions& options, const EngineInfo& info
);

}  // namespace mullama
