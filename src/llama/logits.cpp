#include "llama/logits.h"

#include "llama/top_tokens.h"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>

namespace mullama {
namespace {

constexpr float kLowest = -std::numeric_limits<float>::infinity();
// Larger than any model's logits, and small enough that the engine's sorting buckets hold it.
constexpr float kLargest = 1e8F;

// Maxima are taken block by block: a block stays in the first-level cache for a second look.
constexpr std::size_t kBlock = 256;
// Independent lanes, so that the compiler can use vector instructions without reordering.
constexpr std::size_t kLanes = 16;

// NaN compares false and never becomes the maximum.
float larger(float value, float best) {
    return value > best ? value : best;
}

float block_max(std::span<const float> values) {
    std::array<float, kLanes> lanes;
    lanes.fill(kLowest);
    std::size_t i = 0;
    for (; i + kLanes <= values.size(); i += kLanes) {
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            lanes[lane] = larger(values[i + lane], lanes[lane]);
        }
    }
    for (; i < values.size(); ++i) lanes[0] = larger(values[i], lanes[0]);
    float best = kLowest;
    for (const float lane : lanes) best = larger(lane, best);
    return best;
}

std::span<const float> block_of(std::span<const float> logits, std::size_t start) {
    return logits.subspan(start, std::min(kBlock, logits.size() - start));
}

llama_token_data candidate(std::size_t token, float logit) {
    return {static_cast<llama_token>(token), std::min(larger(logit, kLowest), kLargest), 0.0F};
}

bool more_likely(const llama_token_data& a, const llama_token_data& b) {
    return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
}

}  // namespace

Token argmax(std::span<const float> logits) {
    float best = kLowest;
    std::size_t best_start = logits.size();
    for (std::size_t start = 0; start < logits.size(); start += kBlock) {
        const float value = block_max(block_of(logits, start));
        if (value > best) {
            best = value;
            best_start = start;
        }
    }
    if (best_start == logits.size()) return kNoToken;
    const auto block = block_of(logits, best_start);
    const auto found = std::ranges::find(block, best);
    return static_cast<Token>(best_start) + static_cast<Token>(found - block.begin());
}

void fill_candidates(std::span<const float> logits, std::vector<llama_token_data>& candidates) {
    candidates.resize(logits.size());
    for (std::size_t i = 0; i < logits.size(); ++i) candidates[i] = candidate(i, logits[i]);
}

// Each of the `count` blocks with the largest maxima holds a logit of at least the smallest of
// those maxima, so the `count` largest logits are not below it, and lie in few blocks.
void fill_top(
    std::span<const float> logits, std::size_t count, std::vector<llama_token_data>& candidates
) {
    std::vector<float> maxima;
    maxima.reserve(logits.size() / kBlock + 1);
    for (std::size_t start = 0; start < logits.size(); start += kBlock) {
        maxima.push_back(block_max(block_of(logits, start)));
    }
    float threshold = kLowest;
    if (count <= maxima.size()) {
        auto ranked = maxima;
        const auto last = ranked.begin() + static_cast<std::ptrdiff_t>(count) - 1;
        std::ranges::nth_element(ranked, last, std::greater<>());
        threshold = *last;
    }
    candidates.clear();
    for (std::size_t block = 0; block < maxima.size(); ++block) {
        if (maxima[block] < threshold) continue;
        const auto start = block * kBlock;
        const auto values = block_of(logits, start);
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (values[i] >= threshold) candidates.push_back(candidate(start + i, values[i]));
        }
    }
    const auto kept = std::min(count, candidates.size());
    std::ranges::partial_sort(
        candidates, candidates.begin() + static_cast<std::ptrdiff_t>(kept), more_likely
    );
    candidates.resize(kept);
}

void fill_top_and(
    std::span<const float> logits,
    std::size_t count,
    std::span<const Token> tokens,
    std::vector<llama_token_data>& candidates
) {
    fill_top(logits, count, candidates);
    for (const Token token : tokens) {
        const auto index = static_cast<std::size_t>(token);
        candidates.push_back(candidate(index, logits[index]));
    }
    std::ranges::sort(candidates, {}, &llama_token_data::id);
    const auto twice = std::ranges::unique(candidates, {}, &llama_token_data::id);
    candidates.erase(twice.begin(), twice.end());
}

std::vector<Token> top_tokens(std::span<const float> logits, std::size_t count) {
    std::vector<llama_token_data> candidates;
    fill_top(logits, count, candidates);
    std::vector<Token> tokens;
    for (const auto& each : candidates) tokens.push_back(each.id);
    return tokens;
}

}  // namespace mullama
