#pragma once

#include "engine/decoder.h"
#include "engine/prefix_tree.h"
#include "engine/sequence.h"
#include "engine/snapshots.h"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace mullama {

/// Spares requests the computing of tokens that others begin with too: of those that run, whose
/// cells they then share, and of those that have ended, whose states are kept in main memory, and
/// on the disk for later engines. In the KV cache they would slow down everybody, since attention
/// looks at all cells in use.
///
/// Models with sliding windows or recurrent states can take over only what a sequence holds at one
/// moment. So their sequences stop where others are known to leave them, see Sequence::stop_at.
/// Threads: engine thread only.
class PrefixCache {
  public:
    /// Nothing is shared by less than this, which is computed as fast.
    static constexpr std::int32_t kTokensMin = 16;
    /// Waiting for another request has to spare this much.
    static constexpr std::int32_t kWorthWaiting = 32;
    /// Pieces of models that allow it end at multiples of this, so that different texts have equal
    /// pieces.
    static constexpr std::int32_t kPieceTokens = 256;

    /// Keeps at most `bytes_max` in main memory; with 0 requests that run share nothing either.
    /// `decoder` is borrowed; `snapshots` may be null.
    PrefixCache(
        Decoder& decoder, std::size_t bytes_max, std::unique_ptr<Snapshots> snapshots = nullptr
    );

    /// Takes over what has come from the disk.
    void take_read();

    /// Gives a sequence that holds nothing the longest beginning that is at hand. Gives false where
    /// it should wait, since one before it in `running` is about to have more, to which it lends
    /// its priority, or more comes from the disk: ask again after the next step, or after
    /// take_read().
    bool begin(Sequence& sequence, const Sequences& running);

    /// Keeps what a sequence holds.
    void keep(const Sequence& sequence);

    std::size_t bytes() const { return tree_.bytes(); }
    std::size_t snapshot_bytes() const { return snapshots_ ? snapshots_->bytes() : 0; }

  private:
    using Tree = PrefixTree<SharedState>;

    /// A request that runs, and how many of its tokens another may have.
    struct Lender {
        Sequence* sequence = nullptr;
        std::int32_t tokens = 0;
    };
    /// What a sequence can have of those that run.
    struct Offers {
        Lender now;
        Lender soon;
        std::int32_t common = 0;  ///< Tokens in common with any of them.
    };

    bool shares(const Sequence& sequence) const;
    bool is_kept(const Sequence& sequence) const;
    Offers offers(const Sequence& sequence, std::span<const Token> tokens, const Sequences& running)
        const;
    bool waits_for_disk(
        Sequence& sequence,
        std::span<const Token> tokens,
        std::int32_t in_memory,
        std::int32_t at_hand
    );
    void take(Sequence& sequence, const Lender& lender, const Tree::Match& kept);
    bool restore(Sequence& sequence, const Tree::Match& kept);

    Decoder& decoder_;
    const bool on_;
    const bool whole_;  // only what a sequence holds at one moment
    const std::size_t bytes_max_;
    Tree tree_;
    const std::unique_ptr<Snapshots> snapshots_;
};

}  // namespace mullama
