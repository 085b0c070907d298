#include "engine/scheduler.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace mullama {

namespace {

// The prompts to read, in order.
std::vector<std::size_t> prompts_in_turn(std::span<const SequenceLoad> loads) {
    std::vector<std::size_t> turns;
    for (std::size_t i = 0; i < loads.size(); ++i) {
        if (!loads[i].generating && !loads[i].paused && loads[i].pending > 0) turns.push_back(i);
    }
    std::ranges::stable_sort(turns, {}, [&](std::size_t i) {
        return std::pair(loads[i].priority, loads[i].pending - loads[i].waited);
    });
    return turns;
}

struct Totals {
    std::int32_t answers = 0;
    std::int32_t prompts = 0;
};

Totals totals_of(std::span<const SequenceLoad> loads, std::span<const std::int32_t> granted) {
    Totals totals;
    for (std::size_t i = 0; i < loads.size(); ++i) {
        (loads[i].generating ? totals.answers : totals.prompts) += granted[i];
    }
    return totals;
}

bool fits(const Claim& claim, FreePlaces free) {
    return free.sequences > 0 && free.kv_cells >= claim.cells;
}

}  // namespace

std::size_t plan_admission(std::span<const Claim> queue, FreePlaces free) {
    std::size_t admitted = 0;
    for (const Claim& claim : queue) {
        if (!fits(claim, free)) break;
        --free.sequences;
        free.kv_cells -= claim.cells;
        ++admitted;
    }
    return admitted;
}

std::vector<std::size_t> plan_preemption(
    std::span<const Claim> running, const Claim& first, FreePlaces free
) {
    std::vector<std::size_t> behind;
    for (std::size_t i = 0; i < running.size(); ++i) {
        const bool is_behind = running[i].priority > first.priority && running[i].turn > first.turn;
        if (is_behind) behind.push_back(i);
    }
    std::ranges::stable_sort(behind, std::ranges::greater(), [&](std::size_t i) {
        return running[i].turn;
    });
    std::vector<std::size_t> preempted;
    for (auto next = behind.begin(); !fits(first, free); ++next) {
        if (next == behind.end()) return {};
        ++free.sequences;
        free.kv_cells += running[*next].cells;
        preempted.push_back(*next);
    }
    return preempted;
}

std::vector<std::int32_t> plan_step(std::span<const SequenceLoad> loads, StepLimits limits) {
    std::vector<std::int32_t> granted(loads.size(), 0);
    std::int32_t left = limits.batch_size;
    const auto grant = [&](std::size_t i) {
        granted[i] = std::min(loads[i].pending, left);
        left -= granted[i];
    };
    for (std::size_t i = 0; i < loads.size(); ++i) {
        if (loads[i].generating && !loads[i].paused) grant(i);
    }
    const bool generating = left < limits.batch_size;
    left = std::min(left, generating ? limits.prefill_chunk : limits.prefill_alone);
    for (const std::size_t i : prompts_in_turn(loads)) grant(i);
    return granted;
}

std::int32_t prompts_beside_answers(
    std::span<const SequenceLoad> loads, std::span<const std::int32_t> granted
) {
    const auto [answers, prompts] = totals_of(loads, granted);
    return answers > 0 ? prompts : 0;
}

void keep_one_kind(
    std::span<const SequenceLoad> loads, std::span<std::int32_t> granted, bool prompts
) {
    for (std::size_t i = 0; i < loads.size(); ++i) {
        if (loads[i].generating == prompts) granted[i] = 0;
    }
}

bool shrink_plan(std::span<const SequenceLoad> loads, std::vector<std::int32_t>& granted) {
    const auto [answers, prompts] = totals_of(loads, granted);
    if (prompts == 0 || answers + prompts == 1) return false;
    std::int32_t keep = answers > 0 ? 0 : prompts / 2;
    for (std::size_t i = 0; i < loads.size(); ++i) {
        if (loads[i].generating) continue;
        granted[i] = std::min(granted[i], keep);
        keep -= granted[i];
    }
    return true;
}

}  // namespace mullama
