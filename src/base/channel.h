#pragma once

#include "base/guarded.h"

#include <cassert>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <utility>

namespace mullama {

/// What became of a push.
enum class PushStatus : std::uint8_t {
    kPushed,
    kFull,    ///< No room; the value is dropped.
    kClosed,  ///< One of the ends is closed; the value is dropped.
};

/// A bounded queue between one writer and one reader, which either of them may close.
///
/// The writer never blocks and wakes nobody while it pushes: it calls wake() once when it is done,
/// so that a step that fills many channels costs each reader at most one wake. A writer that found
/// the channel full hears through `on_room` when to go on.
/// Threads: Thread-safe; each end is used by one thread at a time.
template <typename T>
class Channel {
  public:
    using TimePoint = std::chrono::steady_clock::time_point;

    /// Holds up to `capacity` values, >= 1. `on_room` is called, without a lock, on the reader's
    /// thread: when a value leaves after has_room() was false, and when the reader abandons.
    explicit Channel(std::size_t capacity, std::function<void()> on_room = {})
        : capacity_(capacity), on_room_(std::move(on_room)) {
        assert(capacity >= 1);
    }

    // The writer's end.

    /// Adds a value and wakes nobody.
    PushStatus push(T value) {
        auto state = state_.lock();
        if (state->closed || state->abandoned) return PushStatus::kClosed;
        if (state->values.size() >= capacity_) return PushStatus::kFull;
        state->values.push_back(std::move(value));
        return PushStatus::kPushed;
    }

    /// Whether a push would be taken or dropped as closed. Where it gives false, `on_room` is
    /// called after the next value leaves.
    bool has_room() {
        auto state = state_.lock();
        const bool full = !state->closed && !state->abandoned && state->values.size() >= capacity_;
        state->writer_waits = full;
        return !full;
    }

    /// Adds a last value, for which there is always room, and ends the writing. Wakes nobody. A
    /// second close does nothing.
    void close(T last) {
        auto state = state_.lock();
        if (!state->closed && !state->abandoned) state->values.push_back(std::move(last));
        state->closed = true;
    }

    /// Ends the writing. Wakes nobody. Values that are there can still be read.
    void close() { state_.lock()->closed = true; }

    /// Wakes a reader that blocks.
    void wake() { state_.notify_all(); }

    /// Whether the reader has gone.
    bool abandoned() const { return state_.lock()->abandoned; }

    // The reader's end.

    /// Takes the next value if one is there.
    std::optional<T> try_pop() { return pop_from(state_.lock()); }

    /// Blocks until a value is there, and takes it. Nothing means that the channel has ended.
    std::optional<T> pop() { return pop_from(state_.lock_when(is_readable)); }

    /// As pop(), and gives nothing too when `deadline` passes first.
    std::optional<T> pop_until(TimePoint deadline) {
        return pop_from(state_.lock_when_until(deadline, is_readable));
    }

    /// Whether a pop would not block: a value is there, or the channel has ended.
    bool readable() const { return is_readable(*state_.lock()); }

    /// Values that can be read.
    std::size_t size() const { return state_.lock()->values.size(); }

    /// Whether all has been read and nothing will come.
    bool ended() const {
        const auto state = state_.lock();
        return state->values.empty() && (state->closed || state->abandoned);
    }

    /// Ends the reading: drops what is there and all that comes.
    void abandon() {
        std::deque<T> dropped;
        {
            auto state = state_.lock();
            if (std::exchange(state->abandoned, true)) return;
            dropped.swap(state->values);
        }
        state_.notify_all();
        if (on_room_) on_room_();
    }

  private:
    struct State {
        std::deque<T> values;
        bool closed = false;
        bool abandoned = false;
        bool writer_waits = false;
    };

    static bool is_readable(const State& state) {
        return !state.values.empty() || state.closed || state.abandoned;
    }

    template <typename Lock>
    std::optional<T> pop_from(Lock state) {
        if (state->values.empty()) return std::nullopt;
        std::optional<T> value = std::move(state->values.front());
        state->values.pop_front();
        const bool tell = std::exchange(state->writer_waits, false);
        {
            const Lock released = std::move(state);
        }
        if (tell && on_room_) on_room_();
        return value;
    }

    const std::size_t capacity_;
    const std::function<void()> on_room_;
    Guarded<State> state_;
};

}  // namespace mullama
