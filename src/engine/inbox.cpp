#include "engine/inbox.h"

#include "base/error.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace mullama {

Result<void> Inbox::put(std::unique_ptr<Sequence> sequence) {
    auto state = state_.lock();
    if (state->closed) return *state->closed;
    if (state->arrived.size() + state->taken >= requests_max_) {
        return fail(
            ErrorCode::kExhausted,
            "the queue is full: {} requests run or wait, try again later",
            requests_max_
        );
    }
    state->arrived.push_back(std::move(sequence));
    return {};
}

EngineStats Inbox::stats() const {
    const auto state = state_.lock();
    EngineStats stats = state->stats;
    stats.queued += static_cast<std::int32_t>(state->arrived.size());
    return stats;
}

void Inbox::take(Sequences& waiting) {
    auto state = state_.lock();
    state->taken += state->arrived.size();
    state->stats.queued += static_cast<std::int32_t>(state->arrived.size());
    std::ranges::move(state->arrived, std::back_inserter(waiting));
    state->arrived.clear();
}

void Inbox::publish(const EngineStats& stats) {
    auto state = state_.lock();
    state->stats = stats;
    state->taken = static_cast<std::size_t>(stats.running + stats.queued);
}

void Inbox::close(Error error) {
    state_.lock()->closed = std::move(error);
}

}  // namespace mullama
