#include "engine/draft_pace.h"

#include <algorithm>
#include <bit>

namespace mullama {

namespace {

/// A gain below this is not worth a step of another shape.
constexpr double kGainMin = 1.05;
/// What a guess is taken to add to a step of one token as long as none was verified.
constexpr double kMoreFirst = 0.25;
/// What it adds at least: from nothing its time could not rise again.
constexpr double kMoreMin = 0.01;
/// How far a judgement moves a chance.
constexpr double kChanceWeight = 0.05;
/// How far a step moves a time, and no further than to twice of it: one may be held up.
constexpr double kTimeWeight = 0.2;
/// How far each step without guesses moves what they add back to the first assumption, so that it
/// is tried again.
constexpr double kForget = 0.002;
/// What each step without guesses earns.
constexpr double kEarned = 0.005;
constexpr double kCreditMax = 4.0;
/// The most that is lost in a step, which may be held up.
constexpr double kLossMax = 4.0;

using Duration = DraftPace::Duration;

void approach(std::optional<Duration>& mean, Duration value) {
    mean = mean ? *mean + kTimeWeight * (std::min(value, *mean * 2.0) - *mean) : value;
}

}  // namespace

std::size_t DraftPace::place_of(std::int32_t match) {
    if (match <= 8) return static_cast<std::size_t>(std::max(match, 0));
    return match <= 16 ? 9 : 10;
}

std::size_t DraftPace::width_of(std::int32_t drafted) {
    const auto bits = static_cast<std::size_t>(std::bit_width(static_cast<unsigned>(drafted)));
    return std::min(bits, kWidths) - 1;
}

void DraftPace::was(std::int32_t match, bool right) {
    double& chance = chances_[place_of(match)];
    chance += kChanceWeight * ((right ? 1.0 : 0.0) - chance);
}

std::optional<Duration> DraftPace::base(std::int32_t answers) const {
    const auto index = static_cast<std::size_t>(answers);
    return index < base_.size() ? base_[index] : std::nullopt;
}

// What is known of the nearest width.
Duration DraftPace::more(Duration base, std::int32_t drafted) const {
    const std::size_t width = width_of(drafted);
    for (std::size_t away = 0; away < kWidths; ++away) {
        if (width >= away && more_[width - away]) return *more_[width - away];
        if (width + away < kWidths && more_[width + away]) return *more_[width + away];
    }
    return base * kMoreFirst;
}

void DraftPace::took(const Step& step) {
    const auto index = static_cast<std::size_t>(step.answers);
    if (base_.size() <= index) base_.resize(index + 1);
    std::optional<Duration>& base = base_[index];
    if (step.drafted == 0) {
        took_plain(base, step.duration);
    } else if (base) {
        // With guesses it cannot be faster than without, which was beside a longer text.
        if (step.duration < *base) approach(base, step.duration);
        const Duration more = std::max(step.duration - *base, Duration::zero());
        approach(more_[width_of(step.drafted)], std::max(more / step.drafted, *base * kMoreMin));
        earn(static_cast<double>(step.accepted) / step.answers - more / *base);
    }
    follows_draft_ = step.drafted > 0;
}

// A step of another shape than the one before has its graph made anew.
void DraftPace::took_plain(std::optional<Duration>& base, Duration duration) {
    if (follows_draft_ && base) {
        after_ += kTimeWeight * (std::clamp(duration - *base, -*base, *base) - after_);
        if (duration < *base) approach(base, duration);
        return earn(kEarned - (duration - *base) / *base);
    }
    approach(base, duration);
    after_ -= kForget * after_;
    for (auto& more : more_) {
        if (more) *more += kForget * (*base * kMoreFirst - *more);
    }
    earn(kEarned);
}

void DraftPace::earn(double steps) {
    credit_ = std::clamp(credit_ + std::max(steps, -kLossMax), -kLossMax, kCreditMax);
}

std::vector<std::int32_t> DraftPace::plan(
    std::span<const Draft> drafts, std::int32_t answers, std::int32_t tokens_max
) const {
    std::vector<std::int32_t> best(drafts.size(), 0);
    const auto base = this->base(answers);
    if (!base || credit_ <= 0.0) return best;

    std::vector<double> next;  // the chance that the next guess of each draft is accepted
    for (const Draft& draft : drafts) next.push_back(draft.tokens > 0 ? chance(draft.match) : 0.0);
    std::vector<std::int32_t> counts = best;
    double best_rate = answers / base->count() * kGainMin;
    double expected = answers;
    const Duration after = std::max(after_, Duration::zero());
    for (std::int32_t total = 1; total <= tokens_max; ++total) {
        const auto likeliest = std::ranges::max_element(next);
        if (likeliest == next.end() || *likeliest == 0.0) break;
        const auto i = static_cast<std::size_t>(likeliest - next.begin());
        expected += next[i];
        ++counts[i];
        const bool ends = counts[i] == drafts[i].tokens;
        next[i] = ends ? 0.0 : next[i] * chance(drafts[i].match + counts[i]);
        const Duration time = *base + after + total * more(*base, total);
        const double rate = expected / time.count();
        if (rate <= best_rate) continue;
        best_rate = rate;
        best = counts;
    }
    return best;
}

}  // namespace mullama
