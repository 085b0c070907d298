#include "engine/prefill_pace.h"

#include <algorithm>

namespace mullama {

namespace {

using Duration = PrefillPace::Duration;

constexpr Duration kTickOfClock{1e-9};

// Follows changes within a few steps, and is not upset by one.
template <typename T>
void approach(std::optional<T>& mean, T value) {
    constexpr double kWeight = 0.3;
    mean = mean ? *mean + kWeight * (value - *mean) : value;
}

}  // namespace

bool PrefillPace::apart() const {
    if (budget_ == Duration::zero() || !beside_) return false;
    if (fitting(apart_token()) == tokens_max_ || fitting_apart() < kTile) return false;
    if (!mixed_to_apart_) return true;  // to have them compared
    return (*mixed_to_apart_ > 1) != (since_trial_ >= kTrialEvery);
}

std::int32_t PrefillPace::tokens() const {
    if (budget_ == Duration::zero()) return tokens_max_;
    if (apart()) return fitting_apart();
    const std::optional<Duration>& token = beside_ ? beside_ : alone_;
    if (token && fitting(*token) == tokens_max_) return tokens_max_;
    return std::min({token ? fitting(*token) : kBeside, kBeside, tokens_max_});
}

// Within the budget, stretched so much.
std::int32_t PrefillPace::fitting(Duration token, double stretch) const {
    const Duration budget = budget_ * stretch;
    if (token <= budget / tokens_max_) return tokens_max_;
    const auto tokens = static_cast<std::int32_t>(budget / token);
    return std::min(std::max(tokens / kLeast, 1) * kLeast, tokens_max_);
}

// What was measured last may have been later tokens of a prompt, which take longer.
PrefillPace::Duration PrefillPace::apart_token() const {
    return alone_ ? std::min(*alone_, *beside_) : *beside_;
}

std::int32_t PrefillPace::fitting_apart() const {
    constexpr std::int32_t kPart = kTile / 2;
    const Duration token = apart_token();
    std::int32_t tokens = fitting(token);
    if (tokens == tokens_max_) return tokens;
    tokens = std::max(tokens, std::min(fitting(token, kEfficientStretch), kEfficient));
    if (tokens < kTile) tokens = std::min(fitting(token, kTileStretch), kTile);
    return tokens / kPart * kPart;
}

void PrefillPace::took(const Step& step) {
    if (step.prompts == 0) {
        if (++answers_in_a_row_ > 1) last_.reset();
        return approach(answers_step_, step.duration);
    }
    answers_in_a_row_ = 0;
    // A few tokens are computed in the time that one takes, and say little of many.
    if (step.prompts < kLeast) return;
    if (step.answers > 0) {
        const Duration more = step.duration - answers_step_.value_or(Duration::zero());
        approach(beside_, std::max(more, Duration::zero()) / step.prompts);
    } else if (step.prompts >= kTile / 2) {
        approach(alone_, step.duration / step.prompts);
    }
    if (step.answers > 0 || step.apart) compare(step);
}

// Only steps in a row are alike: a prompt's later tokens take longer.
void PrefillPace::compare(const Step& step) {
    since_trial_ = since_trial_ >= kTrialEvery ? 0 : since_trial_ + 1;
    const Duration answers = step.apart ? answers_step_.value_or(Duration::zero()) : Duration();
    const Cost cost{.apart = step.apart, .token = (step.duration + answers) / step.prompts};
    if (last_ && last_->apart != cost.apart) {
        const Cost& mixed = cost.apart ? *last_ : cost;
        const Cost& apart = cost.apart ? cost : *last_;
        approach(mixed_to_apart_, mixed.token / std::max(apart.token, kTickOfClock));
    }
    last_ = cost;
}

}  // namespace mullama
