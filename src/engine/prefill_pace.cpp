#include "engine/prefill_pace.h"

#include <algorithm>

namespace mullama {

namespace {

using Duration = PrefillPace::Duration;

// Follows changes within a few steps, and is not upset by one.
void approach(std::optional<Duration>& mean, Duration value) {
    constexpr double kWeight = 0.3;
    mean = mean ? *mean + kWeight * (value - *mean) : value;
}

}  // namespace

std::int32_t PrefillPace::tokens() const {
    if (budget_ == Duration::zero()) return tokens_max_;
    if (!token_) return std::min(kFirst, tokens_max_);
    const Duration least = budget_ / tokens_max_;
    if (*token_ <= least) return tokens_max_;
    const auto fitting = static_cast<std::int32_t>(budget_ / *token_);
    return std::min(std::max(fitting / kLeast, 1) * kLeast, tokens_max_);
}

void PrefillPace::took(std::int32_t answers, std::int32_t prompts, Duration duration) {
    if (prompts == 0) return approach(answers_step_, duration);
    const bool beside = answers > 0 && answers_step_;
    const Duration more = beside ? duration - *answers_step_ : duration;
    // A few tokens are computed in the time that one takes, and say little of many.
    if (prompts < kLeast) return;
    approach(token_, std::max(more, Duration::zero()) / prompts);
}

}  // namespace mullama
