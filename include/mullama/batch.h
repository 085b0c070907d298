#pragma once

#include <mullama/result.h>
#include <mullama/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mullama {

/// Tokens, or rows of embeddings, for one Context::decode() or encode(). It owns its memory and
/// grows; clear() keeps the memory for the next step.
///
/// A batch holds tokens or embeddings, never both: the first entry decides until clear().
/// Threads: thread-compatible.
class Batch {
  public:
    /// The most entries of one batch, and the most sequences that one entry can belong to.
    static constexpr std::int32_t kEntriesMax = 1 << 24;
    /// The most sequences that one entry can belong to.
    static constexpr std::int32_t kSequencesMax = 256;
    /// Positions are below this; a row of embeddings has at most so many floats.
    static constexpr std::int32_t kPositionsMax = 1 << 30;
    /// The most floats of a row of embeddings.
    static constexpr std::size_t kRowFloatsMax = std::size_t{1} << 20;

    Batch() = default;

    /// Makes room for `entries` entries, so that adding them allocates nothing.
    void reserve(std::int32_t entries);

    /// Adds a token at `position` of each of `sequences`, and asks for its logits (and embeddings)
    /// where `logits` is set. Gives its index in the batch, which Context::logits() takes.
    /// Errors:  kInvalidArgument: token below 0, position outside [0, kPositionsMax), no sequence,
    ///          a sequence outside [0, kSequencesMax) or named twice, or the batch holds
    ///          embeddings. The batch is unchanged. kExhausted: kEntriesMax reached.
    Result<std::int32_t> add(
        Token token, Position position, std::span<const SequenceId> sequences, bool logits
    );
    /// As above, for one sequence.
    Result<std::int32_t> add(Token token, Position position, SequenceId sequence, bool logits);

    /// Adds one row of embeddings in a token's place.
    /// Shape:   [model.embedding_length_input()] float32, the same for all rows of a batch; copied.
    /// Errors:  as add(); kInvalidArgument too where the row is empty, has another length than
    ///          those before it, or the batch holds tokens.
    Result<std::int32_t> add_embedding(
        std::span<const float> row,
        Position position,
        std::span<const SequenceId> sequences,
        bool logits
    );
    /// As above, for one sequence.
    Result<std::int32_t> add_embedding(
        std::span<const float> row, Position position, SequenceId sequence, bool logits
    );

    /// Sets where a row of embeddings stands on the further axes of models whose positions have
    /// four: height, width and one more. Until then that is its position, its position and 0. Other
    /// models do not look at them.
    /// Errors:  kInvalidArgument: no such entry, or an axis outside [0, kPositionsMax).
    /// Source:  M-RoPE, arXiv 2409.12191.
    Result<void> set_axes(std::int32_t index, const std::array<Position, 3>& axes);

    /// Asks for the logits of an entry, or no longer does.
    /// Errors:  kInvalidArgument: no such entry.
    Result<void> set_logits(std::int32_t index, bool logits);

    /// Removes all entries and keeps the memory.
    void clear();

    /// Number of entries.
    std::int32_t size() const { return static_cast<std::int32_t>(positions_.size()); }
    /// Whether there is no entry.
    bool empty() const { return positions_.empty(); }
    /// Entries whose logits are asked for.
    std::int32_t output_count() const { return output_count_; }
    /// Floats in each row of embeddings; 0 in a batch of tokens.
    std::int32_t embedding_length() const { return embedding_length_; }

    /// The entries' tokens; empty in a batch of embeddings. Views of this class are valid until
    /// the batch changes.
    std::span<const Token> tokens() const { return tokens_; }
    /// The position of each entry.
    std::span<const Position> positions() const { return positions_; }
    /// Rows of embeddings. Shape: [size(), embedding_length()] float32, row-major.
    std::span<const float> embeddings() const { return embeddings_; }
    /// The further axes of each row of embeddings, see set_axes(); empty in a batch of tokens.
    std::span<const std::array<Position, 3>> axes() const { return axes_; }
    /// Sequences of an entry; empty where there is no such entry.
    std::span<const SequenceId> sequences(std::int32_t index) const;
    /// Whether an entry's logits are asked for; false where there is no such entry.
    bool wants_logits(std::int32_t index) const;

  private:
    friend struct Handles;

    struct Entry {
        Token token;
        std::span<const float> row;  // empty in a batch of tokens
        Position position;
        std::span<const SequenceId> sequences;
        bool logits;
    };

    Result<void> check_entry(Position position, std::span<const SequenceId> sequences) const;
    Result<std::int32_t> add_entry(const Entry& entry);

    std::vector<Token> tokens_;
    std::vector<float> embeddings_;
    std::vector<Position> positions_;
    std::vector<std::array<Position, 3>> axes_;  // of rows of embeddings
    std::vector<SequenceId> sequences_;          // of all entries, one after another
    std::vector<std::size_t> sequence_starts_;   // where each entry's begin in sequences_
    std::vector<std::int32_t> sequence_counts_;
    std::vector<std::int8_t> logits_;
    std::int32_t output_count_ = 0;
    std::int32_t embedding_length_ = 0;
};

}  // namespace mullama
