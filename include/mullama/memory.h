#pragma once

#include <mullama/result.h>
#include <mullama/types.h>

#include <cstdint>

namespace mullama {

struct ContextImpl;

/// What a Context remembers of its sequences: KV cells, recurrent states, or both. A view: valid as
/// long as its Context, also after that was moved.
///
/// Ranges of positions are [begin, end); kAll as `begin` means 0 and as `end` means no end. All
/// functions are cheap (metadata only) unless they say otherwise.
/// Errors:  kInvalidArgument: a sequence outside [0, sequences_max), or a range below 0.
///          kUnsupported: the context has no memory (models that only encode).
/// Threads: the context's thread only.
class Memory {
  public:
    /// Means every sequence, or an open end of a range, where a function says so.
    static constexpr std::int32_t kAll = -1;

    /// Forgets all sequences. `data` also zeroes the cells, which costs time.
    void clear(bool data = false);

    /// Forgets a range of a sequence, or of all with kAll as `sequence`. Gives false, with nothing
    /// changed, where the model cannot forget part of a sequence (recurrent, sliding window).
    /// Forgetting a whole sequence always works.
    Result<bool> remove(SequenceId sequence, Position begin = kAll, Position end = kAll);

    /// Makes `to` share the cells of `from` in a range. A unified cache copies nothing; one cache
    /// per sequence copies the cells at the next step and takes only the whole range. A recurrent
    /// state goes with the last position: it takes the place of that of `to`.
    /// Errors:  kInvalidArgument also where `to` has positions from `begin` on, or is not empty
    ///          where only the whole range can be copied. kUnsupported also where part of a
    ///          sequence cannot be copied, or of a recurrent one a part that is not its end.
    Result<void> copy(SequenceId from, SequenceId to, Position begin = kAll, Position end = kAll);

    /// Forgets all sequences but one.
    Result<void> keep(SequenceId sequence);

    /// Adds `delta` to the positions of a range; cells that would come below 0 are forgotten.
    /// Errors:  kUnsupported also where can_shift() is false. kInvalidArgument also where a
    ///          position would pass 2^31 - 1.
    Result<void> shift(SequenceId sequence, Position begin, Position end, Position delta);

    /// Divides the positions of a range by `divisor` >= 1, as self-extension does.
    /// Errors:  as shift(). kInvalidArgument also where `divisor` is below 1.
    /// Source:  arXiv 2401.01325.
    Result<void> divide(SequenceId sequence, Position begin, Position end, std::int32_t divisor);

    /// First position of a sequence that is remembered; -1 where it is empty. Above 0 only with
    /// sliding windows or after remove() and shift().
    Result<Position> position_min(SequenceId sequence) const;

    /// Last position of a sequence; -1 where it is empty.
    Result<Position> position_max(SequenceId sequence) const;

    /// Whether shift() and divide() work with this model.
    bool can_shift() const;

  private:
    friend class Context;

    explicit Memory(ContextImpl* context) : context_(context) {}

    Result<void> check_sequence(SequenceId sequence) const;
    Result<void> check_shift(SequenceId sequence, Position begin, Position end) const;

    ContextImpl* context_;  // borrowed
};

}  // namespace mullama
