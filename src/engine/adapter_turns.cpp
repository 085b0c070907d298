#include "engine/adapter_turns.h"

#include <algorithm>

namespace mullama {

const AdapterTurns::Scales& AdapterTurns::next(
    std::span<const Scales* const> wanted, std::int64_t steps_done, Clock::TimePoint now
) {
    std::erase_if(turns_, [&](const Turn& turn) {
        return std::ranges::none_of(wanted, [&](const Scales* scales) {
            return *scales == turn.scales;
        });
    });
    for (const Scales* scales : wanted) {
        const auto known = std::ranges::find(turns_, *scales, &Turn::scales);
        if (known == turns_.end()) turns_.push_back({.scales = *scales});
    }
    const Turn& last = turns_.front();
    const bool is_over =
        last.since && (steps_done - last.first_step >= kSteps || now - *last.since >= kTime);
    if (turns_.size() > 1 && is_over) {
        turns_.front().since.reset();
        std::ranges::rotate(turns_, turns_.begin() + 1);
    }
    Turn& turn = turns_.front();
    if (!turn.since) {
        turn.since = now;
        turn.first_step = steps_done;
    }
    return turn.scales;
}

}  // namespace mullama
