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
/// What a draft model is taken to need for a guess, and to read a token, in steps, as long as it
/// has made and read none.
constexpr double kGuessFirst = 0.2;
constexpr double kReadFirst = 0.01;
/// What its guesses are hoped to gain in a step, in steps.
constexpr double kGainFirst = 0.5;
/// How long an answer is taken to become at least, in tokens.
constexpr std::int32_t kAnswerMin = 64;
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

std::size_t DraftPace::width_of(std::int32_t drafted) {
    const auto bits = static_cast<std::size_t>(std::bit_width(static_cast<unsigned>(drafted)));
    return std::min(bits, kWidths) - 1;
}

void DraftPace::was(GuessKind kind, bool right) {
    const auto learn = [right](double& chance) {
        chance += kChanceWeight * ((right ? 1.0 : 0.0) - chance);
    };
    learn(chances_[kind]);
    if (kind >= kMatchKinds) learn(model_chance_);
}

void DraftPace::guessed(Duration duration) {
    approach(guess_time_, duration);
}

void DraftPace::read(std::int32_t tokens, std::int32_t answers, Duration duration) {
    approach(read_time_, duration / tokens);
    if (const auto base = this->base(answers)) reading_credit_ -= duration / *base;
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
    const double guessing = base ? step.guessing / *base : 0.0;
    if (step.drafted == 0) {
        took_plain(base, step.duration);
        if (guessing > 0.0) took_guesses(-guessing);
    } else if (base) {
        // With guesses it cannot be faster than without, which was beside a longer text.
        if (step.duration < *base) approach(base, step.duration);
        const Duration more = std::max(step.duration - *base, Duration::zero());
        approach(more_[width_of(step.drafted)], std::max(more / step.drafted, *base * kMoreMin));
        const double gain = static_cast<double>(step.accepted) / step.answers - more / *base;
        guessing > 0.0 ? took_guesses(gain - guessing) : earn(gain);
    }
    follows_draft_ = step.drafted > 0;
}

// A step that a draft model guessed for.
void DraftPace::took_guesses(double gain) {
    model_gain_ += kChanceWeight * (gain - model_gain_);
    reading_credit_ = std::min(reading_credit_ + gain, kCreditMax);
    earn(gain);
}

// A step of another shape than the one before has its graph made anew.
void DraftPace::took_plain(std::optional<Duration>& base, Duration duration) {
    if (follows_draft_ && base) {
        after_ += kTimeWeight * (std::clamp(duration - *base, -*base, *base) - after_);
        if (duration < *base) approach(base, duration);
        return earn(kEarned - (duration - *base) / *base);
    }
    approach(base, duration);
    model_chance_ += kForget * std::max(kModelChance - model_chance_, 0.0);
    if (guess_time_) *guess_time_ += kForget * (*base * kGuessFirst - *guess_time_);
    if (read_time_) *read_time_ += kForget * (*base * kReadFirst - *read_time_);
    reading_credit_ = std::min(reading_credit_ + kEarned, kCreditMax);
    after_ -= kForget * after_;
    for (auto& more : more_) {
        if (more) *more += kForget * (*base * kMoreFirst - *more);
    }
    earn(kEarned);
}

void DraftPace::earn(double steps) {
    credit_ = std::clamp(credit_ + std::max(steps, -kLossMax), -kLossMax, kCreditMax);
}

DraftPace::Plan DraftPace::best(
    std::span<const Draft> drafts, std::int32_t answers, std::int32_t tokens_max, Duration guessing
) const {
    Plan plan{.counts = std::vector<std::int32_t>(drafts.size(), 0)};
    const auto base = this->base(answers);
    if (!base || credit_ <= 0.0) return plan;

    std::vector<double> next;  // the chance that the next guess of each draft is accepted
    for (const Draft& draft : drafts) next.push_back(draft.empty() ? 0.0 : draft.front());
    std::vector<std::int32_t> counts = plan.counts;
    const Duration before = guessing + *base;
    plan.rate = answers / before.count();
    double best_rate = plan.rate * kGainMin;
    double expected = answers;
    const Duration after = std::max(after_, Duration::zero());
    for (std::int32_t total = 1; total <= tokens_max; ++total) {
        const auto likeliest = std::ranges::max_element(next);
        if (likeliest == next.end() || *likeliest == 0.0) break;
        const auto i = static_cast<std::size_t>(likeliest - next.begin());
        expected += next[i];
        ++counts[i];
        const auto at = static_cast<std::size_t>(counts[i]);
        next[i] = at < drafts[i].size() ? next[i] * drafts[i][at] : 0.0;
        const Duration time = before + after + total * more(*base, total);
        const double rate = expected / time.count();
        if (rate <= best_rate) continue;
        best_rate = rate;
        plan.rate = rate;
        plan.counts = counts;
    }
    return plan;
}

bool DraftPace::pays_to_guess(
    std::span<const Draft> drafts,
    std::span<const std::size_t> open,
    std::int32_t answers,
    std::int32_t tokens_max,
    Duration guessing
) const {
    const auto base = this->base(answers);
    if (!base) return false;
    std::vector<Draft> longer(drafts.begin(), drafts.end());
    for (const std::size_t i : open) longer[i].push_back(model_chance_);
    const Duration more = guess_time_.value_or(*base * kGuessFirst);
    return best(longer, answers, tokens_max, guessing + more).rate >
           best(drafts, answers, tokens_max, guessing).rate;
}

bool DraftPace::pays_to_read(
    std::int32_t tokens, bool begun, std::int32_t answer, std::int32_t left, std::int32_t answers
) const {
    const auto base = this->base(answers);
    if (!base) return false;
    const Duration time = tokens * read_time_.value_or(*base * kReadFirst);
    const std::int32_t coming = std::min(left, std::max(answer, kAnswerMin));
    const bool hopes = begun || reading_credit_ > 0.0;
    const double gain = hopes ? std::max(model_gain_, kGainFirst) : model_gain_;
    return time < coming * gain * *base;
}

}  // namespace mullama
