#pragma once

#include <mullama/engine.h>
#include <mullama/result.h>
#include <mullama/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace mullama {

/// One token of a step.
struct DecodeEntry {
    Token token = 0;
    Position position = 0;
    SequenceId sequence = 0;
    bool logits = false;  ///< Whether logits() is going to be asked for it.

    friend bool operator==(const DecodeEntry&, const DecodeEntry&) = default;
};

/// Rows of a picture that a step computes.
struct MediaStep {
    const MediaEmbedding* media = nullptr;  ///< Borrowed for the call.
    std::int32_t first = 0;                 ///< The first of the rows.
    std::int32_t count = 0;                 ///< How many; all of them where it is not causal.
    Position begin = 0;                     ///< Where the whole picture begins.
    SequenceId sequence = 0;
};

/// What sequences can have of each other.
enum class Sharing : std::uint8_t {
    kNone,   ///< Nothing.
    kWhole,  ///< All that one holds at the moment.
    kParts,  ///< Any of its positions.
};

/// Chooses the tokens of one answer.
/// Threads: thread-compatible; used, made and destroyed on any.
class TokenSampler {
  public:
    virtual ~TokenSampler() = default;

    /// Chooses the next token and remembers it as part of the answer.
    /// Shape:   [vocab_size] float32.
    /// Errors:  any: the answer ends with it.
    virtual Result<Token> sample(std::span<const float> logits) = 0;

    /// Remembers a token that somebody else chose as part of the answer.
    /// Errors:  kInvalidArgument: a grammar does not allow it here.
    virtual Result<void> accept(Token token) = 0;
};

/// What computes: the one seam between the engine's logic and llama.cpp, where tests put a script.
/// Threads: engine thread only, but for the functions that say otherwise.
class Decoder {
  public:
    virtual ~Decoder() = default;

    /// Fixed while it lives.
    /// Threads: any.
    virtual EngineInfo info() const = 0;

    /// Computes `batch`, at most info().batch_size entries, and adds it to the sequences' memory.
    /// Errors:  kExhausted: no free KV cells, memory unchanged, try with less. kCancelled:
    ///          interrupted. Others: the sequences of the batch are lost; remove() them.
    /// Threads: engine thread only. Blocks for the whole step.
    virtual Result<void> decode(std::span<const DecodeEntry> batch) = 0;

    /// Whether decode_media() can compute a picture.
    /// Errors:  kInvalidArgument: its numbers do not agree with each other or with the model, or it
    ///          has more rows than one pass takes.
    /// Threads: any.
    virtual Result<void> check_media(const MediaEmbedding& media) const = 0;

    /// Computes rows of a picture that check_media() has passed, at most info().batch_size, and
    /// adds them to the sequence's memory. There are no logits() afterwards.
    /// Errors:  as decode().
    /// Threads: engine thread only. Blocks for the whole step.
    virtual Result<void> decode_media(const MediaStep& step) = 0;

    /// The logits of an entry of the last batch.
    /// Shape:   [vocab_size] float32; valid until the next decode().
    virtual Result<std::span<const float>> logits(std::size_t entry) = 0;

    /// On how many threads a step is computed now, at least 1.
    virtual std::int32_t threads() const = 0;

    /// Forgets a whole sequence and frees its cells.
    virtual void remove(SequenceId sequence) = 0;

    /// Whether forget() works with this model.
    /// Threads: any.
    virtual bool can_forget() const = 0;

    /// Forgets the positions [begin, end) of a sequence and frees their cells; those behind move
    /// up. Not for a sequence that shares cells.
    /// Errors:  any: nothing of the sequence can be relied on; remove() it.
    virtual Result<void> forget(SequenceId sequence, Position begin, Position end) = 0;

    /// How strongly it uses each of EngineOptions::adapters where nobody asks for anything else.
    /// Threads: any.
    virtual std::vector<float> adapter_scales() const { return {}; }

    /// Uses the adapters so strongly from the next step on.
    /// Shape:   as adapter_scales(); empty = those.
    /// Errors:  any: nothing has changed.
    virtual Result<void> use_adapters(std::span<const float> /*scales*/) { return {}; }

    /// Whether truncate() works with this model. Only those that can define it.
    /// Threads: any.
    virtual bool can_truncate() const { return false; }

    /// Forgets the positions from `end` on and frees their cells. After one decode() that added
    /// them and other tokens of no more than one pass, what follows is computed as without them;
    /// later the sliding windows of some models have lost what they would have had.
    /// Errors:  any: nothing of the sequence can be relied on; remove() it.
    virtual Result<void> truncate(SequenceId /*sequence*/, Position /*end*/) {
        return Error{ErrorCode::kUnsupported, "sequences cannot be truncated here"};
    }

    /// What share(), save() and restore() can do with this model. Only those that can do something
    /// define these.
    /// Threads: any.
    virtual Sharing sharing() const { return Sharing::kNone; }

    /// A number that is the same for those decoders only that can restore() what this one saves,
    /// and that compute the same; null where no other can.
    /// Threads: any.
    virtual std::optional<std::uint64_t> state_key() const { return std::nullopt; }

    /// Gives `to`, which is empty, the positions [0, end) of `from`, in cells that both use.
    /// `end` is all of `from`, but with Sharing::kParts.
    /// Errors:  any: `to` is still empty.
    virtual Result<void> share(SequenceId /*from*/, SequenceId /*to*/, Position /*end*/) {
        return cannot_share();
    }

    /// The positions [begin, end) of a sequence as bytes, for restore(); with Sharing::kWhole, what
    /// goes on there from those before `begin`. `end` as in share().
    /// Errors:  any: not possible now, or not enough memory.
    virtual Result<std::vector<std::byte>>
    save(SequenceId /*sequence*/, Position /*begin*/, Position /*end*/) {
        return cannot_share();
    }

    /// Adds the saved positions [begin, end) to a sequence that ends at `begin`, where they began
    /// when they were saved; with Sharing::kParts `end` may leave some out.
    /// Errors:  any: the sequence is as it was. kExhausted: no free KV cells.
    virtual Result<void> restore(
        SequenceId /*sequence*/,
        std::span<const std::byte> /*state*/,
        Position /*begin*/,
        Position /*end*/
    ) {
        return cannot_share();
    }

    /// A sampler for an answer to `prompt`.
    /// Errors:  kInvalidArgument: an option out of range; the message names it.
    /// Threads: any.
    virtual Result<std::unique_ptr<TokenSampler>> make_sampler(
        const SamplingOptions& options, std::span<const Token> prompt
    ) const = 0;

    /// Makes the decode that is under way, and all later ones, end with kCancelled soon.
    /// Threads: any.
    virtual void interrupt() = 0;

  private:
    static Error cannot_share() {
        return {ErrorCode::kUnsupported, "sequences share nothing here"};
    }
};

}  // namespace mullama
